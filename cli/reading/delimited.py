"""Rows of CSV and its kin; a row that cannot be read costs that row and nothing else."""

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterator
from typing import Final

from cli.reading.formats import refuse_bad_header
from cli.reading.lines import BadLine, Lines
from cli.reading.rows import MAX_FIELD, MAX_LINES, MAX_RAW, MAX_RECORD, Rejected, Row
from dangol.domain.errors import InputError

DELIMITERS: Final = ",;\t"
_UNCLOSED: Final = "a quote is opened and not closed"


def sniff(header: str) -> str:
    """Tell the delimiter that a header line uses; a comma where it uses none."""
    outside = "".join(header.split('"')[0::2])
    counts = Counter(outside)
    return max(DELIMITERS, key=lambda delimiter: counts[delimiter])


class DelimitedRows:
    """The rows of a delimited text, by the columns its first line names."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        first = self._first_line()
        if first.lower().startswith("sep=") and first[4:5] in DELIMITERS:
            self.delimiter, first = first[4:5], self._first_line()
        else:
            self.delimiter = sniff(first)
        record = self._record(first)
        if isinstance(record, str):
            raise InputError(f"the header cannot be read: {record}")
        self._header = tuple(unicodedata.normalize("NFC", cell.strip()) for cell in record[0])
        refuse_bad_header(self._header)

    @property
    def columns(self) -> tuple[str, ...]:
        """The named columns; one without a name (an index that was exported along) is left out."""
        return tuple(name for name in self._header if name)

    def __iter__(self) -> Iterator[Row | Rejected]:
        """Read row by row."""
        number, blank = 0, f" {self.delimiter}"
        while (line := self._lines.read()) is not None:
            if isinstance(line, BadLine):
                number += 1
                yield Rejected(number, line.reason, line.raw)
            elif line.strip(blank):
                number += 1
                yield self._row(number, line)

    def _first_line(self) -> str:
        line = self._lines.read()
        while isinstance(line, str) and not line.strip():
            line = self._lines.read()
        if isinstance(line, str):
            return line
        raise InputError(f"the header cannot be read: {line.reason}" if line else "the file has no header")

    def _row(self, number: int, line: str) -> Row | Rejected:
        record = self._record(line)
        if isinstance(record, str):
            return Rejected(number, record, line[:MAX_RAW])
        cells, taken = record
        if len(cells) != len(self._header):
            self._lines.give_back(taken)
            return Rejected(number, self._miscounted(len(cells)), line[:MAX_RAW])
        raw = "\n".join((line, *taken)) if taken else line
        named = dict(zip(self._header, cells, strict=True))
        named.pop("", None)
        if len(raw) > MAX_FIELD:
            return self._bounded(Row(number, named, raw))
        return Row(number, named, raw)

    def _miscounted(self, count: int) -> str:
        return f"{count} cells where the header names {len(self._header)}"

    def _bounded(self, row: Row) -> Row | Rejected:
        for column, cell in row.cells.items():
            if len(cell) > MAX_FIELD:
                reason = f"column {column!r}: longer than {MAX_FIELD:,} characters"
                return Rejected(row.number, reason, row.raw[:MAX_RAW])
        return row

    def _record(self, line: str) -> tuple[list[str], list[str]] | str:
        """Cut a record that starts with `line` into cells, with the lines it took; or why not."""
        if '"' not in line:
            return line.split(self.delimiter), []
        try:
            return next(csv.reader((line,), delimiter=self.delimiter, strict=True)), []
        except csv.Error as error:
            return self._long_record(line) if "end of data" in str(error) else str(error)

    def _long_record(self, line: str) -> tuple[list[str], list[str]] | str:
        taken: list[str] = []
        try:
            reader = csv.reader(self._feed(line, taken), delimiter=self.delimiter, strict=True)
            return next(reader), taken
        except csv.Error as error:
            self._lines.give_back(taken)
            return _UNCLOSED if "end of data" in str(error) else str(error)

    def _feed(self, line: str, taken: list[str]) -> Iterator[str]:
        yield f"{line}\n"
        size = len(line)
        while len(taken) + 1 < MAX_LINES and size < MAX_RECORD:
            following = self._lines.read()
            if not isinstance(following, str):
                if following is not None:
                    self._lines.give_back([following])
                return
            size += len(following)
            taken.append(following)
            yield f"{following}\n"
