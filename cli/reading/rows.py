"""What a file is cut into, and the bounds that keep one broken row from swallowing the rest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# A quote that is never closed must not take the rest of the file with it.
MAX_RECORD: Final = 1_000_000
MAX_LINES: Final = 100
MAX_FIELD: Final = 32_768
# Enough of a broken row to find it again; the whole of it may be a megabyte.
MAX_RAW: Final = 4_000
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Row:
    """One row by column; `number` counts from 1, without the header and without blank lines."""

    number: int
    cells: Mapping[str, Any]
    raw: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be taken, and why."""

    row: int
    reason: str
    raw: str


class CellError(ValueError):
    """A cell that cannot be taken; told with its column."""

    def __init__(self, column: str, problem: str) -> None:
        super().__init__(f"column {column!r}: {problem}")


def shown(value: object) -> str:
    """Quote a value for a reason, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
