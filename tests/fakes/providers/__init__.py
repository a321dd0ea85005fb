"""Local HTTP fakes of the providers: they check what the real ones check, and answer as they are told to."""
