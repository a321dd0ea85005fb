"""A definition file's text, as its author saved it."""

import codecs
import unicodedata
from pathlib import Path
from typing import Final

from cli.definitions.wording import advice
from cli.problems import Problem, Problems

MAX_SIZE: Final = 1_000_000
_OTHER_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE: Final = "save it as UTF-8"


def read_source(path: Path, name: str, locale: str = "ko") -> str:
    """Read a file as UTF-8 text in NFC, with line ends made one; `name` stands in the problems.

    Raises:
        Problems: it is not there, not UTF-8, empty or far too large.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise _refused(name, _unreadable(error)) from error
    if len(raw) > MAX_SIZE:
        raise _refused(name, f"has {len(raw):,} bytes, which no definition needs; is it the right file?")
    text = _decoded(raw, name, locale)
    if not text.strip():
        raise _refused(name, "is empty", "dangol init writes an example")
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decoded(raw: bytes, name: str, locale: str) -> str:
    if raw.startswith(_OTHER_MARKS):
        raise _refused(name, "is saved as UTF-16", advice(_SAVE, locale))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Problems([Problem(name, line, "", _encoding(raw), advice(_SAVE, locale))]) from error


def _encoding(raw: bytes) -> str:
    try:
        raw.decode("cp949")
    except UnicodeDecodeError:
        return "is not UTF-8 text"
    return "is saved as CP949 (EUC-KR)"


def _unreadable(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is not there"
    return "is a folder" if isinstance(error, IsADirectoryError) else f"cannot be read: {error.strerror}"


def _refused(name: str, problem: str, hint: str = "") -> Problems:
    return Problems([Problem(name, None, "", problem, hint)])
