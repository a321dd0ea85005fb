"""What a provider's code says of one message, in our own words. Standard library alone: `track` reads receipts."""

from enum import Enum
from typing import Any, Final


class Fate(Enum):
    """What became of a message, or will."""

    PENDING = "pending"
    DELIVERED = "delivered"
    # Nothing was sent, and the same may be sent in a while.
    LATER = "later"
    # This message, or this time; nothing is wrong with the address.
    UNDELIVERED = "undelivered"
    # The address takes no message, now or ever.
    DEAD = "dead"
    # The person told the provider, or the carrier, that they want none.
    OPTED_OUT = "opted_out"


_KINDS: Final = {
    Fate.DELIVERED: "delivered",
    Fate.LATER: "bounced",
    Fate.UNDELIVERED: "bounced",
    Fate.DEAD: "bounced",
    Fate.OPTED_OUT: "complained",
}


def outcome(fate: Fate) -> dict[str, Any] | None:
    """What of it is a receipt: `kind` and `permanent` of `contracts.Received`; None where nothing has ended yet."""
    return {"kind": _KINDS[fate], "permanent": fate is Fate.DEAD} if fate in _KINDS else None
