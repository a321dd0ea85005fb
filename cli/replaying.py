"""Put on the queue what `track` could not, from the lines that it wrote to its log."""

import gzip
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

from dangol.contracts import Consented, Tracked, event_work
from dangol.domain.errors import InputError
from dangol.pipeline.passing_on import left_over

_STEP: Final = 100
_GZIP: Final = b"\x1f\x8b"


class Queue(Protocol):
    """Where events go."""

    def send(self, bodies: Sequence[str]) -> None:
        """Queue the bodies. Raises where one was not taken."""
        ...


def replay(lines: Iterable[str], queue: Queue, progress: Callable[[int], None]) -> dict[str, int]:
    """Queue each event that the lines hold, once; `progress` is told how many were queued.

    What was queued already, by an earlier replay, counts once: every event has its id.
    """
    told = {"lines": 0, "events": 0, "duplicates": 0, "unreadable": 0, "queued": 0}
    seen: set[tuple[str, str]] = set()
    some: list[str] = []
    for line in lines:
        told["lines"] += 1
        try:
            event = _event(line)
        except ValueError:
            told["unreadable"] += 1
            continue
        if event is None:
            continue
        told["events"] += 1
        key = (event.kind, event.id)
        if key in seen:
            told["duplicates"] += 1
            continue
        seen.add(key)
        some.append(event.model_dump_json())
        if len(some) == _STEP:
            _queue(some, queue, told, progress)
    _queue(some, queue, told, progress)
    return told


def file_lines(path: Path) -> Iterator[str]:
    """The lines of an exported log: as text, as JSON of the AWS CLI, as CSV of the console; gzipped or not.

    Raises:
        InputError: it is no text.
    """
    raw = path.read_bytes()
    try:
        text = (gzip.decompress(raw) if raw.startswith(_GZIP) else raw).decode()
    except (ValueError, OSError, EOFError) as error:
        raise InputError(f"{path} is no text: {error}", field="--file") from error
    yield from text.splitlines()


def _event(line: str) -> Tracked | Consented | None:
    """The event of a line; None where it holds none. Raises `ValueError` where it cannot be read."""
    body = left_over(line)
    if body is None:
        return None
    event = event_work.validate_json(body)
    if isinstance(event, Tracked | Consented):
        return event
    raise ValueError("no click, open or opt-out")


def _queue(some: list[str], queue: Queue, told: dict[str, int], progress: Callable[[int], None]) -> None:
    if some:
        queue.send(some)
        told["queued"] += len(some)
        progress(told["queued"])
        some.clear()
