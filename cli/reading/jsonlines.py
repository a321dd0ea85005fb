"""Rows of JSON lines: one object per line, its keys the columns."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from cli.reading.lines import BadLine, Lines
from cli.reading.rows import MAX_RAW, Rejected, Row


def read_json_lines(lines: Lines) -> Iterator[Row | Rejected]:
    """Read row by row; a line that is no JSON object is rejected."""
    number = 0
    while (line := lines.read()) is not None:
        if isinstance(line, BadLine):
            number += 1
            yield Rejected(number, line.reason, line.raw)
        elif line.strip():
            number += 1
            yield _row(number, line)


def _row(number: int, line: str) -> Row | Rejected:
    try:
        cells = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return Rejected(number, f"not JSON: {error}", line[:MAX_RAW])
    if isinstance(cells, dict):
        return Row(number, cells, line)
    return Rejected(number, "not a JSON object, like {…}", line[:MAX_RAW])


def columns_of(cells: Mapping[str, Any]) -> Iterator[str]:
    """Name the columns of one row; what lies in an object is reached with a dot."""
    for name, value in cells.items():
        yield name
        if isinstance(value, dict):
            yield from (f"{name}.{inner}" for inner in value)


def cell(cells: Mapping[str, Any], column: str) -> Any:  # noqa: ANN401 - a cell is any JSON value
    """Look a column up, inside objects too where its name has dots; None where it is absent."""
    value = cells.get(column)
    if value is not None or "." not in column:
        return value
    inner: Any = cells
    for part in column.split("."):
        inner = inner.get(part) if isinstance(inner, dict) else None
    return inner
