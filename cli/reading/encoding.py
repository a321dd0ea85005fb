"""Which encoding a file is in: UTF-8, CP949 (which Excel in Korea writes) or UTF-16."""

import codecs
import io
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

UTF8: Final = "utf-8"
CP949: Final = "cp949"
UTF16_MARKS: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# Marks, in transcoded text, what the original could not say: never valid UTF-8.
_BROKEN: Final = b"\xff"
_PIECE: Final = 65_536


def detect(sample: bytes) -> str | None:
    """Tell the encoding that reads the most lines of `sample`; None where no line tells."""
    lines = [line for line in sample.split(b"\n") if not line.isascii()]
    readable = {name: sum(_reads(line, name) for line in lines) for name in (UTF8, CP949)}
    if not any(readable.values()):
        return None
    return CP949 if readable[CP949] > readable[UTF8] else UTF8


def utf16(sample: bytes) -> str | None:
    """Tell which UTF-16 `sample` is in, by its mark or, without one, by its NUL bytes."""
    if sample[:2] in UTF16_MARKS:
        return UTF16_MARKS[sample[:2]]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 5 < len(sample):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _reads(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class Transcoded(io.RawIOBase):
    """A UTF-16 stream as UTF-8, so that lines can be cut at newline bytes."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Fill `buffer` with UTF-8; 0 at the end."""
        target = memoryview(buffer).cast("B")
        while not self._ready and not self._ended:
            self._ready = self._next_piece()
        count = min(len(target), len(self._ready))
        target[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _next_piece(self) -> bytes:
        piece = self._stream.read(_PIECE)
        self._ended = not piece
        text = self._decoder.decode(piece)
        # Half a character at the end, and lone surrogates inside, make their line undecodable.
        left_over = _BROKEN if self._ended and self._decoder.getstate()[0] else b""
        return text.encode(UTF8, "surrogatepass") + left_over
