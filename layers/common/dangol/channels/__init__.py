"""One file per channel: a message in the provider's words."""
