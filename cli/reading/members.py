"""Rows read as the members of a list: their user ids, in the forms that analytics tools export too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.reading.columns import member_column
from cli.reading.jsonlines import cell
from cli.reading.rows import MAX_RAW, CellError, Rejected
from cli.reading.source import Source
from cli.reading.values import person_id
from dangol.domain.errors import DefinitionError

# As files name it, in this order: our own name, Amplitude's cohort export, Mixpanel's.
_KNOWN: Final = ("user_id", "userid", "user id", "$user_id", "$distinct_id", "distinct_id", "distinct id", "회원번호")


@dataclass(frozen=True, slots=True)
class MemberRow:
    """Somebody on the list."""

    user_id: str


def read_members(source: Source, maps: Sequence[str]) -> Iterator[MemberRow | Rejected]:
    """Give each row's person, or why it is refused.

    Raises:
        DefinitionError: there is no such column, or none that is known to hold user ids.
    """
    column = member_column(maps) or _detected(source)
    source.require([("--map", column)])
    return _read(source, column)


def _read(source: Source, column: str) -> Iterator[MemberRow | Rejected]:
    for row in source.rows():
        if isinstance(row, Rejected):
            yield row
            continue
        try:
            yield MemberRow(person_id(cell(row.cells, column), column))
        except CellError as error:
            yield Rejected(row.number, str(error), row.raw[:MAX_RAW])


def _detected(source: Source) -> str:
    plain = {column.strip().lower(): column for column in reversed(list(source.columns))}
    for name in _KNOWN:
        if name in plain:
            return plain[name]
    hint = f"say it with --map user_id=COLUMN; its columns are {', '.join(source.columns)}"
    raise DefinitionError(f"no column of {source.name} is known to hold user ids", field="--map", hint=hint)
