"""What a cell says: an id, an amount, a yes, a number where it is one."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from cli.reading.rows import CellError, shown

MAX_ID_BYTES: Final = 256
MAX_NAME: Final = 128
# Visitors without an account are stored under this prefix; no person's id may start so.
_ANONYMOUS: Final = "anon:"
# Sixteen digits are a card or an account, and no float holds them all.
_INTEGER: Final = re.compile(r"-?(0|[1-9]\d{0,14})", re.ASCII)
_FRACTION: Final = re.compile(r"-?(0|[1-9]\d*)\.\d+", re.ASCII)
_FRACTION_LENGTH: Final = 16
_TYPED_STARTS: Final = frozenset("-0123456789tTfF")
_BOOLEANS: Final = {"true": True, "false": False}
_AMOUNT: Final = re.compile(r"-?(\d{1,15}|\d{1,3}(,\d{3}){1,4})(\.\d{1,10})?", re.ASCII)
_MANGLED: Final = re.compile(r"\d(\.\d+)?E\+\d+", re.ASCII)
_YES: Final = frozenset({"y", "yes", "true", "1", "t", "o", "예", "네", "동의", "수신", "수신동의"})
_NO: Final = frozenset({"", "n", "no", "false", "0", "f", "x", "아니오", "아니요", "미동의", "거부", "수신거부"})


def text_of(value: object) -> str:
    """Write a cell as stripped text; JSON's null is empty."""
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def typed(text: str | None) -> str | int | float | bool | None:
    """Read a CSV cell: numbers become numbers, `true` a boolean, an empty cell None.

    What only looks like a number stays text: 01012345670, +82…, sixteen digits and more.
    """
    text = (text or "").strip()
    if not text or text[0] not in _TYPED_STARTS:
        return text or None
    if _INTEGER.fullmatch(text):
        return int(text)
    if len(text) <= _FRACTION_LENGTH and _FRACTION.fullmatch(text):
        return float(text)
    return _BOOLEANS.get(text.lower(), text) if len(text) <= len("false") else text


def person_id(value: object, column: str) -> str:
    """Read a person's id as given, only stripped. Raises `CellError`."""
    text = identifier(value, column)
    if text.startswith(_ANONYMOUS):
        raise CellError(column, f"{_ANONYMOUS!r} is kept for visitors without an account")
    if "E+" in text and _MANGLED.fullmatch(text):
        raise CellError(column, f"{text} is an id that a spreadsheet rounded: format it as text")
    return text


def identifier(value: object, column: str) -> str:
    """Read an id of 1 to 256 bytes. Raises `CellError`."""
    if isinstance(value, bool | float | list | dict):
        raise CellError(column, f"{shown(value)} is not an id: write it as text")
    text = text_of(value)
    if not text:
        raise CellError(column, "is empty")
    if len(text) * 4 > MAX_ID_BYTES and len(text.encode()) > MAX_ID_BYTES:
        raise CellError(column, f"is longer than {MAX_ID_BYTES} bytes")
    if not text.isprintable() and _has_control(text):
        raise CellError(column, f"{shown(text)} holds a control character")
    return text


def event_name(value: object, column: str) -> str:
    """Read an event's name, normalised as names in YAML files are. Raises `CellError`."""
    if value is not None and not isinstance(value, str):
        raise CellError(column, f"{shown(value)} is not the name of an event")
    text = unicodedata.normalize("NFC", text_of(value))
    if not text:
        raise CellError(column, "is empty")
    if len(text) > MAX_NAME:
        raise CellError(column, f"{shown(text)} is longer than {MAX_NAME} characters")
    if not text.isprintable() and _has_control(text):
        raise CellError(column, f"{shown(text)} holds a control character")
    return text


def amount(value: object, column: str) -> Decimal | None:
    """Read an amount, `79,000` too; None where the cell is empty. Raises `CellError`."""
    text = text_of(value)
    if not text:
        return None
    if isinstance(value, bool) or not _AMOUNT.fullmatch(text):
        raise CellError(column, f"{shown(value)} is not a number: write it like 79000 or 29.99")
    return Decimal(text.replace(",", ""))


@dataclass(frozen=True, slots=True)
class YesColumn:
    """A column that says yes or no: yes is `yes`, or a usual word for it where that is None."""

    column: str
    yes: str | None = None

    def read(self, value: object) -> bool:
        """Tell whether the cell says yes; an empty one says no. Raises `CellError`."""
        said = text_of(value).casefold()
        if self.yes is not None:
            return said == self.yes.casefold()
        if said in _YES:
            return True
        if said in _NO:
            return False
        raise CellError(self.column, f"{shown(value)} is neither yes nor no: name the yes, {self.column}:YES")


def _has_control(text: str) -> bool:
    return any(unicodedata.category(character) in {"Cc", "Cs"} for character in text)
