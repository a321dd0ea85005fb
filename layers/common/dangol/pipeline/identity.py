"""Whose a happening is, and which happening it is."""

import hashlib

from dangol.contracts import Aliased, Identified, Performed
from dangol.domain.profile import ANONYMOUS_PREFIX


def person_key(happening: Performed | Identified) -> str:
    """Whose profile it belongs to; a visitor's anonymous id has a prefix of its own."""
    return happening.user_id or visitor_key(happening.anonymous_id or "")


def visitor_key(anonymous_id: str) -> str:
    """Under which id a visitor's profile is kept."""
    return f"{ANONYMOUS_PREFIX}{anonymous_id}"


def link(happening: Performed | Identified | Aliased) -> tuple[str, str] | None:
    """The visitor and the person that this says are one; None where it does not."""
    match happening:
        case Aliased(previous_id=visitor, user_id=user):
            return visitor_key(visitor), user
        case Identified(anonymous_id=str(visitor), user_id=user) if visitor and user:
            return visitor_key(visitor), user
    return None


def hashed(event_id: str) -> bytes:
    """How an event's id is kept: eight bytes."""
    return hashlib.sha256(event_id.encode()).digest()[:8]
