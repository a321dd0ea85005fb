"""What stands in the fields of a call, in forms that every store behind can hold. Standard library alone."""

import math
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dangol.domain.devices import address
from dangol.pipeline.moments import MomentError, happened_ms

# Characters of an event's name, bytes of an id.
MAX_NAME: Final = 128
MAX_ID: Final = 256
# DynamoDB nests 32 deep, JSON lines hold whole numbers of 64 bits, and its numbers end at 1e125.
MAX_DEPTH: Final = 16
MAX_WHOLE: Final = 2**63
MAX_FLOAT: Final = 1e120
# Visitors without an account are stored under this prefix; no person's id may start so.
ANONYMOUS: Final = "anon:"


class Refused(Exception):  # noqa: N818 - a value on its way to an answer, never an error of ours
    """A field is missing or wrong: its name, and what is the matter."""

    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem


def an_object(said: object, name: str) -> Mapping[str, Any]:
    """What is said, where it is an object. Raises `Refused`, as everything here does."""
    if not isinstance(said, dict):
        raise Refused(name, "must be an object")
    return said


def a_part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Properties or traits, empty where none are said, where every store can hold them."""
    part = an_object({} if said.get(name) is None else said[name], name)
    if not _storable(part, MAX_DEPTH):
        raise Refused(
            name, f"holds an empty name, a number out of range, half a character or more than {MAX_DEPTH} levels"
        )
    return part


def _storable(value: object, levels: int) -> bool:
    """Whether every store that this goes to can hold it."""
    match value:
        case dict():
            return levels > 0 and all(_clean(n) and n and _storable(v, levels - 1) for n, v in value.items())
        case list():
            return levels > 0 and all(_storable(inner, levels - 1) for inner in value)
        case str():
            return _whole(value)
        case float():
            return math.isfinite(value) and (not value or 1 / MAX_FLOAT < abs(value) < MAX_FLOAT)
        case int():
            return -MAX_WHOLE <= value < MAX_WHOLE
        case _:
            return True


def _whole(text: str) -> bool:
    """Whether the text holds no half of a surrogate pair, which UTF-8 cannot carry."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _clean(text: str) -> bool:
    """Whether the text is free of control characters and halves of surrogate pairs."""
    return text.isprintable() or not any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)


def a_text(said: Mapping[str, Any], name: str) -> str | None:
    """A text without control characters, or a whole number as one; None where nothing is said."""
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _clean(value):
        raise Refused(name, "must be text without control characters")
    return value.strip() or None


def an_id(said: Mapping[str, Any], name: str) -> str | None:
    """An id of at most `MAX_ID` bytes; None where none is said."""
    text = a_text(said, name)
    if text and len(text.encode()) > MAX_ID:
        raise Refused(name, f"must be at most {MAX_ID} bytes long")
    return text


def a_user_id(said: Mapping[str, Any]) -> str:
    """A person's id, empty where none is said."""
    text = an_id(said, "userId") or ""
    if text.startswith(ANONYMOUS):
        raise Refused("userId", f"{ANONYMOUS!r} is kept for visitors without an account")
    return text


def an_event_name(said: Mapping[str, Any]) -> str:
    """The name as YAML files write it, whichever way the device composes its characters."""
    text = unicodedata.normalize("NFC", a_text(said, "event") or "")
    if not text:
        raise Refused("event", "is needed")
    if len(text) > MAX_NAME:
        raise Refused("event", f"must be at most {MAX_NAME} characters long")
    return text


def a_device(said: Mapping[str, Any]) -> str | None:
    """The push token of the device that a mobile SDK speaks from, `context.device.token`.

    An SDK puts it there by itself, so one that cannot be a token refuses nothing.
    """
    context = said.get("context")
    device = context.get("device") if isinstance(context, dict) else None
    token = device.get("token") if isinstance(device, dict) else None
    return address("push", token) if isinstance(token, str) and _whole(token) else None


def a_value(properties: Mapping[str, Any]) -> str | None:
    """What an event is worth by its own properties, as decimal text; None where it says nothing."""
    value = properties.get("value", properties.get("revenue"))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def a_moment(said: Mapping[str, Any], now: datetime) -> int:
    """When it happened, in epoch milliseconds; what lies ahead counts as now."""
    try:
        return happened_ms(said, now)
    except MomentError as problem:
        raise Refused("timestamp", str(problem)) from None
