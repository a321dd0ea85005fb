"""Phone numbers in the form of E.164, from the forms that people and files write them in.

A number without a country code is Korean where it can be a mobile number of Korea, and nobody's otherwise: what a
message would be sent to must not be guessed. Standard library alone: `track` starts with it.
"""

import re
from typing import Final

_FILLING: Final = re.compile(r"[\s().\u2010-\u2015-]+")
# ITU-T E.164: a country code that does not begin with 0, and at most 15 digits in all.
_INTERNATIONAL: Final = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
# 010, 011, 016 to 019; a spreadsheet may have eaten the first 0, an export may have put 82 before it.
_KOREAN_MOBILE: Final = re.compile(r"(?:\+?82)?0?(1[016789]\d{7,8})", re.ASCII)


def normalised(written: object) -> str | None:
    """The number as `+821012345678`; None where it cannot be told which one it is."""
    text = _FILLING.sub("", str(written))
    if text.startswith("00"):
        text = f"+{text[2:]}"
    if korean := _KOREAN_MOBILE.fullmatch(text):
        return f"+82{korean[1]}"
    return text if _INTERNATIONAL.fullmatch(text) else None


def domestic(number: str) -> str | None:
    """A normalised Korean number as Korean carriers dial it, `01012345678`; None for another country's."""
    return f"0{number.removeprefix('+82')}" if number.startswith("+82") else None


def digits(written: str) -> str:
    """The digits of a number as it is written, to compare how people write the same one."""
    return re.sub(r"\D", "", written)
