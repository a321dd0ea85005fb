"""How an address that must not be written to is kept. Standard library alone: `track` starts with it."""

import hashlib


def address_hash(channel: str, address: str) -> str:
    """How a suppressed address is kept: recognisable, not readable."""
    return hashlib.sha256(f"{channel}:{address.strip().lower()}".encode()).hexdigest()[:24]
