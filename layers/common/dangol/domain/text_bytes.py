"""How Korean carriers count a text message: in bytes of EUC-KR, one or two a character.

The limits are those of the carriers as SOLAPI and NHN Cloud publish them: 90 bytes for an SMS, 2,000 for an LMS with
a title of 40. https://docs.nhncloud.com/en/Notification/SMS/en/api-guide/
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

TextType = Literal["sms", "lms"]

SMS_BYTES: Final = 90
LMS_BYTES: Final = 2_000
TITLE_BYTES: Final = 40
_ASCII: Final = 0x80
_WIDE: Final = 2


@dataclass(frozen=True, slots=True)
class Foreign:
    """A character that EUC-KR lacks: which one, where in the text (from 0), and in which line (from 1)."""

    character: str
    position: int
    line: int


@lru_cache(maxsize=4_096)
def width(character: str) -> int:
    """How many bytes a character takes; 0 where EUC-KR lacks it."""
    if ord(character) < _ASCII:
        return 1
    try:
        # Python's codec spells a syllable outside KS X 1001 as a sequence of eight bytes, which no phone reads.
        return _WIDE if len(character.encode("euc_kr")) == _WIDE else 0
    except UnicodeEncodeError:
        return 0


def text_bytes(text: str) -> int:
    """How many bytes carriers count; a character that EUC-KR lacks counts two, as whatever replaces it does."""
    return sum(width(character) or _WIDE for character in text)


def foreign(text: str) -> Sequence[Foreign]:
    """The characters of `text` that EUC-KR lacks, in their order."""
    return [
        Foreign(character, position, text.count("\n", 0, position) + 1)
        for position, character in enumerate(text)
        if not width(character)
    ]


def text_type(text: str, title: str = "") -> TextType:
    """What `text` is sent as: an SMS where it fits and has no title, which an SMS cannot show; else an LMS."""
    return "lms" if title or text_bytes(text) > SMS_BYTES else "sms"
