"""Answer clicks, opens and opt-outs at once, and pass on what happened.

Starts on the standard library alone: no model, no AWS client, no router is imported on this path. What is
queued has the shape of `contracts.Tracked`, which a test holds it to.
"""

import base64
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

from dangol.domain.bots import BotVerdict, judge
from dangol.domain.errors import ForgeryError
from dangol.domain.short_links import is_code
from dangol.domain.tracking import HIDDEN_LINK, OPEN_LINK, UNSUBSCRIBE_LINK, Keys, Mark, verify
from dangol.pipeline.answers import JSON, LATER, NEVER, NOT_FOUND, SOON, Request, Response
from dangol.pipeline.happenings import Happening, happened

if TYPE_CHECKING:
    from dangol.pipeline.calls import Calls, EventQueue
    from dangol.pipeline.session_calls import SessionCalls, Shower
    from dangol.pipeline.way_out import Preferences

logger = logging.getLogger(__name__)

# A transparent GIF of one pixel.
PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@dataclass(frozen=True, slots=True)
class Doors:
    """What `track` works with; keys and preferences are fetched when they are first needed."""

    keys: Callable[[], Keys]
    write_keys: Callable[[], Mapping[str, str]]
    queue: "EventQueue"
    preferences: Callable[[], "Preferences"]
    now: Callable[[], datetime]
    webhook_key: Callable[[], str]
    # What a short code stands for; raises `OSError` where that cannot be looked up.
    short_link: Callable[[str], str | None]
    # The secrets of session tokens; whether anything waits for a session, raising `OSError`; and what shows it.
    session_keys: Callable[[], Sequence[str]]
    waits: Callable[[str], bool]
    shower: Callable[[], "Shower"]


class Tracker:
    """Answers the public side of the HTTP API."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._rooms = {"c": self._click, "o": self._open, "u": self._way_out, "s": self._short}

    def answer(self, request: Request) -> Response:
        """Answer one request; a path or token that is not ours gets 404 and leaves no trace."""
        room, _, rest = request.path.lstrip("/").partition("/")
        try:
            if room in self._rooms:
                return self._rooms[room](rest, request)
        except ForgeryError:
            return NOT_FOUND
        if room == "v1" and request.method == "POST":
            return self._calls.answer(rest, request)
        if request.path == "/v1/messages" and request.method == "GET":
            return self._show(request)
        if request.path == "/openapi.json":
            return _document()
        return NOT_FOUND

    @cached_property
    def _calls(self) -> "Calls":
        # A click, which comes a thousand times as often, starts without them.
        from dangol.pipeline.calls import Calls

        return Calls(self._doors, self._doors.queue, self._doors.now)

    @cached_property
    def _sessions(self) -> "SessionCalls":
        from dangol.pipeline.session_calls import SessionCalls

        return SessionCalls(self._doors, self._doors.now)

    def _show(self, request: Request) -> Response:
        try:
            answer, happenings = self._sessions.answer(request)
        except OSError as error:
            logger.error("messages not looked up: %s", error)  # noqa: TRY400 - the service's refusal, not our stack
            return Response(503, {**JSON, **SOON}, b'{"error": "not just now; ask again"}')
        for happening in happenings:
            self._pass_on(happening)
        return answer

    def _click(self, token: str, request: Request) -> Response:
        mark, destination = verify(token, self._doors.keys())
        if not destination.startswith(("http://", "https://")):
            raise ForgeryError("a link without a destination")
        self._tell("clicked", mark, request)
        return Response(302, {**NEVER, "location": destination})

    def _short(self, code: str, request: Request) -> Response:
        """Look a short code up; a link leads on at once, a way out to its own page."""
        try:
            path = self._doors.short_link(code) if is_code(code) else None
        except OSError as error:
            return _later(error)
        room, _, token = (path or "").partition("/")
        if room == "c":
            return self._click(token, request)
        return Response(302, {**NEVER, "location": f"/{path}"}) if path else NOT_FOUND

    def _open(self, token: str, request: Request) -> Response:
        mark, _ = verify(token, self._doors.keys())
        if mark.link != OPEN_LINK:
            raise ForgeryError("not a pixel")
        self._tell("opened", mark, request)
        return Response(200, {**NEVER, "content-type": "image/gif"}, PIXEL)

    def _way_out(self, token: str, request: Request) -> Response:
        # As with calls: pages and forms are not for those who click.
        from dangol.pipeline.way_out import WayOut

        mark, _ = verify(token, self._doors.keys())
        if mark.link != UNSUBSCRIBE_LINK:
            raise ForgeryError("not a way out")
        try:
            answer, happenings = WayOut(self._doors.preferences(), self._doors.now).answer(mark, request)
        except OSError as error:
            # Never "done" before it is: whoever comes again changes the same.
            return _later(error)
        for happening in happenings:
            self._pass_on(happening)
        return answer

    def _tell(self, kind: Literal["clicked", "opened"], mark: Mark, request: Request) -> None:
        """Pass on that somebody opened or clicked; who only asks for the headers (`HEAD`) did neither."""
        if request.method == "HEAD":
            return
        judged = judge(kind, request.method, request.headers)
        if mark.link == HIDDEN_LINK:
            judged = BotVerdict("bot", "hidden_link")
        self._pass_on(happened(kind, mark, request.request_id, self._doors.now(), judged, request.agent))

    def _pass_on(self, happening: Happening) -> None:
        """Queue what happened; where the queue is down the person is answered all the same.

        The event then stands in the log, whole, for `dangol replay`.
        """
        body = json.dumps(happening)
        try:
            self._doors.queue.send([body])
        except OSError as error:
            logger.error("event not queued (%s): %s", error, body)  # noqa: TRY400 - the event matters, not our stack


def _document() -> Response:
    from importlib import resources

    return Response(200, JSON, (resources.files("dangol") / "openapi.json").read_bytes())


def _later(error: OSError) -> Response:
    logger.error("asked to come again: %s", error)
    return LATER
