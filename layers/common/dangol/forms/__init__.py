"""One file per channel: what a person's templates were filled with becomes that channel's message."""
