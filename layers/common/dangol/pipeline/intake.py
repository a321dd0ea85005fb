"""Event intake in the words of the Segment HTTP API, so that existing SDKs work unchanged.

https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from dangol.pipeline.call_fields import (
    Refused,
    a_device,
    a_moment,
    a_part,
    a_user_id,
    a_value,
    an_event_name,
    an_id,
    an_object,
)
from dangol.pipeline.consent_calls import ConsentError, consent_in
from dangol.pipeline.packing import TooLargeError, unpacked
from dangol.pipeline.remembering import Remembered

MAX_CALL: Final = 32 * 1024
MAX_BATCH: Final = 500 * 1024
_PAGES: Final = {"page": "page_view", "screen": "screen_view"}
_NOTHING: Final[Mapping[str, Any]] = {}
_CALLS: Final = ("track", "identify", "page", "screen", "alias", "group")


@dataclass(frozen=True, slots=True)
class Taken:
    """What a call came to: the answer, and the happenings to pass on."""

    status: int
    answer: Mapping[str, Any]
    happenings: list[dict[str, Any]] = field(default_factory=list)


class Intake:
    """Checks calls and turns them into happenings in the shape of `contracts.Performed` and `Identified`."""

    def __init__(self, write_keys: Remembered[Mapping[str, Sequence[str]]], now: Callable[[], datetime]) -> None:
        self._write_keys = write_keys
        self._now = now

    def take(self, call: str, headers: Mapping[str, str], body: bytes, ip: str = "") -> Taken:
        """Take one call, made from `ip`: 200, 400 naming the field, 401 for a wrong key, 404, or 413 for too much."""
        if call not in (*_CALLS, "batch"):
            return Taken(404, {"error": "no such call"})
        said = _said(headers, body, MAX_BATCH if call == "batch" else MAX_CALL)
        source = self.source(headers, said if isinstance(said, Mapping) else _NOTHING)
        if source is None:
            return Taken(401, {"error": "the write key is missing or wrong"})
        if isinstance(said, Taken):
            return said
        try:
            if call == "batch":
                return self._batch(said, source, ip)
            return Taken(200, {"success": True}, self._happenings(call, said, source, ip))
        except Refused as refused:
            return Taken(400, {"error": refused.problem, "field": refused.name})

    def source(self, headers: Mapping[str, str], said: Mapping[str, Any] = _NOTHING) -> str | None:
        """Whose write key a call carries; None where it is missing or wrong.

        It stands in the authorization, or where a browser cannot set one (`sendBeacon`), in the body.
        """
        given = _basic_user(headers.get("authorization", ""))
        if not given and isinstance(key := said.get("writeKey"), str):
            given = key.encode(errors="replace")
        # A key that was made a moment ago is known after another look.
        return _owner(given, self._write_keys()) or (_owner(given, self._write_keys.again()) if given else None)

    def _batch(self, said: Mapping[str, Any], source: str, ip: str) -> Taken:
        items = said.get("batch")
        if not isinstance(items, list):
            raise Refused("batch", "must be a list")
        happenings: list[dict[str, Any]] = []
        rejected = []
        for index, item in enumerate(items):
            try:
                # A batch was sent at once, and says so once.
                message = {"sentAt": said.get("sentAt"), **_of_a_size(an_object(item, f"batch[{index}]"), index)}
                happenings += self._happenings(str(message.get("type", "")), message, source, ip)
            except Refused as refused:
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
            raise Refused(*problem.args) from None
        return [happening, consent] if consent else [happening]

    def _happening(self, call: str, said: Mapping[str, Any], source: str) -> dict[str, Any]:
        if call not in _CALLS:
            raise Refused("type", f"must be one of {', '.join(_CALLS)}")
        now = self._now()
        if call == "alias":
            return _alias(said, now, source)
        shared = {
            "id": an_id(said, "messageId") or str(uuid4()),
            "user_id": a_user_id(said),
            "anonymous_id": an_id(said, "anonymousId"),
            "at": a_moment(said, now),
            "received_at": int(now.timestamp() * 1000),
            "source": source,
        }
        if token := a_device(said):
            shared["device"] = token
        if not shared["user_id"] and not shared["anonymous_id"]:
            raise Refused("userId", "userId or anonymousId is needed")
        if call == "identify":
            return {"kind": "identify", **shared, "traits": a_part(said, "traits")}
        name = _PAGES.get(call) or ("group" if call == "group" else an_event_name(said))
        properties = a_part(said, "properties")
        return {"kind": "event", **shared, "event": name, "properties": properties, "value": a_value(properties)}


def _owner(given: bytes, keys: Mapping[str, Sequence[str]]) -> str | None:
    """Whose key it is; every key is compared, in constant time each, so that the time tells nothing."""
    matching = [s for s, theirs in keys.items() for key in theirs if hmac.compare_digest(key.encode(), given)]
    return matching[0] if matching else None


def _alias(said: Mapping[str, Any], now: datetime, source: str) -> dict[str, Any]:
    previous, user = an_id(said, "previousId"), a_user_id(said)
    for name, given in (("previousId", previous), ("userId", user)):
        if not given:
            raise Refused(name, "is needed")
    return {
        "kind": "alias",
        "id": an_id(said, "messageId") or str(uuid4()),
        "user_id": user,
        "previous_id": previous,
        "at": a_moment(said, now),
        "received_at": int(now.timestamp() * 1000),
        "source": source,
    }


def _said(headers: Mapping[str, str], body: bytes, limit: int) -> Mapping[str, Any] | Taken:
    """What a call says, or what it is answered where that cannot be read."""
    try:
        said = json.loads(unpacked(headers, body, limit))
    except TooLargeError:
        return Taken(413, {"error": "too large", "limit": limit})
    except (ValueError, RecursionError):
        return Taken(400, {"error": "the body is not JSON, or not what its encoding says", "field": "body"})
    return said if isinstance(said, dict) else Taken(400, {"error": "must be an object", "field": "body"})


def _of_a_size(item: Mapping[str, Any], index: int) -> Mapping[str, Any]:
    """A call of a batch, no larger than it might be alone."""
    if len(json.dumps(item, ensure_ascii=False).encode(errors="replace")) > MAX_CALL:
        raise Refused(f"batch[{index}]", f"is larger than {MAX_CALL} bytes")
    return item


def _basic_user(authorization: str) -> bytes:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[0]
    except ValueError:
        return b""
