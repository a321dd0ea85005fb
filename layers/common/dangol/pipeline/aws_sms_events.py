"""Events of AWS End User Messaging SMS, as SNS hands them on, read into receipts.

https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dangol.contracts import Received
from dangol.domain.fate import Fate, outcome
from dangol.domain.reference import joined_reference, read_reference
from dangol.domain.suppression import address_hash
from dangol.pipeline.ses_events import NotAReceiptError

# What a value of a message's context may hold, in characters.
FIELD_LENGTH: Final = 800
_PREFIX: Final = "TEXT_"
_FATES: Final[Mapping[str, Fate]] = {
    **dict.fromkeys(("TEXT_SENT", "TEXT_PENDING", "TEXT_QUEUED", "TEXT_SUCCESSFUL"), Fate.PENDING),
    "TEXT_DELIVERED": Fate.DELIVERED,
    "TEXT_INVALID": Fate.DEAD,
}


def is_sms_event(said: object) -> bool:
    """Whether a message of the queue comes from AWS End User Messaging, by SNS with its envelope or without."""
    return isinstance(said, Mapping) and str(_event(said).get("eventType", "")).startswith(_PREFIX)


def read_sms_event(said: Mapping[str, Any]) -> Sequence[Received]:
    """The receipt of one event.

    Raises:
        NotAReceiptError: nothing has ended yet, or the message is none of dangol's.
        ValueError: it lacks what an event has.
    """
    event = _event(said)
    name, context = str(event["eventType"]), event.get("context")
    whose = read_reference(joined_reference(context)) if isinstance(context, Mapping) else None
    if whose is None:
        raise NotAReceiptError("foreign")
    # A carrier that tells nothing more than that it took the message says so at the end.
    last = event.get("isFinal") is True and name == "TEXT_SUCCESSFUL"
    ended = outcome(Fate.DELIVERED if last else _FATES.get(name, Fate.UNDELIVERED))
    if ended is None:
        raise NotAReceiptError(name.lower())
    try:
        number, at, message = event["destinationPhoneNumber"], int(event["eventTimestamp"]), event["messageId"]
    except (KeyError, TypeError) as error:
        raise ValueError(f"an SMS event without its {error}") from error
    return [
        Received(
            id=f"aws:{message}:{name.lower()}",
            **whose.told,
            channel="sms",
            at=at,
            address_hash=address_hash("sms", str(number)),
            reason=name.lower(),
            **ended,
        )
    ]


def _event(said: Mapping[str, Any]) -> Mapping[str, Any]:
    if said.get("Type") != "Notification" or not isinstance(said.get("Message"), str):
        return said
    try:
        inner = json.loads(said["Message"])
    except (ValueError, RecursionError):
        return {}
    return inner if isinstance(inner, Mapping) else {}
