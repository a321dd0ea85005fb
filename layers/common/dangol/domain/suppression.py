"""How an address that must not be written to is kept. Standard library alone: `track` starts with it."""

import hashlib


def address_hash(channel: str, address: str) -> str:
    """How a suppressed address is kept: recognisable, not readable."""
    return hashlib.sha256(f"{channel}:{address.strip().lower()}".encode()).hexdigest()[:24]


def forgotten_key(user_id: str) -> str:
    """Under which key a person stands in the ledger who has been forgotten: recognisable, not readable."""
    return f"forgotten:{hashlib.sha256(user_id.encode()).hexdigest()[:32]}"
