"""The five stages, on the ports they own."""
