"""Event intake in the words of the Segment HTTP API, so that existing SDKs work unchanged.

https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
"""

import base64
import hmac
import json
import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from dangol.pipeline.consent_calls import ConsentError, consent_in

MAX_CALL: Final = 32 * 1024
MAX_BATCH: Final = 500 * 1024
# Characters of an event's name, bytes of an id.
MAX_NAME: Final = 128
MAX_ID: Final = 256
# DynamoDB nests 32 deep, JSON lines hold whole numbers of 64 bits, and its numbers end at 1e125.
MAX_DEPTH: Final = 16
MAX_WHOLE: Final = 2**63
MAX_FLOAT: Final = 1e120
# A device's clock may run ahead by this much; what is later still counts from its arrival.
AHEAD: Final = timedelta(minutes=5)
# An earlier time is a clock that was never set.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
# Visitors without an account are stored under this prefix; no person's id may start so.
ANONYMOUS: Final = "anon:"
_PAGES: Final = {"page": "page_view", "screen": "screen_view"}
_CALLS: Final = ("track", "identify", "page", "screen", "alias", "group")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call came to: the answer, and the happenings to pass on."""

    status: int
    answer: Mapping[str, Any]
    happenings: list[dict[str, Any]] = field(default_factory=list)


_UNKNOWN: Final = Taken(401, {"error": "the write key is missing or wrong"})


class _Refused(Exception):  # noqa: N818 - a value on its way to an answer, never an error of ours
    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem


class Intake:
    """Checks calls and turns them into happenings in the shape of `contracts.Performed` and `Identified`."""

    def __init__(self, write_keys: Callable[[], Mapping[str, str]], now: Callable[[], datetime]) -> None:
        self._write_keys = write_keys
        self._now = now

    def take(self, call: str, headers: Mapping[str, str], body: bytes, ip: str = "") -> Taken:
        """Take one call, made from `ip`: 200, 400 naming the field, 401 for a wrong key, 404, or 413 for too much."""
        if call not in (*_CALLS, "batch"):
            return Taken(404, {"error": "no such call"})
        limit = MAX_BATCH if call == "batch" else MAX_CALL
        source = self.source(headers)
        if source is None and (headers.get("authorization") or len(body) > limit):
            return _UNKNOWN
        if len(body) > limit:
            return Taken(413, {"error": "too large", "limit": limit})
        try:
            said = _said(body)
            # A page that goes away can send a body and no header: Segment's own script puts the key in there.
            source = source or self._source_of(str(said.get("writeKey", "")).encode(errors="replace"))
            return self._read(call, said, source, ip) if source else _UNKNOWN
        except _Refused as refused:
            return Taken(400, {"error": refused.problem, "field": refused.name})

    def _read(self, call: str, said: Mapping[str, Any], source: str, ip: str) -> Taken:
        if call == "batch":
            return self._batch(said, source, ip)
        return Taken(200, {"success": True}, self._happenings(call, said, source, ip))

    def source(self, headers: Mapping[str, str]) -> str | None:
        """Whose write key a call's header carries; None where it is missing or wrong."""
        return self._source_of(_basic_user(headers.get("authorization", "")))

    def _source_of(self, given: bytes) -> str | None:
        # Every key is compared, in constant time each, so that the time tells nothing.
        matching = [s for s, key in self._write_keys().items() if hmac.compare_digest(key.encode(), given)]
        return matching[0] if matching else None

    def _batch(self, said: Mapping[str, Any], source: str, ip: str) -> Taken:
        items = said.get("batch")
        if not isinstance(items, list):
            raise _Refused("batch", "must be a list")
        happenings: list[dict[str, Any]] = []
        rejected = []
        for index, item in enumerate(items):
            try:
                message = _object(item, f"batch[{index}]")
                happenings += self._happenings(str(message.get("type", "")), message, source, ip)
            except _Refused as refused:
                rejected.append({"index": index, "field": refused.name, "problem": refused.problem})
        answer = {"success": not rejected, "accepted": len(items) - len(rejected), "rejected": rejected}
        return Taken(400 if rejected and not happenings else 200, answer, happenings)

    def _happenings(self, call: str, said: Mapping[str, Any], source: str, ip: str) -> list[dict[str, Any]]:
        """What a call says happened, and the consent that it carries."""
        happening = self._happening(call, said, source)
        # Groups are companies, of which nothing is kept; SDKs send them all the same.
        if call in {"alias", "group"}:
            return [happening] if call == "alias" else []
        try:
            consent = consent_in(call, said, happening, ip)
        except ConsentError as problem:
            raise _Refused(*problem.args) from None
        return [happening, consent] if consent else [happening]

    def _happening(self, call: str, said: Mapping[str, Any], source: str) -> dict[str, Any]:
        if call not in _CALLS:
            raise _Refused("type", f"must be one of {', '.join(_CALLS)}")
        now = self._now()
        if call == "alias":
            return _alias(said, now, source)
        shared = {
            "id": _id(said, "messageId") or str(uuid4()),
            "user_id": _user_id(said),
            "anonymous_id": _id(said, "anonymousId"),
            "at": _moment(said.get("timestamp"), now),
            "received_at": int(now.timestamp() * 1000),
            "source": source,
        }
        if not shared["user_id"] and not shared["anonymous_id"]:
            raise _Refused("userId", "userId or anonymousId is needed")
        if call == "identify":
            return {"kind": "identify", **shared, "traits": _part(said, "traits")}
        name = _PAGES.get(call) or ("group" if call == "group" else _event_name(said))
        properties = _part(said, "properties")
        return {"kind": "event", **shared, "event": name, "properties": properties, "value": _value(properties)}


def _said(body: bytes) -> Mapping[str, Any]:
    try:
        return _object(json.loads(body), "body")
    except (ValueError, RecursionError):
        raise _Refused("body", "the body is not JSON") from None


def _alias(said: Mapping[str, Any], now: datetime, source: str) -> dict[str, Any]:
    previous, user = _id(said, "previousId"), _user_id(said)
    for name, given in (("previousId", previous), ("userId", user)):
        if not given:
            raise _Refused(name, "is needed")
    return {
        "kind": "alias",
        "id": _id(said, "messageId") or str(uuid4()),
        "user_id": user,
        "previous_id": previous,
        "at": _moment(said.get("timestamp"), now),
        "received_at": int(now.timestamp() * 1000),
        "source": source,
    }


def _object(said: object, name: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise _Refused(name, "must be an object")
    return said


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = _object({} if said.get(name) is None else said[name], name)
    if not _storable(part, MAX_DEPTH):
        raise _Refused(
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


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _clean(value):
        raise _Refused(name, "must be text without control characters")
    return value.strip() or None


def _id(said: Mapping[str, Any], name: str) -> str | None:
    text = _text(said, name)
    if text and len(text.encode()) > MAX_ID:
        raise _Refused(name, f"must be at most {MAX_ID} bytes long")
    return text


def _user_id(said: Mapping[str, Any]) -> str:
    text = _id(said, "userId") or ""
    if text.startswith(ANONYMOUS):
        raise _Refused("userId", f"{ANONYMOUS!r} is kept for visitors without an account")
    return text


def _event_name(said: Mapping[str, Any]) -> str:
    """The name as YAML files write it, whichever way the device composes its characters."""
    text = unicodedata.normalize("NFC", _text(said, "event") or "")
    if not text:
        raise _Refused("event", "is needed")
    if len(text) > MAX_NAME:
        raise _Refused("event", f"must be at most {MAX_NAME} characters long")
    return text


def _value(properties: Mapping[str, Any]) -> str | None:
    value = properties.get("value", properties.get("revenue"))
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(stamp: object, now: datetime) -> int:
    if stamp is None:
        return int(now.timestamp() * 1000)
    try:
        moment = datetime.fromisoformat(str(stamp))
    except ValueError:
        raise _Refused("timestamp", "must be ISO 8601") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment < EARLIEST:
        raise _Refused("timestamp", f"must not be before {EARLIEST.year}")
    return int((now if moment > now + AHEAD else moment).timestamp() * 1000)


def _basic_user(authorization: str) -> bytes:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[0]
    except ValueError:
        return b""
