"""Take in what programs say: events, cohorts, receipts of providers, and what an app did with a message.

Unlike a click, a call can be made again: where the queue refuses, it is answered 503, and its SDK repeats it.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from dangol.domain.bots import HUMAN
from dangol.domain.tracking import SESSION_ID, Keys
from dangol.pipeline.cohorts import Cohorts
from dangol.pipeline.exchange import RETRY_AFTER, Request, Response, told
from dangol.pipeline.happening import tracked
from dangol.pipeline.intake import Intake
from dangol.pipeline.message_calls import message_in
from dangol.pipeline.passing_on import EventQueue
from dangol.pipeline.provider_receipts import is_door, most_bytes, receipts_at
from dangol.pipeline.remembering import Remembered
from dangol.pipeline.webhooks import MAX_CALL, PayloadError, SignatureError

if TYPE_CHECKING:
    from dangol.pipeline.session_calls import Shower

logger = logging.getLogger(__name__)

# SQS takes 1 MiB at most, and a function that reads a few of them needs room.
MAX_BODY: Final = 240_000


class Secrets(Protocol):
    """What calls are vouched for by; each fetched when it is first needed."""

    @property
    def keys(self) -> Remembered[Keys]:
        """The keys of links and send ids."""
        ...

    @property
    def write_keys(self) -> Remembered[Mapping[str, Sequence[str]]]:
        """The write keys, by source."""
        ...

    @property
    def shower(self) -> "Callable[[], Shower]":
        """What shows the messages of a session."""
        ...

    @property
    def webhook_key(self) -> Callable[[], str]:
        """The key that providers sign their receipts with."""
        ...


class Calls:
    """Answers the calls under `/v1`."""

    def __init__(self, secrets: Secrets, queue: EventQueue, now: Callable[[], datetime]) -> None:
        self._secrets = secrets
        self._queue = queue
        self._now = now
        self._intake = Intake(secrets.write_keys, now)
        self._cohorts = Cohorts(self._intake.source, now)

    def answer(self, call: str, request: Request) -> Response:
        """Answer one call; what it says is queued before it is answered 200."""
        try:
            door, _, provider = call.partition("/")
            if door == "receipts" and is_door(provider):
                return self._receipts(provider, request)
            if call == "messages":
                return self._message(request)
            return self._take_in(call, request)
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
            self._queue.send(_bodies(taken.happenings))
        return told(taken.status, taken.answer)

    def _receipts(self, provider: str, request: Request) -> Response:
        """Queue what a provider says; repeats count once."""
        limit = most_bytes(provider)
        if len(request.body) > limit:
            return told(413, {"error": "too large", "limit": limit})
        try:
            receipts = receipts_at(provider, request.headers, request.body, self._secrets.webhook_key(), self._now())
        except SignatureError:
            return told(401, {"error": "the signature is missing, wrong or too old"})
        except PayloadError as error:
            return _wrong(error)
        if receipts:
            self._queue.send(_bodies(receipts))
        return told(200, {"success": True})

    def _message(self, request: Request) -> Response:
        """Queue that a message was shown or clicked, told by an app or a service worker with its send id."""
        if len(request.body) > MAX_CALL:
            return told(413, {"error": "too large", "limit": MAX_CALL})
        try:
            kind, mark, told_id = message_in(request.body, self._secrets.keys)
        except PayloadError as error:
            return _wrong(error)
        # A device that was offline repeats what it is not sure of; and no bot has the send id.
        happening = {**tracked(kind, mark, request, self._now(), HUMAN), "id": told_id}
        self._queue.send([json.dumps(happening)])
        if mark.link == SESSION_ID:
            # At once, so that the next page does not show it again.
            self._secrets.shower().seen(mark.user_id, mark.run)
        return told(200, {"success": True})


def _wrong(error: PayloadError) -> Response:
    name, problem = error.args
    return told(400, {"error": problem, "field": name})


def _bodies(happenings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lists of happenings, each of a size that a queue takes: many small ones are larger here than as they came."""
    bodies: list[str] = []
    some: list[str] = []
    size = 0
    for happening in happenings:
        text = json.dumps(happening, ensure_ascii=False)
        length = len(text.encode())
        if some and size + length > MAX_BODY:
            bodies.append(f"[{','.join(some)}]")
            some, size = [], 0
        some.append(text)
        size += length + 1
    return [*bodies, f"[{','.join(some)}]"]
