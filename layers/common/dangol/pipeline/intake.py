"""Event intake in the words of the Segment HTTP API, so that existing SDKs work unchanged.

https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

MAX_CALL: Final = 32 * 1024
MAX_BATCH: Final = 500 * 1024
MAX_NAME: Final = 128
MAX_ID: Final = 256
# A device's clock may run ahead by this much; what is later still counts from its arrival.
AHEAD: Final = timedelta(minutes=5)
_PAGES: Final = {"page": "page_view", "screen": "screen_view"}
_CALLS: Final = ("track", "identify", "page", "screen")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call came to: the answer, and the happenings to pass on."""

    status: int
    answer: Mapping[str, Any]
    happenings: list[dict[str, Any]] = field(default_factory=list)


class _Refused(Exception):  # noqa: N818 - a value on its way to an answer, never an error of ours
    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem


class Intake:
    """Checks calls and turns them into happenings in the shape of `contracts.Performed` and `Identified`."""

    def __init__(self, write_keys: Callable[[], Mapping[str, str]], now: Callable[[], datetime]) -> None:
        self._write_keys = write_keys
        self._now = now

    def take(self, call: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Take one call: 200, 400 naming the field, 401 for a wrong key, 404, or 413 for too much."""
        if call not in (*_CALLS, "batch"):
            return Taken(404, {"error": "no such call"})
        source = self._source(headers)
        if source is None:
            return Taken(401, {"error": "the write key is missing or wrong"})
        limit = MAX_BATCH if call == "batch" else MAX_CALL
        if len(body) > limit:
            return Taken(413, {"error": "too large", "limit": limit})
        try:
            return self._read(call, body, source)
        except _Refused as refused:
            return Taken(400, {"error": refused.problem, "field": refused.name})

    def _read(self, call: str, body: bytes, source: str) -> Taken:
        try:
            said = _object(json.loads(body), "body")
        except (ValueError, RecursionError):
            raise _Refused("body", "the body is not JSON") from None
        if call == "batch":
            return self._batch(said, source)
        return Taken(200, {"success": True}, [self._happening(call, said, source)])

    def _source(self, headers: Mapping[str, str]) -> str | None:
        given = _basic_user(headers.get("authorization", ""))
        # Every key is compared, in constant time each, so that the time tells nothing.
        matching = [s for s, key in self._write_keys().items() if hmac.compare_digest(key.encode(), given)]
        return matching[0] if matching else None

    def _batch(self, said: Mapping[str, Any], source: str) -> Taken:
        items = said.get("batch")
        if not isinstance(items, list):
            raise _Refused("batch", "must be a list")
        happenings, rejected = [], []
        for index, item in enumerate(items):
            try:
                message = _object(item, f"batch[{index}]")
                happenings.append(self._happening(str(message.get("type", "")), message, source))
            except _Refused as refused:
                rejected.append({"index": index, "field": refused.name, "problem": refused.problem})
        answer = {"success": not rejected, "accepted": len(happenings), "rejected": rejected}
        return Taken(400 if rejected and not happenings else 200, answer, happenings)

    def _happening(self, call: str, said: Mapping[str, Any], source: str) -> dict[str, Any]:
        if call not in _CALLS:
            raise _Refused("type", f"must be one of {', '.join(_CALLS)}")
        now = self._now()
        shared = {
            "id": _text(said, "messageId", MAX_ID) or str(uuid4()),
            "user_id": _text(said, "userId", MAX_ID) or "",
            "anonymous_id": _text(said, "anonymousId", MAX_ID),
            "at": _moment(said.get("timestamp"), now),
            "received_at": int(now.timestamp() * 1000),
            "source": source,
        }
        if not shared["user_id"] and not shared["anonymous_id"]:
            raise _Refused("userId", "userId or anonymousId is needed")
        if call == "identify":
            return {"kind": "identify", **shared, "traits": _part(said, "traits")}
        name = _PAGES.get(call) or _text(said, "event", MAX_NAME)
        if not name:
            raise _Refused("event", "is needed")
        properties = _part(said, "properties")
        return {"kind": "event", **shared, "event": name, "properties": properties, "value": _value(properties)}


def _object(said: object, name: str) -> Mapping[str, Any]:
    if not isinstance(said, dict):
        raise _Refused(name, "must be an object")
    return said


def _part(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = said.get(name)
    return {} if part is None else _object(part, name)


def _text(said: Mapping[str, Any], name: str, longest: int) -> str | None:
    value = said.get(name)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value.encode()) > longest or not value.isprintable():
        raise _Refused(name, f"must be printable text of at most {longest} bytes")
    return value.strip() or None


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
    return int((now if moment > now + AHEAD else moment).timestamp() * 1000)


def _basic_user(authorization: str) -> bytes:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[0]
    except binascii.Error:
        return b""
