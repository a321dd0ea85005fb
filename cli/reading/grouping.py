"""Events brought together by person with flat memory: an external merge sort."""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import orjson

from cli.reading.events import EventRow

# What one run in memory may hold before it is written out, sorted.
RUN_BYTES: Final = 32 << 20
# Open files at once; macOS allows a process 256.
_MERGE_AT_ONCE: Final = 64
# A person with more events than this (a bot, a test account) comes in several pieces.
PIECE: Final = 50_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
# What a stored event costs in memory besides its bytes.
_OVERHEAD: Final = 350

# Person, microseconds, row: the order; then the event as a line of JSON.
_Key = tuple[str, int, int, bytes]


def by_person(
    events: Iterable[EventRow], *, run_bytes: int = RUN_BYTES, piece: int = PIECE
) -> Iterator[tuple[str, list[EventRow]]]:
    """Give each person's events together, in the order of time and row.

    People come in the order of their ids; one with more than `piece` events comes repeatedly.
    """
    with tempfile.TemporaryDirectory(prefix="dangol-import-") as folder:
        runs = _Runs(Path(folder), run_bytes)
        for event in events:
            runs.add(event)
        for user_id, keys in groupby(runs.merged(), key=lambda key: key[0]):
            yield from _pieces(user_id, keys, piece)


class _Runs:
    """Sorted runs: the last one in memory, the others in files."""

    def __init__(self, folder: Path, run_bytes: int) -> None:
        self._folder = folder
        self._run_bytes = run_bytes
        self._run: list[_Key] = []
        self._size = 0
        self._files: list[Path] = []
        self._written = 0

    def add(self, event: EventRow) -> None:
        """Take one event."""
        key = _packed(event)
        self._run.append(key)
        self._size += len(key[3]) + _OVERHEAD
        if self._size >= self._run_bytes:
            self._spill()

    def merged(self) -> Iterator[_Key]:
        """Give all keys in order."""
        self._run.sort()
        if not self._files:
            yield from self._run
            return
        yield from _merge(self._files, self._run)

    def _spill(self) -> None:
        self._run.sort()
        self._write(self._run)
        self._run, self._size = [], 0
        if len(self._files) >= _MERGE_AT_ONCE:
            merged, self._files = self._files, []
            self._write(_merge(merged, []))
            for path in merged:
                path.unlink()

    def _write(self, keys: Iterable[_Key]) -> None:
        path = self._folder / f"{self._written}.jsonl"
        with path.open("wb") as file:
            file.writelines(key[3] for key in keys)
        self._written += 1
        self._files.append(path)


def _merge(files: Iterable[Path], run: list[_Key]) -> Iterator[_Key]:
    with ExitStack() as stack:
        opened = [stack.enter_context(path.open("rb")) for path in files]
        yield from heapq.merge(*(map(_key, file) for file in opened), run)


def _packed(event: EventRow) -> _Key:
    at = (event.at - _EPOCH) // _MICROSECOND
    value = None if event.value is None else str(event.value)
    fields = (event.user_id, at, event.row, event.id, event.event, value, event.properties)
    # orjson leaves a kilobyte allocated behind each result; adding to it makes a copy that fits.
    return event.user_id, at, event.row, orjson.dumps(fields) + b"\n"


def _key(line: bytes) -> _Key:
    user_id, at, row, *_ = orjson.loads(line)
    return user_id, at, row, line


def _unpacked(packed: bytes) -> EventRow:
    fields: list[Any] = orjson.loads(packed)
    user_id, at, row, event_id, name, value, properties = fields
    return EventRow(
        id=event_id,
        user_id=user_id,
        event=name,
        at=_EPOCH + at * _MICROSECOND,
        value=None if value is None else Decimal(value),
        properties=properties,
        row=row,
    )


def _pieces(user_id: str, keys: Iterator[_Key], piece: int) -> Iterator[tuple[str, list[EventRow]]]:
    events: list[EventRow] = []
    for key in keys:
        events.append(_unpacked(key[3]))
        if len(events) == piece:
            yield user_id, events
            events = []
    if events:
        yield user_id, events
