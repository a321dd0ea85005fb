"""Lines of bounded length from a stream of bytes, each decoded by itself."""

import io
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cli.reading.encoding import UTF8, detect
from cli.reading.rows import MAX_RAW, MAX_RECORD

_ASCII: Final = "ascii"


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is no text we can take."""

    reason: str
    raw: str


class Lines:
    """The lines of a stream; the encoding is settled by the first line that is not ASCII."""

    def __init__(self, stream: io.BufferedReader, encoding: str | None) -> None:
        self._stream = stream
        self._encoding = encoding or _ASCII
        self._returned: deque[str | BadLine] = deque()

    @property
    def encoding(self) -> str:
        """The encoding, as far as it is known; ASCII is UTF-8."""
        return UTF8 if self._encoding == _ASCII else self._encoding

    def read(self) -> str | BadLine | None:
        """Read the next line without its end; None after the last."""
        if self._returned:
            return self._returned.popleft()
        line = self._stream.readline(MAX_RECORD + 1)
        if not line:
            return None
        if len(line) > MAX_RECORD:
            return self._too_long(line)
        if self._encoding == _ASCII and not line.isascii():
            self._encoding = self._settled(line)
        return _decoded(line, UTF8 if self._encoding == _ASCII else self._encoding)

    def give_back(self, lines: Iterable[str | BadLine]) -> None:
        """Let `lines` be read again, before all others."""
        self._returned.extendleft(reversed(list(lines)))

    def _too_long(self, start: bytes) -> BadLine:
        piece = start
        while piece and not piece.endswith(b"\n"):
            piece = self._stream.readline(MAX_RECORD)
        raw = start[:MAX_RAW].decode(self.encoding, "replace")
        return BadLine(f"the line is longer than {MAX_RECORD:,} bytes", raw)

    def _settled(self, line: bytes) -> str:
        # The rest of the buffer as evidence: one short name alone can be valid in both encodings.
        ahead = self._stream.peek()
        return detect(line + ahead[: ahead.rfind(b"\n") + 1]) or _ASCII


def _decoded(line: bytes, encoding: str) -> str | BadLine:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        raw = line[:MAX_RAW].decode(encoding, "replace").rstrip("\r\n")
        return BadLine(f"bytes that are not {encoding.upper()} text", raw)
    if "\0" in text:
        return BadLine("a NUL byte in the row", text[:MAX_RAW].rstrip("\r\n"))
    return text.rstrip("\r\n")
