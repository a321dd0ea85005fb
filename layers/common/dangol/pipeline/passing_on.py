"""What happened, passed on without anybody waiting for it: queued, or whole in the log. Standard library alone."""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

logger = logging.getLogger(__name__)

# What `dangol replay` looks for in the log.
NOT_QUEUED: Final = "event not queued"
# After a wait for nothing the queue is left alone ten times as long, and whoever comes meanwhile waits for nothing.
_REST: Final = 10.0
# Nothing but our own words stands between the start of such a line's message and its event.
_LINE: Final = re.compile(rf"{NOT_QUEUED} \([^(){{}}]*\): (?=\{{)")


class EventQueue(Protocol):
    """Where happenings go."""

    def send(self, bodies: Sequence[str]) -> None:
        """Queue the bodies. Raises `OSError` where one was not taken."""
        ...


class PassingOn:
    """Queues happenings of which the person is answered in any case."""

    def __init__(self, queue: EventQueue, seconds: Callable[[], float]) -> None:
        self._queue = queue
        self._seconds = seconds
        self._resting_until = 0.0

    def __call__(self, happening: Mapping[str, Any]) -> None:
        """Queue it; where the queue is down it stands in the log, whole, for `dangol replay`."""
        body, began = json.dumps(happening), self._seconds()
        if began < self._resting_until:
            logger.error("%s (left alone): %s", NOT_QUEUED, body)
            return
        try:
            self._queue.send([body])
        except OSError as error:
            ended = self._seconds()
            self._resting_until = ended + _REST * (ended - began)
            logger.error("%s (%s): %s", NOT_QUEUED, error, body)  # noqa: TRY400 - the event matters, not our stack


def left_over(line: str) -> str | None:
    """The event that a line of the log holds, as it was to be queued; None where it holds none.

    The line may come as it was written, out of a field of JSON, or out of a field of CSV.

    Raises:
        ValueError: it holds an event that is cut off.
    """
    found = _LINE.search(line)
    if found is None:
        return None
    written = line[found.end() :]
    for spelling in _spellings(written):
        try:
            happening, _ = json.JSONDecoder().raw_decode(spelling)
        except ValueError:
            continue
        return json.dumps(happening)
    raise ValueError("an event is cut off")


def _spellings(written: str) -> Iterator[str]:
    yield written
    escaped = re.match(r'(?:[^"\\]|\\.)*', written)
    if escaped and "\\" in escaped[0]:
        yield json.loads(f'"{escaped[0]}"')
    yield written.replace('""', '"')
