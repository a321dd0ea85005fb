"""A file of 2 GB with broken rows in it is read with the memory of a few lines."""

import gc
import io
import sys
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from itertools import count, cycle, islice
from typing import TYPE_CHECKING, BinaryIO, cast

from cli.reading.columns import EventOptions, event_mapping
from cli.reading.events import EventRow, read_events
from cli.reading.grouping import by_person
from cli.reading.rows import Rejected
from cli.reading.source import Source

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEADER = "id,user_id,event,time,value,이름\n".encode()
TWO_GB = 2 << 30
ROWS = 100_000
# One in a hundred is broken, each in a way of its own.
BROKEN = cycle(
    [
        b"e,u1,purchase,2026-12-01\n",
        b'e,u1,purchase,2026-12-01,1,"never closed\n',
        b"e,u1,purchase,2026-12-01,1,\xff\xfe\n",
        b"e,u1,pur\0chase,2026-12-01,1,a\n",
        b"e,,purchase,2026-12-01,1,a\n",
    ]
)


def purchase(number: int) -> bytes:
    return f"e{number},u{number % 1_000},purchase,2026-12-01T10:00:00,{number},김지은\n".encode()


def rows() -> Iterator[bytes]:
    yield HEADER
    for number in count():
        yield next(BROKEN) if number % 100 == 0 else purchase(number)


def one_endless_line() -> Iterator[bytes]:
    yield HEADER
    yield purchase(1)
    yield from (b"x" * 4_096 for _ in range(25_600))
    yield b"\n"
    yield purchase(2)


class Produced(io.RawIOBase):
    """A file whose bytes are made while it is read, and never kept."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._left = self._left or b"".join(islice(self._pieces, 200))
        target = memoryview(buffer).cast("B")
        size = min(len(target), len(self._left))
        target[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


def events(pieces: Callable[[], Iterable[bytes]]) -> Iterator[EventRow | Rejected]:
    source = Source(lambda: cast("BinaryIO", Produced(pieces())), "orders.csv", TWO_GB)
    maps = ("id=id", "user_id=user_id", "event=event", "time=time", "value=value")
    return read_events(source, event_mapping(EventOptions(maps=maps)))


def peak_of(read: Iterable[object]) -> tuple[int, int]:
    """How many there were, and the most bytes held at once while reading them."""
    gc.collect()
    tracemalloc.start()
    number = sum(1 for _ in read)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return number, peak


def blocks_after(read: Iterator[object], number: int) -> int:
    """How many blocks of memory are in use after `number` more."""
    assert sum(1 for _ in islice(read, number)) == number
    gc.collect()
    return sys.getallocatedblocks()


def test_two_gigabytes_stream_in_flat_memory():
    read = events(rows)

    early, late = blocks_after(read, 10_000), blocks_after(read, ROWS)
    number, peak = peak_of(islice(read, 10_000))

    assert late - early < 1_000
    assert (number, peak < 4 << 20) == (10_000, True)


def test_one_endless_line_is_never_held():
    read, peak = peak_of(events(one_endless_line))

    assert read == 3
    assert peak < 8 << 20


def test_grouping_holds_a_run_and_a_person_at_a_time():
    taken = (row for row in islice(events(rows), 20_000) if isinstance(row, EventRow))

    people, peak = peak_of(by_person(taken, run_bytes=1 << 20))

    assert people == 990
    assert peak < 6 << 20
