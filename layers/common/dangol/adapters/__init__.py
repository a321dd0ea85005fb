"""The AWS services behind the ports."""
