"""Who entered a cohort of Amplitude or Mixpanel and who left it, as their webhooks tell it.

https://amplitude.com/docs/data/destination-catalog/cohort-webhooks
https://docs.mixpanel.com/docs/cohort-sync/webhooks

Starts on the standard library alone, like everything that `track` answers with. What is queued has the shape of
`contracts.Listed`, which a test holds it to.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from dangol.pipeline.call_fields import ANONYMOUS, MAX_ID, MAX_NAME
from dangol.pipeline.intake import Taken
from dangol.pipeline.moments import AHEAD, EARLIEST

# A Lambda function takes 6 MB.
MAX_BODY: Final = 5 * 1024 * 1024
PEOPLE_IN_ONE: Final = 800
# Mixpanel's visitors whom nobody has identified.
_DEVICE: Final = "$device:"
_MEMBERS, _ADDED, _REMOVED = "members", "add_members", "remove_members"


@dataclass(frozen=True, slots=True)
class _Said:
    """What a call says of a list; `at` in epoch milliseconds, None where it names no time."""

    name: str
    users: Sequence[str]
    skipped: int
    member: bool
    at: int | None = None
    session: str | None = None


class _Refused(Exception):  # noqa: N818 - a value on its way to an answer, never an error of ours
    def __init__(self, name: str, problem: str) -> None:
        self.name, self.problem = name, problem


class Cohorts:
    """Checks calls and turns them into what is said of lists; a call that comes twice says the same."""

    def __init__(self, source: Callable[[Mapping[str, str]], str | None], now: Callable[[], datetime]) -> None:
        self._source = source
        self._now = now

    def take(self, tool: str, headers: Mapping[str, str], body: bytes) -> Taken:
        """Take one call: 200, 400 naming the field, 401 for a wrong key, 404, or 413 for too much."""
        read = _TOOLS.get(tool)
        if read is None:
            return Taken(404, {"error": "no such call"})
        if self._source(headers) is None:
            return Taken(401, _failed("", 401, "the write key is missing or wrong"))
        if len(body) > MAX_BODY:
            return Taken(413, _failed("", 413, f"too large; at most {MAX_BODY} bytes"))
        action = ""
        try:
            told = _object(_json(body), "body")
            action = str(told.get("action", ""))
            said = read(told, self._now())
        except _Refused as refused:
            return Taken(400, {**_failed(action, 400, refused.problem), "field": refused.name})
        answer = {"status": "success", "people": len(said.users), "skipped": said.skipped}
        # Mixpanel wants its own action back.
        return Taken(200, {"action": action, **answer} if action else answer, self._listed(tool, said, body))

    def _listed(self, tool: str, said: _Said, body: bytes) -> list[dict[str, Any]]:
        now = int(self._now().timestamp() * 1000)
        name = f"{tool}:{sha256(body).hexdigest()[:32]}"
        shared = {
            "kind": "list",
            "name": said.name,
            "member": said.member,
            "at": now if said.at is None else said.at,
            "received_at": now,
            "session": said.session,
            "source": tool,
        }
        return [{"id": f"{name}:{n}", "user_ids": some, **shared} for n, some in enumerate(_parts(said.users))]


def _failed(action: str, code: int, problem: str) -> dict[str, Any]:
    return {"action": action, "status": "failure", "error": {"message": problem, "code": code}}


def _parts(users: Sequence[str]) -> Iterator[Sequence[str]]:
    """The people in parts of what a queue takes; one part where there is nobody, since a whole list may be empty."""
    for position in range(0, max(1, len(users)), PEOPLE_IN_ONE):
        yield users[position : position + PEOPLE_IN_ONE]


def _amplitude(told: Mapping[str, Any], now: datetime) -> _Said:
    member = told.get("in_cohort")
    if not isinstance(member, bool):
        raise _Refused("in_cohort", "must be true or false")
    users, skipped = _users(told.get("users"), "users", "user_id")
    return _Said(_name(told, "cohort_name"), users, skipped, member, _computed(told.get("computed_time"), now))


def _mixpanel(told: Mapping[str, Any], _now: datetime) -> _Said:
    action = told.get("action")
    if action not in (_MEMBERS, _ADDED, _REMOVED):
        raise _Refused("action", f"must be one of {_MEMBERS}, {_ADDED}, {_REMOVED}")
    parameters = _object(told.get("parameters"), "parameters")
    users, skipped = _users(parameters.get("members"), "parameters.members", "mixpanel_distinct_id")
    session = None
    if action == _MEMBERS:
        given = parameters.get("mixpanel_session_id")
        if not isinstance(given, str) or not given:
            raise _Refused("parameters.mixpanel_session_id", "is needed, to tell the pages of one sync from the next")
        session = f"mixpanel:{sha256(given.encode(errors='replace')).hexdigest()[:32]}"
    name = _name(parameters, "mixpanel_cohort_name")
    return _Said(name, users, skipped, action != _REMOVED, session=session)


_TOOLS: Final[Mapping[str, Callable[[Mapping[str, Any], datetime], _Said]]] = {
    "amplitude": _amplitude,
    "mixpanel": _mixpanel,
}


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _Refused("body", "the body is not JSON") from None


def _object(told: object, name: str) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise _Refused(name, "must be an object")
    return told


def _name(told: Mapping[str, Any], field: str) -> str:
    """The list's name, as YAML files write it."""
    given = told.get(field)
    name = unicodedata.normalize("NFC", given).strip() if isinstance(given, str) else ""
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise _Refused(field, f"must be 1 to {MAX_NAME} printable characters")
    return name


def _users(told: object, field: str, key: str) -> tuple[Sequence[str], int]:
    """The people's ids, each once, and how many have none that we could know."""
    if not isinstance(told, list):
        raise _Refused(field, "must be a list")
    ids = [_user_id(one.get(key)) if isinstance(one, dict) else None for one in told]
    return list(dict.fromkeys(user for user in ids if user)), ids.count(None)


def _user_id(given: object) -> str | None:
    if isinstance(given, int) and not isinstance(given, bool):
        given = str(given)
    if not isinstance(given, str) or given.startswith((ANONYMOUS, _DEVICE)) or not given.isprintable():
        return None
    user = given.strip()
    return user if user and len(user.encode()) <= MAX_ID else None


def _computed(given: object, now: datetime) -> int | None:
    """When a cohort was computed, in milliseconds; None where it names no time that can be."""
    try:
        seconds = int(str(given))
    except ValueError:
        return None
    return seconds * 1000 if EARLIEST.timestamp() <= seconds <= (now + AHEAD).timestamp() else None
