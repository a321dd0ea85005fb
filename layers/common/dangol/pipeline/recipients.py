"""Recipients as the domain decides about them."""

from zoneinfo import ZoneInfo

from dangol.contracts import Recipient
from dangol.domain.decision import Person


def person_of(recipient: Recipient) -> Person:
    """What deciding needs of a recipient."""
    zone = ZoneInfo(recipient.zone) if recipient.zone else None
    return Person(
        recipient.user_id,
        recipient.address,
        zone,
        recipient.assigned,
        recipient.labels,
        shared=recipient.shared,
        country=recipient.country,
    )
