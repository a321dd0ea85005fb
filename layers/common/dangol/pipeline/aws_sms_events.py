"""Events of AWS End User Messaging SMS, as SNS hands them on, read into receipts.

https://docs.aws.amazon.com/sms-voice/latest/userguide/configuration-sets-event-format.html
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dangol.contracts import Consented, Received
from dangol.domain.fate import Fate, outcome
from dangol.domain.reference import joined_reference, read_reference
from dangol.domain.stop_words import is_stop_word
from dangol.domain.suppression import address_hash
from dangol.pipeline.ses_events import NotAReceiptError
from dangol.pipeline.webhooks import refusal

# What the answer to a text comes with.
_ANSWERED: Final = frozenset({"originationNumber", "messageBody", "inboundMessageId"})
# What a value of a message's context may hold, in characters.
FIELD_LENGTH: Final = 800
_PREFIXES: Final = ("TEXT_", "MEDIA_")
_FATES: Final[Mapping[str, Fate]] = {
    **dict.fromkeys(("SENT", "PENDING", "QUEUED", "SUCCESSFUL"), Fate.PENDING),
    "DELIVERED": Fate.DELIVERED,
    "INVALID": Fate.DEAD,
}


def is_sms_event(said: object) -> bool:
    """Whether a message of the queue comes from AWS End User Messaging, by SNS with its envelope or without."""
    if not isinstance(said, Mapping):
        return False
    event = _event(said)
    return str(event.get("eventType", "")).startswith(_PREFIXES) or event.keys() >= _ANSWERED


def read_sms_event(said: Mapping[str, Any]) -> Sequence[Received | Consented]:
    """The receipt of one event, or what somebody's answer to a text refuses.

    Raises:
        NotAReceiptError: nothing has ended yet, the message is none of dangol's, or the answer refuses nothing.
        ValueError: it lacks what an event has.
    """
    event = _event(said)
    if event.keys() >= _ANSWERED:
        return [_answer(said, event)]
    name, context = str(event["eventType"]), event.get("context")
    whose = read_reference(joined_reference(context)) if isinstance(context, Mapping) else None
    if whose is None:
        raise NotAReceiptError("foreign")
    # A carrier that tells nothing more than that it took the message says so at the end.
    what = name.partition("_")[2]
    last = event.get("isFinal") is True and what == "SUCCESSFUL"
    ended = outcome(Fate.DELIVERED if last else _FATES.get(what, Fate.UNDELIVERED))
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


def _answer(said: Mapping[str, Any], event: Mapping[str, Any]) -> Consented:
    """An answer that is a word by which consent is revoked; who it was, AWS cannot tell: only the number.

    https://docs.aws.amazon.com/sms-voice/latest/userguide/two-way-sms-payload.html
    """
    if not is_stop_word(str(event["messageBody"])):
        raise NotAReceiptError("answer")
    # When, the envelope says alone.
    at = int(datetime.fromisoformat(str(said.get("Timestamp"))).timestamp() * 1000)
    told = f"aws:{event['inboundMessageId']}:stop"
    return Consented.model_validate(refusal(told, "sms", str(event["originationNumber"]), at, "aws"))


def _event(said: Mapping[str, Any]) -> Mapping[str, Any]:
    if said.get("Type") != "Notification" or not isinstance(said.get("Message"), str):
        return said
    try:
        inner = json.loads(said["Message"])
    except (ValueError, RecursionError):
        return {}
    return inner if isinstance(inner, Mapping) else {}
