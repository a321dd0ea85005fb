"""Which kind of file it is, by its first bytes; what cannot be read is said with what to do."""

import re
from typing import Final

from dangol.domain.errors import InputError

GZIP: Final = b"\x1f\x8b"
UTF8_MARK: Final = b"\xef\xbb\xbf"
_SAVE_AS: Final = "save it as CSV UTF-8 (CSV UTF-8(쉼표로 분리)로 저장해 주세요)"
_REFUSED: Final = {
    b"PK\x03\x04": f"an Excel workbook (.xlsx) or a zip archive: {_SAVE_AS}",
    b"\xd0\xcf\x11\xe0": f"an old Excel workbook (.xls), or one with a password: {_SAVE_AS}",
    b"PAR1": "a Parquet file: write it as CSV or JSON lines",
    b"SQLite format 3": "an SQLite database: write its table as CSV",
    b"BZh": "compressed with bzip2: unpack it, or compress it with gzip",
    b"(\xb5/\xfd": "compressed with zstd: unpack it, or compress it with gzip",
    b"7z\xbc\xaf": "a 7z archive: unpack it",
    b"%PDF": "a PDF: import the table it was made from, as CSV",
}
_HTML: Final = re.compile(rb"\s*<(!doctype|html|head|table|meta|\?xml)", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?\d+([.,]\d+)*")
_CERTAINLY_DATA: Final = re.compile(r"\S+@\S+\.\S+|\d{4}-\d{2}-\d{2}.*")


def refuse_other_formats(start: bytes) -> None:
    """Raise `InputError` where a file's first bytes are not those of a text table."""
    for magic, problem in _REFUSED.items():
        if start.startswith(magic):
            raise InputError(f"this is {problem}")
    if _HTML.match(start.removeprefix(UTF8_MARK)):
        raise InputError(f"this is a web page or XML, whatever its name says: {_SAVE_AS}")


def refuse_other_texts(start: str) -> None:
    """Raise `InputError` where a text is not one that holds a row per line."""
    if not start.strip():
        raise InputError("the file is empty")
    if start.lstrip().startswith("["):
        raise InputError("this is a JSON array: write one object per line (JSON lines)")
    if "\r" in start and "\n" not in start:
        raise InputError(f"its lines end in CR alone, as on an old Mac: {_SAVE_AS}")


def refuse_bad_header(names: tuple[str, ...]) -> None:
    """Raise `InputError` where the first line does not name the columns, each by a name of its own."""
    named = [name for name in names if name]
    if not named:
        raise InputError("the first line names no column")
    doubled = sorted({name for name in named if named.count(name) > 1})
    if doubled:
        raise InputError(f"columns of the same name in the header: {', '.join(doubled)}")
    numbers = sum(bool(_NUMBER.fullmatch(name)) for name in named)
    if 2 * numbers >= len(named) or any(_CERTAINLY_DATA.fullmatch(name) for name in named):
        raise InputError(
            "the first line looks like a person's row, not like a header: put a line with the columns' names above it"
        )
