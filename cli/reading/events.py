"""Rows read as events: who did what, when, for how much."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

from cli.reading.columns import EventMapping
from cli.reading.jsonlines import cell
from cli.reading.properties import Named
from cli.reading.rows import MAX_RAW, CellError, Rejected, Row
from cli.reading.source import Source
from cli.reading.values import amount, event_name, identifier, person_id

_ID_HEX: Final = 24


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something a person did, as one row tells; `at` is in UTC."""

    id: str
    user_id: str
    event: str
    at: datetime
    value: Decimal | None
    properties: dict[str, Any]
    row: int


class RowIds:
    """Ids for rows without one: the file's content, the event's name and the row's number.

    The name takes part because one file may be imported once per event (a visit, a purchase).
    """

    def __init__(self, content_hash: str) -> None:
        self._content_hash = content_hash
        self._prefixes: dict[str, str] = {}

    def of(self, event: str, row: int) -> str:
        """Make the id of one row."""
        prefix = self._prefixes.get(event)
        if prefix is None:
            prefix = sha256(f"{self._content_hash}\n{event}".encode()).hexdigest()[:_ID_HEX]
            self._prefixes[event] = prefix
        return f"{prefix}-{row}"


def read_events(source: Source, mapping: EventMapping) -> Iterator[EventRow | Rejected]:
    """Check the columns at once, then read row by row. Raises `DefinitionError`, `InputError`.

    Without an id column the file is read twice: first for the hash that its ids are made of.
    """
    source.require(mapping.columns())
    ids = RowIds(source.content_hash()) if mapping.id is None else None
    taken = (column for option, column in mapping.columns() if option == "--map")
    properties = Named(source, mapping.properties, taken=taken, nested="properties")
    return _read(source, _EventReader(mapping, ids, properties))


def _read(source: Source, reader: "_EventReader") -> Iterator[EventRow | Rejected]:
    for row in source.rows():
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            yield reader.event(row)
        except CellError as error:
            yield Rejected(row.number, str(error), row.raw[:MAX_RAW])


class _EventReader:
    def __init__(self, mapping: EventMapping, ids: RowIds | None, properties: Named) -> None:
        self._mapping = mapping
        self._ids = ids
        self._properties = properties

    def event(self, row: Row) -> EventRow:
        mapping, cells = self._mapping, row.cells
        name = self._name(row)
        value = None if mapping.value is None else cell(cells, mapping.value)
        return EventRow(
            id=self._id(row, name),
            user_id=person_id(cell(cells, mapping.user_id), mapping.user_id),
            event=name,
            at=mapping.times.read(cell(cells, mapping.time), mapping.time),
            value=None if value is None else amount(value, mapping.value or ""),
            properties=self._properties.read(row),
            row=row.number,
        )

    def _name(self, row: Row) -> str:
        column = self._mapping.event
        if column is None:
            return self._mapping.name or ""
        return event_name(cell(row.cells, column), column)

    def _id(self, row: Row, name: str) -> str:
        if self._ids is not None:
            return self._ids.of(name, row.number)
        column = self._mapping.id or ""
        return identifier(cell(row.cells, column), column)
