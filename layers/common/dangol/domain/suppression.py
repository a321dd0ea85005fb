"""How an address that must not be written to is kept. Standard library alone: `track` starts with it."""

import hashlib
from typing import Final

from dangol.domain.medium import medium
from dangol.domain.phone import normalised

BY_NUMBER: Final = frozenset({"sms", "lms", "mms", "alimtalk", "brand_message", "kakao"})


def address_hash(channel: str, address: str) -> str:
    """How a suppressed address is kept: recognisable however it is written, not readable."""
    known = normalised(address) if channel in BY_NUMBER else None
    return hashlib.sha256(f"{medium(channel)}:{known or address.strip().lower()}".encode()).hexdigest()[:24]


def number_key(channel: str, address: str) -> str:
    """Under which key a number stands in the ledger whose owner refused without saying who they are."""
    return f"address:{address_hash(channel, address)}"


def forgotten_key(user_id: str) -> str:
    """Under which key a person stands in the ledger who has been forgotten: recognisable, not readable."""
    return f"forgotten:{hashlib.sha256(user_id.encode()).hexdigest()[:32]}"
