"""The rejects file: every bad row with its reason, so that it can be mended and imported again."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, TypeVar

from cli.reading.rows import Rejected
from dangol.domain.errors import DefinitionError, InputError

_Taken = TypeVar("_Taken")
# When this many rows have come and none could be taken, it is the mapping, not the rows.
PATIENCE: Final = 1_000


class Rejects:
    """Writes rejected rows to `path`; the file appears with the first of them.

    Raises `DefinitionError` where the rejects would overwrite the `source` they come from.
    """

    def __init__(self, source: Path, path: Path | None = None) -> None:
        self._path = path or source.with_name(f"{source.name}.rejects.csv")
        if self._path.resolve() == source.resolve():
            raise DefinitionError("this is the file to import", field="--rejects")
        self._file: IO[str] | None = None
        self._writer: Any = None
        self.count = 0
        self.first: Rejected | None = None

    @property
    def path(self) -> Path | None:
        """The file written; None while nothing was rejected."""
        return self._path if self.count else None

    def add(self, rejected: Rejected) -> None:
        """Write one row. Raises `InputError` where the file cannot be written."""
        if self._file is None:
            self._open()
            self.first = rejected
        self._writer.writerow((rejected.row, rejected.reason, rejected.raw))
        self.count += 1

    def __enter__(self) -> "Rejects":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> None:
        try:
            # With a byte order mark, or Excel shows Korean as noise.
            self._file = self._path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise InputError(
                f"cannot be written ({error.strerror}): name another with --rejects PATH",
                field=str(self._path),
            ) from error
        self._writer = csv.writer(self._file)
        self._writer.writerow(("row", "reason", "raw"))


def accepted(rows: Iterable[_Taken | Rejected], rejects: Rejects) -> Iterator[_Taken]:
    """Pass on the rows that can be taken and write down the others.

    Raises `InputError` before anything is passed on where the first 1,000 rows, or all, are
    rejected, and where there is no row at all.
    """
    taken = 0
    for row in rows:
        if not isinstance(row, Rejected):
            taken += 1
            yield row
            continue
        rejects.add(row)
        if not taken and rejects.count == PATIENCE:
            raise _nothing_taken(rejects, f"the first {PATIENCE:,} rows")
    if not taken:
        raise _nothing_taken(rejects, "all rows")


def _nothing_taken(rejects: Rejects, which: str) -> InputError:
    if rejects.first is None:
        return InputError("there is no row under the header")
    return InputError(
        f"{which} are rejected and nothing was imported; row {rejects.first.row}: "
        f"{rejects.first.reason}. Does every option name the right column? See {rejects.path}"
    )
