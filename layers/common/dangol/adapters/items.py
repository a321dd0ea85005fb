"""DynamoDB's typed attributes from and to plain values."""

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from types import NoneType
from typing import Any, Final

Item = dict[str, Any]
# In characters: -2^63.
_LONGEST_INT: Final = 20


def attribute(value: Any) -> dict[str, Any]:
    """Write one value as DynamoDB types it. Raises TypeError for what it cannot hold."""
    for kinds, write in _WRITERS:
        if isinstance(value, kinds):
            return write(value)
    raise TypeError(type(value).__name__)


# The order counts: a bool is an int to Python.
_WRITERS: Final[Sequence[tuple[type | tuple[type, ...], Callable[[Any], dict[str, Any]]]]] = (
    (str, lambda value: {"S": value}),
    (bool, lambda value: {"BOOL": value}),
    ((int, Decimal), lambda value: {"N": str(value)}),
    (float, lambda value: {"N": repr(value)}),
    (bytes, lambda value: {"B": value}),
    (NoneType, lambda _: {"NULL": True}),
    (Mapping, lambda value: {"M": {str(name): attribute(inner) for name, inner in value.items()}}),
    ((set, frozenset), lambda value: {"SS": sorted(value)}),
    ((list, tuple), lambda value: {"L": [attribute(inner) for inner in value]}),
)


def item(values: Mapping[str, Any]) -> Item:
    """Write a whole item."""
    return {name: attribute(value) for name, value in values.items()}


def plain(typed: Mapping[str, Any]) -> Any:
    """Read one typed value; whole numbers become int, others float."""
    ((kind, value),) = typed.items()
    read = _READERS.get(kind)
    return read(value) if read else value


def plain_item(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Read a whole item."""
    return {name: plain(value) for name, value in typed.items()}


def _number(text: str) -> int | float:
    try:
        # What is longer was a float: DynamoDB writes 1e100 out.
        return int(text) if len(text) <= _LONGEST_INT else float(text)
    except ValueError:
        return float(text)


def decimal(typed: Mapping[str, Any]) -> Decimal:
    """Read a number exactly."""
    return Decimal(typed["N"])


def binary(typed: Mapping[str, Any]) -> bytes:
    """Read a binary value, decoded already or still as on the wire."""
    return _bytes(typed["B"])


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else b64decode(value)


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "N": _number,
    "B": _bytes,
    "M": lambda value: {name: plain(inner) for name, inner in value.items()},
    "L": lambda value: [plain(inner) for inner in value],
    "SS": frozenset,
    "NULL": lambda _: None,
}
