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
from typing import TYPE_CHECKING, Any, Final

from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import OPEN_LINK, UNSUBSCRIBE_LINK, Keys, Mark
from dangol.pipeline.cohorts import Cohorts
from dangol.pipeline.exchange import (
    BUSY,
    NEVER_STORED,
    NOT_FOUND,
    RETRY_AFTER,
    Request,
    Response,
    bodiless,
    told,
)
from dangol.pipeline.happening import HUMAN, tracked
from dangol.pipeline.intake import Intake
from dangol.pipeline.message_calls import message_in
from dangol.pipeline.passing_on import EventQueue, PassingOn
from dangol.pipeline.remembering import Remembered
from dangol.pipeline.tokens import verified
from dangol.pipeline.webhooks import MAX_CALL, PayloadError, SignatureError, receipt_in

if TYPE_CHECKING:
    from dangol.pipeline.way_out import Preferences

logger = logging.getLogger(__name__)

# A transparent GIF of one pixel.
PIXEL: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
# SQS takes 1 MiB at most, and a function that reads a few of them needs room.
MAX_BODY: Final = 240_000


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


class Tracker:
    """Answers the public side of the HTTP API."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._pass_on = PassingOn(doors.queue, doors.seconds)
        self._intake = Intake(doors.write_keys, doors.now)
        self._cohorts = Cohorts(self._intake.source, doors.now)

    def answer(self, request: Request) -> Response:
        """Answer one request; a path or token that is not ours gets 404 and leaves no trace."""
        room, _, rest = request.path.lstrip("/").partition("/")
        if room == "v1":
            return self._call(rest, request) if request.method == "POST" else NOT_FOUND
        if room == "openapi.json":
            from dangol.pipeline import openapi

            return openapi.document()
        response = self._link(room, rest, request)
        return bodiless(response) if request.method == "HEAD" else response

    def _link(self, room: str, token: str, request: Request) -> Response:
        follow = {"c": self._click, "o": self._open, "u": self._way_out}.get(room)
        if follow is None:
            return NOT_FOUND
        try:
            mark, destination = verified(token, self._doors.keys)
            return follow(mark, destination, request)
        except ForgeryError:
            return NOT_FOUND
        except OSError as error:
            logger.error("a link was not answered: %s", error)  # noqa: TRY400 - the fact, not our stack
            return BUSY

    def _click(self, mark: Mark, destination: str, request: Request) -> Response:
        if not destination[:8].lower().startswith(("http://", "https://")):
            raise ForgeryError("a link without a destination")
        self._pass_on(tracked("clicked", mark, request, self._doors.now()))
        return Response(302, {**NEVER_STORED, "location": destination})

    def _open(self, mark: Mark, _: str, request: Request) -> Response:
        if mark.link != OPEN_LINK:
            raise ForgeryError("not a pixel")
        self._pass_on(tracked("opened", mark, request, self._doors.now()))
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

    def _call(self, call: str, request: Request) -> Response:
        """Take a call of a program. Unlike a click it can be made again, so what cannot be queued is refused."""
        try:
            if call == "receipts/webhook":
                return self._receipt(request)
            if call == "messages":
                return self._message(request)
            return self._take_in(call, request)
        except PayloadError as error:
            name, problem = error.args
            return told(400, {"error": problem, "field": name})
        except OSError as error:
            logger.error("a call was not taken: %s", error)  # noqa: TRY400 - the fact, not our stack
            busy = told(503, {"error": "nothing was taken; please send it again"})
            return Response(503, {**busy.headers, **RETRY_AFTER}, busy.body)

    def _take_in(self, call: str, request: Request) -> Response:
        kind, _, tool = call.partition("/")
        if kind == "cohorts":
            taken = self._cohorts.take(tool, request.headers, request.body)
        else:
            taken = self._intake.take(call, request.headers, request.body, request.ip)
        if taken.happenings:
            self._doors.queue.send(_bodies(taken.happenings))
        return told(taken.status, taken.answer)

    def _receipt(self, request: Request) -> Response:
        """Queue what a provider says; it calls again where the queue refuses, and repeats count once."""
        if len(request.body) > MAX_CALL:
            return told(413, {"error": "too large", "limit": MAX_CALL})
        try:
            receipt = receipt_in(request.headers, request.body, self._doors.webhook_key(), self._doors.now())
        except SignatureError:
            return told(401, {"error": "the signature is missing, wrong or too old"})
        self._doors.queue.send([json.dumps(receipt)])
        return told(200, {"success": True})

    def _message(self, request: Request) -> Response:
        """Queue that a message was shown or clicked, told by an app or a service worker with its send id."""
        if len(request.body) > MAX_CALL:
            return told(413, {"error": "too large", "limit": MAX_CALL})
        kind, mark, told_id = message_in(request.body, self._doors.keys)
        # A device that was offline repeats what it is not sure of; and no bot has the send id.
        happening = {**tracked(kind, mark, request, self._doors.now(), HUMAN), "id": told_id}
        self._doors.queue.send([json.dumps(happening)])
        return told(200, {"success": True})


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
