"""Consent in event calls, in the words of Segment's consent management. Standard library alone: `track` starts with it.

https://segment.com/docs/privacy/consent-management/
"""

from collections.abc import Mapping
from typing import Any, Final

# What a consent can be kept for; other categories of a site's own are none of ours.
CHANNELS: Final = (
    "email",
    "sms",
    "lms",
    "mms",
    "alimtalk",
    "brand_message",
    "kakao",
    "push",
    "web_push",
    "in_app",
    "in_web",
    "webhook",
)
NIGHT: Final = "night"
# Every other call may carry what was consented to, and says nothing new by it.
CHANGED: Final = "Segment Consent Preference Updated"
MOST: Final = 64


class ConsentError(ValueError):
    """What is wrong: the field, and the fact."""


def consent_in(call: str, said: Mapping[str, Any], shared: Mapping[str, Any], ip: str) -> dict[str, Any] | None:
    """The statement that an `identify`, or a change of preferences, carries; None where it carries none.

    It has the shape of `contracts.Consented`; `shared` is what all happenings have, `ip` where the call came from.

    Raises:
        ConsentError: a part of it cannot be taken.
    """
    if call != "identify" and not (call == "track" and said.get("event") == CHANGED):
        return None
    context = _object(said, "context", "context")
    consent = _object(context, "consent", "context.consent")
    where = "context.consent.categoryPreferences"
    told = {n: v for n, v in _object(consent, "categoryPreferences", where).items() if n in (*CHANNELS, NIGHT)}
    if not told:
        return None
    for name, given in told.items():
        if not isinstance(given, bool):
            raise ConsentError(f"{where}.{name}", "must be true or false")
    if not shared["user_id"]:
        raise ConsentError("userId", "is needed: a visitor without an account has no address to consent for")
    wording = consent.get("wording", "")
    if not isinstance(wording, str) or len(wording) > MOST or not wording.isprintable():
        raise ConsentError("context.consent.wording", f"must be the wording's version, at most {MOST} characters")
    # A server that speaks for a browser names the browser's address.
    theirs = context.get("ip")
    return {
        "kind": "consent",
        "id": f"{shared['id']}:consent",
        **{name: shared[name] for name in ("user_id", "at", "received_at", "source")},
        "consents": {name: given for name, given in told.items() if name != NIGHT},
        "night": told.get(NIGHT),
        "method": "api",
        "wording": wording,
        "ip": theirs[:MOST] if isinstance(theirs, str) and theirs.isprintable() else ip,
    }


def _object(said: Mapping[str, Any], name: str, field: str) -> Mapping[str, Any]:
    value = said.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ConsentError(field, "must be an object")
    return value
