"""Answer clicks, opens and opt-outs at once, and pass on what happened.

Starts on the standard library alone: no model, no AWS client, no router is imported on this path. What is
queued has the shape of `contracts.Tracked`, which a test holds it to.
"""

import base64
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from dangol.domain.bots import BotVerdict, judge
from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import HIDDEN_LINK, OPEN_LINK, UNSUBSCRIBE_LINK, Keys, Mark, verify
from dangol.pipeline.cohorts import Cohorts
from dangol.pipeline.intake import Intake
from dangol.pipeline.message_calls import message_in
from dangol.pipeline.provider_receipts import is_door, most_bytes, receipts_at
from dangol.pipeline.webhooks import MAX_CALL, PayloadError, SignatureError

if TYPE_CHECKING:
    from dangol.pipeline.wishes import Asked, Standing, Wish

logger = logging.getLogger(__name__)

# A transparent GIF of one pixel.
PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# SQS takes 1 MiB at most, and a function that reads a few of them needs room.
MAX_BODY: Final = 240_000
_NEVER: Final = {"cache-control": "no-store, max-age=0", "referrer-policy": "no-referrer"}
_HTML: Final = {
    **_NEVER,
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "x-robots-tag": "noindex",
}
_JSON: Final = {"content-type": "application/json", "access-control-allow-origin": "*"}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are lower case."""

    method: str
    path: str
    request_id: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    ip: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class EventQueue(Protocol):
    """Where happenings go."""

    def send(self, bodies: Sequence[str]) -> None:
        """Queue the bodies."""
        ...


class Preferences(Protocol):
    """What a person allows; a change is effective at once."""

    def standing(self, mark: Mark) -> "Standing":
        """How things stand for the person of a link."""
        ...

    def apply(self, mark: Mark, wish: "Wish", at: datetime) -> "Wish":
        """Store what is wished; what of it changed anything."""
        ...

    def languages(self, user_id: str) -> tuple[str, str]:
        """The person's own language, empty where it is not known, and the project's."""
        ...


@dataclass(frozen=True, slots=True)
class Doors:
    """What `track` works with; keys and preferences are fetched when they are first needed."""

    keys: Callable[[], Keys]
    write_keys: Callable[[], Mapping[str, str]]
    queue: EventQueue
    preferences: Callable[[], Preferences]
    now: Callable[[], datetime]
    webhook_key: Callable[[], str]


class Tracker:
    """Answers the public side of the HTTP API."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._intake = Intake(doors.write_keys, doors.now)
        self._cohorts = Cohorts(self._intake.source, doors.now)

    def answer(self, request: Request) -> Response:
        """Answer one request; a path or token that is not ours gets 404 and leaves no trace."""
        room, _, rest = request.path.lstrip("/").partition("/")
        try:
            if room == "c":
                return self._click(rest, request)
            if room == "o":
                return self._open(rest, request)
            if room == "u":
                return self._way_out(rest, request)
        except ForgeryError:
            return _NOT_FOUND
        if room == "v1" and request.method == "POST":
            return self._take_in(rest, request)
        return _NOT_FOUND

    def _click(self, token: str, request: Request) -> Response:
        mark, destination = verify(token, self._doors.keys())
        if not destination.startswith(("http://", "https://")):
            raise ForgeryError("a link without a destination")
        self._pass_on(self._tracked("clicked", mark, request))
        return Response(302, {**_NEVER, "location": destination})

    def _open(self, token: str, request: Request) -> Response:
        mark, _ = verify(token, self._doors.keys())
        if mark.link != OPEN_LINK:
            raise ForgeryError("not a pixel")
        self._pass_on(self._tracked("opened", mark, request))
        return Response(200, {**_NEVER, "content-type": "image/gif"}, PIXEL)

    def _way_out(self, token: str, request: Request) -> Response:
        """GET shows and changes nothing; POST takes effect before the answer, as often as it comes."""
        # A click, which comes a thousand times as often, starts without the pages.
        from dangol.pipeline import pages, wishes

        mark, _ = verify(token, self._doors.keys())
        if mark.link != UNSUBSCRIBE_LINK:
            raise ForgeryError("not a way out")
        preferences = self._doors.preferences()
        standing = preferences.standing(mark)
        if request.method != "POST":
            return Response(200, _HTML, pages.asking(standing, self._locale(mark, request)).encode())
        now, told = self._doors.now(), wishes.asked(request.headers.get("content-type", ""), request.body)
        out = told.action in ("one_click", "out")
        changed = preferences.apply(mark, told.wish(standing), now)
        if changed:
            self._pass_on(self._evidence(changed, told, mark, request))
        if out or changed.consents.get(standing.channel or "") is False:
            self._pass_on({**self._tracked("unsubscribed", mark, request), "verdict": "human", "reason": None})
        page = pages.changed(preferences.standing(mark), changed, now, self._locale(mark, request), out=out)
        return Response(200, _HTML, page.encode())

    def _evidence(self, changed: "Wish", told: "Asked", mark: Mark, request: Request) -> dict[str, Any]:
        from dangol.pipeline import wishes

        method = "one_click" if told.action == "one_click" else "page"
        return {
            **wishes.evidence(changed, method, self._doors.now()),
            "id": f"{request.request_id}:consent",
            "user_id": mark.user_id,
            "run": mark.run,
            "ip": request.ip,
            "user_agent": request.headers.get("user-agent", "")[:512],
        }

    def _locale(self, mark: Mark, request: Request) -> str:
        from dangol.pipeline import pages

        theirs, default = self._doors.preferences().languages(mark.user_id)
        return pages.locale_of(theirs, request.headers.get("accept-language", ""), default)

    def _take_in(self, call: str, request: Request) -> Response:
        door, _, provider = call.partition("/")
        if door == "receipts" and is_door(provider):
            return self._receipts(provider, request)
        if call == "messages":
            return self._message(request)
        kind, _, tool = call.partition("/")
        if kind == "cohorts":
            taken = self._cohorts.take(tool, request.headers, request.body)
        else:
            taken = self._intake.take(call, request.headers, request.body, request.ip)
        if taken.happenings:
            # Unlike a click, an event can be sent again by its SDK: a refusal of the queue is an error there.
            self._doors.queue.send(_bodies(taken.happenings))
        return _told(taken.status, taken.answer)

    def _receipts(self, provider: str, request: Request) -> Response:
        """Queue what a provider says; it calls again where the queue refuses, and repeats count once."""
        if len(request.body) > most_bytes(provider):
            return _told(413, {"error": "too large", "limit": most_bytes(provider)})
        key, now = self._doors.webhook_key(), self._doors.now()
        try:
            receipts = receipts_at(provider, request.headers, request.body, key, now)
        except SignatureError:
            return _told(401, {"error": "the signature is missing, wrong or too old"})
        except PayloadError as error:
            name, problem = error.args
            return _told(400, {"error": problem, "field": name})
        if receipts:
            self._doors.queue.send(_bodies(receipts))
        return _told(200, {"success": True})

    def _message(self, request: Request) -> Response:
        """Queue that a message was shown or clicked, told by an app or a service worker with its send id."""
        if len(request.body) > MAX_CALL:
            return _told(413, {"error": "too large", "limit": MAX_CALL})
        try:
            kind, mark, told_id = message_in(request.body, self._doors.keys())
        except PayloadError as error:
            name, problem = error.args
            return _told(400, {"error": problem, "field": name})
        # A device that was offline repeats what it is not sure of; and no bot has the send id.
        told = {**self._tracked(kind, mark, request), "id": told_id, "verdict": "human", "reason": None}
        self._doors.queue.send([json.dumps(told)])
        return _told(200, {"success": True})

    def _tracked(self, kind: str, mark: Mark, request: Request) -> dict[str, Any]:
        verdict = judge("opened" if kind == "opened" else "clicked", request.method, request.headers)
        if mark.link == HIDDEN_LINK:
            verdict = BotVerdict("bot", "hidden_link")
        return {
            "kind": kind,
            "id": request.request_id,
            "run": mark.run,
            "user_id": mark.user_id,
            "variant": mark.variant,
            "link": mark.link,
            "at": int(self._doors.now().timestamp() * 1000),
            "verdict": verdict.verdict,
            "reason": verdict.reason,
            "user_agent": request.headers.get("user-agent", "")[:512],
        }

    def _pass_on(self, happening: Mapping[str, Any]) -> None:
        """Queue what happened; where the queue is down the person is answered all the same.

        The event then stands in the log, whole, for `dangol replay`.
        """
        body = json.dumps(happening)
        try:
            self._doors.queue.send([body])
        except OSError as error:
            logger.error("event not queued (%s): %s", error, body)  # noqa: TRY400 - the event matters, not our stack


def _told(status: int, answer: Mapping[str, Any]) -> Response:
    return Response(status, _JSON, json.dumps(answer, ensure_ascii=False).encode())


def _bodies(happenings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lists of happenings, each of a size that a queue takes: many small ones are larger here than as they came."""
    bodies: list[str] = []
    some: list[str] = []
    size = 0
    for happening in happenings:
        told = json.dumps(happening, ensure_ascii=False)
        length = len(told.encode())
        if some and size + length > MAX_BODY:
            bodies.append(f"[{','.join(some)}]")
            some, size = [], 0
        some.append(told)
        size += length + 1
    return [*bodies, f"[{','.join(some)}]"]


_NOT_FOUND: Final = Response(404, {**_NEVER, "content-type": "text/plain"}, b"not found\n")
