"""Answer clicks, opens and opt-outs at once, and pass on what happened.

Starts on the standard library alone: no model, no AWS client, no router is imported on this path. What is
queued has the shape of `contracts.Tracked`, which a test holds it to.
"""

import base64
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Final

from dangol.domain.errors import ForgeryError
from dangol.domain.short_links import is_code
from dangol.domain.tracking import OPEN_LINK, UNSUBSCRIBE_LINK, Keys, Mark
from dangol.pipeline.exchange import BUSY, JSON, NEVER_STORED, NOT_FOUND, RETRY_AFTER, Request, Response, bodiless
from dangol.pipeline.happening import tracked
from dangol.pipeline.passing_on import EventQueue, PassingOn
from dangol.pipeline.remembering import Remembered
from dangol.pipeline.tokens import verified

if TYPE_CHECKING:
    from dangol.pipeline.calls import Calls
    from dangol.pipeline.session_calls import SessionCalls, Shower
    from dangol.pipeline.way_out import Preferences

logger = logging.getLogger(__name__)

# A transparent GIF of one pixel.
PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@dataclass(frozen=True, slots=True)
class Doors:
    """What `track` works with; keys and preferences are fetched when they are first needed."""

    keys: Remembered[Keys]
    write_keys: Remembered[Mapping[str, Sequence[str]]]
    queue: EventQueue
    preferences: "Callable[[], Preferences]"
    now: Callable[[], datetime]
    seconds: Callable[[], float]
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
        self._pass_on = PassingOn(doors.queue, doors.seconds)
        self._links = {"c": self._click, "o": self._open, "u": self._way_out}

    def answer(self, request: Request) -> Response:
        """Answer one request; a path or token that is not ours gets 404 and leaves no trace."""
        room, _, rest = request.path.lstrip("/").partition("/")
        if room == "v1":
            return self._called(rest, request)
        if room == "openapi.json":
            from dangol.pipeline import openapi

            return openapi.document()
        response = self._link(room, rest, request)
        return bodiless(response) if request.method == "HEAD" else response

    @cached_property
    def _calls(self) -> "Calls":
        # A click, which comes a thousand times as often, starts without them.
        from dangol.pipeline.calls import Calls

        return Calls(self._doors, self._doors.queue, self._doors.now)

    @cached_property
    def _sessions(self) -> "SessionCalls":
        from dangol.pipeline.session_calls import SessionCalls

        return SessionCalls(self._doors, self._doors.now)

    def _called(self, call: str, request: Request) -> Response:
        if request.method == "POST":
            return self._calls.answer(call, request)
        return self._show(request) if (request.method, call) == ("GET", "messages") else NOT_FOUND

    def _show(self, request: Request) -> Response:
        try:
            answer, happenings = self._sessions.answer(request)
        except OSError as error:
            logger.error("messages were not looked up: %s", error)  # noqa: TRY400 - the fact, not our stack
            return Response(503, {**JSON, **RETRY_AFTER}, b'{"error": "not just now; ask again"}')
        for happening in happenings:
            self._pass_on(happening)
        return answer

    def _link(self, room: str, token: str, request: Request) -> Response:
        try:
            if room == "s":
                return self._short(token, request)
            follow = self._links.get(room)
            return follow(*verified(token, self._doors.keys), request) if follow else NOT_FOUND
        except ForgeryError:
            return NOT_FOUND
        except OSError as error:
            logger.error("a link was not answered: %s", error)  # noqa: TRY400 - the fact, not our stack
            return BUSY

    def _short(self, code: str, request: Request) -> Response:
        """Look a short code up; a link leads on at once, a way out to its own page."""
        path = self._doors.short_link(code) if is_code(code) else None
        room, _, token = (path or "").partition("/")
        if room == "c":
            return self._link(room, token, request)
        return Response(302, {**NEVER_STORED, "location": f"/{path}"}) if path else NOT_FOUND

    def _click(self, mark: Mark, destination: str, request: Request) -> Response:
        if not destination[:8].lower().startswith(("http://", "https://")):
            raise ForgeryError("a link without a destination")
        self._tell("clicked", mark, request)
        return Response(302, {**NEVER_STORED, "location": destination})

    def _open(self, mark: Mark, _: str, request: Request) -> Response:
        if mark.link != OPEN_LINK:
            raise ForgeryError("not a pixel")
        self._tell("opened", mark, request)
        return Response(200, {**NEVER_STORED, "content-type": "image/gif"}, PIXEL)

    def _way_out(self, mark: Mark, _: str, request: Request) -> Response:
        """GET shows and changes nothing; POST takes effect before the answer, as often as it comes."""
        # A click, which comes a thousand times as often, starts without the pages.
        from dangol.pipeline import way_out

        if mark.link != UNSUBSCRIBE_LINK:
            raise ForgeryError("not a way out")
        preferences = self._doors.preferences()
        if request.method != "POST":
            return way_out.shown(mark, request, preferences)
        return way_out.taken(mark, request, preferences, self._doors.now(), self._pass_on)

    def _tell(self, kind: str, mark: Mark, request: Request) -> None:
        """Pass on that somebody opened or clicked; who only asks for the headers (`HEAD`) did neither."""
        if request.method != "HEAD":
            self._pass_on(tracked(kind, mark, request, self._doors.now()))
