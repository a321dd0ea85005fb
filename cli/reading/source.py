"""A file to import, opened as a stream of rows: memory stays flat whatever its size."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Final, cast

from cli.reading.delimited import DelimitedRows
from cli.reading.encoding import CP949, UTF8, Transcoded, detect, utf16
from cli.reading.formats import GZIP, UTF8_MARK, refuse_other_formats, refuse_other_texts
from cli.reading.jsonlines import columns_of, read_json_lines
from cli.reading.lines import Lines
from cli.reading.rows import Rejected, Row
from dangol.domain.errors import DefinitionError, InputError

_BUFFER: Final = 1 << 20
_SAMPLE: Final = 1 << 16
# Keys of JSON lines are gathered from this many rows before the file is searched for a missing one.
_KEYS_FROM: Final = 100
_BROKEN_GZIP: Final = (EOFError, gzip.BadGzipFile, zlib.error)


class Source:
    """CSV, TSV or JSON lines, gzipped or not; each `rows()` reads it from the start, one at a time.

    Raises `InputError` where the file is empty, has no header, or is of another format.
    """

    def __init__(self, reopen: Callable[[], BinaryIO], name: str, size: int | None = None) -> None:
        self.name = name
        self.size = size
        self._reopen = reopen
        self._file = reopen()
        self._stream: io.BufferedReader = io.BufferedReader(cast("io.RawIOBase", self._file))
        with self._told(), self._closed_on_error():
            self._gzipped, self._encoding, self._json = self._look()
            self._lines = self._open()
            self._delimited = None if self._json else DelimitedRows(self._lines)
            self.columns = self._delimited.columns if self._delimited else self._keys()

    @classmethod
    def at(cls, path: Path) -> "Source":
        """Open the file at `path`. Raises `InputError` where it cannot be read."""
        try:
            return cls(lambda: path.open("rb"), path.name, path.stat().st_size)
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror or error}", field=path.name) from error

    @property
    def encoding(self) -> str:
        """The encoding, as people call it; known for certain once the rows have been read."""
        name = self._encoding if self._encoding in _UTF16 else self._lines.encoding
        return _ENCODING_NAMES[name]

    @property
    def kind(self) -> str:
        """What the file is: `CSV`, `TSV` or `JSON lines`."""
        if self._delimited is None:
            return "JSON lines"
        return "TSV" if self._delimited.delimiter == "\t" else "CSV"

    @property
    def is_text(self) -> bool:
        """Whether every cell is text, as in CSV, and nothing says itself that it is a number."""
        return not self._json

    @property
    def position(self) -> int:
        """How many of the file's `size` bytes have been taken from it, for a progress bar."""
        return 0 if self._file.closed else self._file.tell()

    def rows(self) -> Iterator[Row | Rejected]:
        """Read the file row by row. Raises `InputError` where a gzipped file breaks off."""
        with self._told():
            self._lines = self._open()
            if self._json:
                yield from read_json_lines(self._lines)
            else:
                self._delimited = DelimitedRows(self._lines)
                yield from self._delimited

    def content_hash(self) -> str:
        """Hash the unpacked content (SHA-256), reading all of it; a broken gzip shows here."""
        digest = hashlib.sha256()
        with self._told():
            stream = self._unpacked()
            while piece := stream.read(_BUFFER):
                digest.update(piece)
        return digest.hexdigest()

    def require(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Raise `DefinitionError` unless every column of these (option, column) exists."""
        missing = [(option, column) for option, column in wanted if column not in self.columns]
        found = self._searched({column for _, column in missing}) if missing and self._json else set()
        for option, column in missing:
            if column not in found:
                raise DefinitionError(f"{self.name} has no column {column!r}", field=option, hint=self._hint(column))

    def close(self) -> None:
        """Close the file."""
        self._stream.close()
        self._file.close()

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hint(self, column: str) -> str:
        close = get_close_matches(column, self.columns, n=1)
        meant = f"did you mean {close[0]!r}? " if close else ""
        return f"{meant}its columns are {', '.join(self.columns)}"

    def _look(self) -> tuple[bool, str | None, bool]:
        """Tell from the file's start whether it is gzipped, its encoding, and whether it is JSON."""
        self._gzipped = self._stream.peek(2).startswith(GZIP)
        sample = self._unpacked().read(_SAMPLE)
        refuse_other_formats(sample)
        if sample.startswith(UTF8_MARK):
            encoding: str | None = UTF8
        else:
            encoding = utf16(sample) or detect(sample[: sample.rfind(b"\n") + 1] or sample)
        start = sample.decode(encoding or UTF8, "ignore").lstrip("\ufeff")
        refuse_other_texts(start)
        return self._gzipped, encoding, start.lstrip().startswith("{")

    def _unpacked(self) -> io.BufferedReader:
        self.close()
        self._file = self._reopen()
        # GzipFile reads into a buffer as a raw stream does; BufferedReader makes its lines fast.
        raw = gzip.GzipFile(fileobj=self._file) if self._gzipped else self._file
        self._stream = io.BufferedReader(cast("io.RawIOBase", raw), _BUFFER)
        return self._stream

    def _open(self) -> Lines:
        stream = self._unpacked()
        if self._encoding in _UTF16:
            stream = io.BufferedReader(Transcoded(cast("BinaryIO", stream), self._encoding), _BUFFER)
            lines = Lines(stream, UTF8)
        else:
            lines = Lines(stream, self._encoding)
        if stream.peek(3).startswith(UTF8_MARK):
            stream.read(len(UTF8_MARK))
        return lines

    def _keys(self) -> tuple[str, ...]:
        rows = islice(read_json_lines(self._lines), _KEYS_FROM)
        keys = tuple(dict.fromkeys(chain.from_iterable(_columns(row) for row in rows)))
        if not keys:
            raise InputError("it looks like JSON lines, but none of its first lines is an object")
        return keys

    def _searched(self, columns: set[str]) -> set[str]:
        found: set[str] = set()
        for row in self.rows():
            found |= columns.intersection(_columns(row))
            if found == columns:
                break
        return found

    @contextmanager
    def _closed_on_error(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except InputError as error:
            raise InputError(error.problem, field=self.name) from error
        except _BROKEN_GZIP as error:
            raise InputError("the gzip file is broken or cut off", field=self.name) from error


_UTF16: Final = ("utf-16-le", "utf-16-be")
_ENCODING_NAMES: Final = {
    UTF8: "UTF-8",
    CP949: "CP949 (EUC-KR)",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
}


def _columns(row: Row | Rejected) -> Iterable[str]:
    return columns_of(row.cells) if isinstance(row, Row) else ()
