"""What somebody did under one event key, packed: the latest time by itself, for filters, and everything else in one."""

import struct
from collections.abc import Mapping
from typing import Any, Final

from dangol.adapters.items import Item, binary
from dangol.domain.profile import History

# First time, number, total value, and whether values follow the times.
_HEAD: Final = struct.Struct(">IIq?")


def write_history(history: History) -> dict[str, Any]:
    """Pack a history."""
    valued = bool(history.total or any(history.values))
    head = _HEAD.pack(history.first, history.count, history.total, valued)
    count = len(history.times)
    values = struct.pack(f">{count}q", *history.values) if valued else b""
    return {"l": history.last, "b": head + struct.pack(f">{count}I", *history.times) + values}


def read_history(found: Item) -> History:
    """Read what `write_history` wrote from typed values."""
    return _read(int(found["l"]["N"]), binary(found["b"]))


def unpacked(written: Mapping[str, Any]) -> History:
    """Read what `write_history` wrote from plain values."""
    return _read(written["l"], written["b"])


def _read(last: int, packed: bytes) -> History:
    first, number, total, valued = _HEAD.unpack_from(packed)
    count = (len(packed) - _HEAD.size) // (12 if valued else 4)
    times = struct.unpack_from(f">{count}I", packed, _HEAD.size)
    values = struct.unpack_from(f">{count}q", packed, _HEAD.size + 4 * count) if valued else (0,) * count
    return History(first, last, number, total, times, values)
