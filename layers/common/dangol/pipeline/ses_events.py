"""SES's own events, as SNS hands them on, read into receipts.

https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dangol.contracts import Received
from dangol.domain.errors import DangolError
from dangol.domain.reference import Reference
from dangol.domain.suppression import address_hash

# The most that SES takes as the value of a message tag; an id of 256 bytes needs a second one.
_TAG_LENGTH: Final = 256
_RUN_TAG: Final = "run"
_PLACE_TAG: Final = "place"
_PERSON_TAGS: Final = ("person", "person_rest")
_KINDS: Final = {"Delivery": "delivered", "Bounce": "bounced", "Complaint": "complained"}
# SES tells of these too; opens and clicks are counted by our own links, the rest changes nothing.
_OTHERS: Final = frozenset(
    {"Send", "Reject", "Open", "Click", "Rendering Failure", "DeliveryDelay", "Subscription", "Received"}
)


class NotAReceiptError(DangolError):
    """An event of SES that is none of our receipts; the message is its name: `open`, `foreign`, and so on."""


def tags_of(reference: str) -> dict[str, str]:
    """The message tags that bring a receipt back to its run and person; SES takes letters, digits, `-` and `_`."""
    told, _, user_id = reference.partition(":")
    run, _, place = told.partition("@")
    person = urlsafe_b64encode(user_id.encode()).rstrip(b"=").decode()
    parts = [person[i : i + _TAG_LENGTH] for i in range(0, len(person), _TAG_LENGTH)]
    placed = {_PLACE_TAG: place} if place else {}
    return {_RUN_TAG: run, **dict(zip(_PERSON_TAGS, parts, strict=False)), **placed}


def is_ses_event(said: object) -> bool:
    """Whether a message of the queue comes from SES, by SNS with its envelope or without."""
    return isinstance(said, Mapping) and ("kind" not in said) and bool(_envelope(said) or _kind(said))


def read_ses_event(said: Mapping[str, Any]) -> Sequence[Received]:
    """The receipts of one event, one for each address that it is about.

    Raises:
        NotAReceiptError: it is of another kind, or of a mail that dangol did not send.
        ValueError: it lacks what an event of its kind has.
    """
    event = json.loads(said["Message"]) if _envelope(said) else said
    name = str(_kind(event))
    if name in _OTHERS:
        raise NotAReceiptError(name.lower().replace(" ", "_"))
    if name not in _KINDS:
        raise NotAReceiptError("unknown_kind")
    whose = _whose(event)
    try:
        return [_receipt(event, name, whose, address) for address in _addresses(event, name)]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"an SES event without its {type(error).__name__}: {error}") from error


def _envelope(said: Mapping[str, Any]) -> bool:
    return said.get("Type") == "Notification" and isinstance(said.get("Message"), str)


def _kind(said: Mapping[str, Any]) -> object:
    return said.get("eventType") or said.get("notificationType")


def _whose(event: Mapping[str, Any]) -> Reference:
    mail = event.get("mail")
    tags = mail.get("tags") if isinstance(mail, Mapping) else None
    try:
        run = int(tags[_RUN_TAG][0])  # type: ignore[index]  # whatever is not so is not ours
        person = "".join(tags[name][0] for name in _PERSON_TAGS if name in tags)  # type: ignore[index, operator]
        user_id = urlsafe_b64decode(person + "=" * (-len(person) % 4)).decode()
        place = str(tags[_PLACE_TAG][0]) if _PLACE_TAG in tags else ""  # type: ignore[index, operator]
    except (KeyError, IndexError, TypeError, ValueError):
        raise NotAReceiptError("foreign") from None
    if not user_id:
        raise NotAReceiptError("foreign")
    return Reference(run, user_id, place)


def _addresses(event: Mapping[str, Any], name: str) -> Sequence[str]:
    if name == "Delivery":
        return [""]
    told = event[name.lower()]
    found = told["bouncedRecipients" if name == "Bounce" else "complainedRecipients"]
    return [str(each["emailAddress"]) for each in found]


def _receipt(event: Mapping[str, Any], name: str, whose: Reference, address: str) -> Received:
    told = event[name.lower()]
    at = datetime.fromisoformat(told.get("timestamp") or event["mail"]["timestamp"])
    hashed = address_hash("email", address) if address else ""
    return Received(
        kind=_KINDS[name],
        id=f"ses:{event['mail']['messageId']}:{name.lower()}:{hashed[:8]}",
        **whose.told,
        channel="email",
        at=int(at.timestamp() * 1000),
        address_hash=hashed,
        permanent=told.get("bounceType") == "Permanent",
        reason=_reason(told, name),
    )


def _reason(told: Mapping[str, Any], name: str) -> str:
    if name == "Bounce":
        return f"{told['bounceType']}_{told.get('bounceSubType') or 'General'}".lower()
    return str(told.get("complaintFeedbackType") or "") if name == "Complaint" else ""
