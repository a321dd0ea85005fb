"""Rows read as people: who, their traits, and what they consented to."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.reading.columns import ProfileMapping
from cli.reading.jsonlines import cell
from cli.reading.properties import Named
from cli.reading.rows import MAX_RAW, CellError, Rejected, Row
from cli.reading.source import Source
from cli.reading.values import person_id, text_of


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A person as one row tells; `consents` holds, per channel, whether consent is given."""

    user_id: str
    traits: dict[str, Any]
    consents: dict[str, bool]
    consented_at: datetime | None
    night: bool | None
    row: int
    ip: str = ""


def read_profiles(source: Source, mapping: ProfileMapping) -> Iterator[ProfileRow | Rejected]:
    """Check the columns at once, then read row by row. Raises `DefinitionError`, `InputError`."""
    source.require(mapping.columns())
    return _read(source, mapping)


def _read(source: Source, mapping: ProfileMapping) -> Iterator[ProfileRow | Rejected]:
    taken = (column for option, column in mapping.columns() if option != "--trait")
    traits = Named(source, mapping.traits, taken=taken, nested="traits")
    for row in source.rows():
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            yield _profile(row, mapping, traits)
        except CellError as error:
            yield Rejected(row.number, str(error), row.raw[:MAX_RAW])


def _profile(row: Row, mapping: ProfileMapping, traits: Named) -> ProfileRow:
    cells, night = row.cells, mapping.night
    return ProfileRow(
        user_id=_user_id(row, mapping.user_id),
        traits=traits.read(row),
        consents={
            channel: yes is None or yes.read(cell(cells, yes.column)) for channel, yes in mapping.consents.items()
        },
        consented_at=_consented_at(row, mapping),
        night=None if night is None else night.read(cell(cells, night.column)),
        row=row.number,
        ip="" if mapping.ip is None else text_of(cell(cells, mapping.ip)) or "",
    )


def _user_id(row: Row, column: str | None) -> str:
    return str(row.number) if column is None else person_id(cell(row.cells, column), column)


def _consented_at(row: Row, mapping: ProfileMapping) -> datetime | None:
    column = mapping.consented_at
    if column is None or not text_of(value := cell(row.cells, column)):
        return None
    return mapping.times.read(value, column)
