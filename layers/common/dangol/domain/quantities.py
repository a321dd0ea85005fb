"""The small quantities of a definition file: `30d`, `10%`, `3%p`, `14/s`.

A message of the errors here is a fact, and after `; ` what to write instead.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, WrapValidator

_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_DURATION: Final = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_SHARE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)%", re.ASCII)
_POINTS: Final = re.compile(r"(-?\d{1,3}(?:\.\d{1,6})?)%p", re.ASCII)
_RATE: Final = re.compile(r"(\d{1,6})/s", re.ASCII)
_LONGEST: Final = timedelta(days=36_500)
_WHOLE: Final = 100
QUOTE: Final = "put it in quotes"


def parse_duration(text: object) -> timedelta:
    """Read `90s`, `15m`, `6h`, `30d` or `2w`, up to 36500d; raise ValueError otherwise."""
    if isinstance(text, timedelta):
        return text
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write it like 90s, 15m, 6h, 30d or 2w")
    duration = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    if duration > _LONGEST:
        raise ValueError(f"{text} is too long; at most {format_duration(_LONGEST)}")
    return duration


def format_duration(duration: timedelta) -> str:
    """Write a duration the way `parse_duration` reads it, in its largest whole unit."""
    seconds = int(duration.total_seconds())
    unit = next(u for u in ("d", "h", "m", "s") if seconds % _UNITS[u] == 0)
    return f"{seconds // _UNITS[unit]}{unit}"


def parse_share(text: object) -> float:
    """Read `10%` as 0.1; raise ValueError above 100% or without the sign: is 0.5 a half, or half a percent?"""
    match = _SHARE.fullmatch(text) if isinstance(text, str) else None
    if match is None or float(match[1]) > _WHOLE:
        raise ValueError(f"{text!r} is not a share; write it like 10%, from 0% to 100%")
    return float(match[1]) / _WHOLE


def parse_points(text: object) -> float:
    """Read percentage points, `3%p`, as 0.03."""
    match = _POINTS.fullmatch(text) if isinstance(text, str) else None
    if match is None or abs(float(match[1])) > _WHOLE:
        raise ValueError(f"{text!r} is not a difference in percentage points; write it like 3%p")
    return float(match[1]) / _WHOLE


def parse_rate(text: object) -> int:
    """Read `14/s` as 14 messages a second."""
    match = _RATE.fullmatch(text) if isinstance(text, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError(f"{text!r} is not a rate; write it like 14/s")
    return int(match[1])


def parse_text(value: object) -> str:
    """Take text in NFC; refuse a number, which YAML may have made of 01012345670, and what is blank."""
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not text; {QUOTE}")  # noqa: TRY004 - pydantic reports ValueError only
    if not value.strip():
        raise ValueError("is empty; write something, or take the line out")
    return unicodedata.normalize("NFC", value)


def _more_than_nothing(duration: timedelta) -> timedelta:
    if not duration:
        raise ValueError("must be longer than nothing; write it like 7d")
    return duration


def _percent(share: float) -> str:
    return f"{share * _WHOLE:.6f}".rstrip("0").rstrip(".") + "%"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,6}[smhdw]$", "examples": ["7d", "6h"]}),
]
PositiveDuration = Annotated[Duration, AfterValidator(_more_than_nothing)]
Share = Annotated[
    float,
    BeforeValidator(parse_share),
    PlainSerializer(_percent),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}(\.\d{1,6})?%$", "examples": ["10%"]}),
]
Points = Annotated[
    float,
    BeforeValidator(parse_points),
    PlainSerializer(lambda points: f"{_percent(points)}p"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,3}(\.\d{1,6})?%p$", "examples": ["3%p"]}),
]


def _kept_whole(value: object, read: Callable[[object], float]) -> float:
    """A whole number stays whole: as a float, one beyond 2^53 would become its neighbour."""
    number = read(value)
    return value if isinstance(value, int) else number


Rate = Annotated[
    int,
    BeforeValidator(parse_rate),
    PlainSerializer(lambda rate: f"{rate}/s"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,6}/s$", "examples": ["14/s"]}),
]
Text = Annotated[str, BeforeValidator(parse_text), WithJsonSchema({"type": "string", "minLength": 1})]
# Neither "3" nor true is a number here, whatever Python makes of them.
Number = Annotated[
    float, Field(strict=True), WrapValidator(_kept_whole), PlainSerializer(lambda number: number, when_used="json")
]
Count = Annotated[int, Field(strict=True)]


def fits(pattern: str, example: str) -> AfterValidator:
    """What a text has to look like, all of it; `example` is shown where it does not."""
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{text!r} does not fit here; write it like {example}")
        return text

    return AfterValidator(check)
