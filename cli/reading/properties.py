"""The cells of a row that become traits or properties, by name and typed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import orjson

from cli.reading.jsonlines import cell
from cli.reading.rows import CellError, Row
from cli.reading.source import Source
from cli.reading.values import typed

MAX_BYTES: Final = 32_768
# Rows this short need no measuring, for size or for depth.
_SURELY_SMALL: Final = 500


class Named:
    """Picks the cells that are named; without names, every cell whose column is not taken.

    An object in the column `nested` is opened: `{"properties": {"a": 1}}` is the property `a`.
    """

    def __init__(
        self,
        source: Source,
        names: Mapping[str, str] | None,
        *,
        taken: Iterable[str],
        nested: str,
    ) -> None:
        self._taken = frozenset(taken)
        self._nested = nested
        # CSV holds nothing but text; JSON says itself what is a number, and rows differ in keys.
        self._read = typed if source.is_text else _present
        if names is None and source.is_text:
            names = {name: name for name in source.columns if name not in self._taken}
        self._names = names
        self._small = _SURELY_SMALL - sum(map(len, names or ()))

    def read(self, row: Row) -> dict[str, Any]:
        """Read the typed cells that are not empty. Raises `CellError`."""
        values: dict[str, Any] = {}
        for name, value in self._cells(row.cells):
            found = self._read(value)
            if found is not None:
                values[name] = found
        if len(row.raw) > self._small:
            self._check_size(values)
        return values

    def _cells(self, cells: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        if self._names is not None:
            for name, column in self._names.items():
                yield name, cell(cells, column)
            return
        for column, value in cells.items():
            if column == self._nested and isinstance(value, dict):
                yield from self._opened(value)
            elif column not in self._taken:
                yield column, value

    def _opened(self, inner: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in inner.items():
            if f"{self._nested}.{name}" not in self._taken:
                yield name, value

    def _check_size(self, values: Mapping[str, Any]) -> None:
        sizes = {name: _size(name, value) for name, value in values.items()}
        if sum(sizes.values()) > MAX_BYTES:
            largest = max(sizes, key=lambda name: sizes[name])
            raise CellError(largest, f"with it the {self._nested} take more than 32 KB")


def _size(name: str, value: object) -> int:
    try:
        return len(orjson.dumps({name: value}))
    except orjson.JSONEncodeError as error:
        raise CellError(name, "is nested too deeply") from error


def _present(value: object) -> object:
    return None if value == "" else value
