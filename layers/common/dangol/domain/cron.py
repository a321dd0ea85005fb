"""The six fields of an EventBridge cron expression, checked before AWS sees them.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#cron-based
"""

import re
from dataclasses import dataclass
from typing import Final

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
EXAMPLE: Final = "0 10 ? * MON *"


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    # Forms of this field alone, such as the last day of the month.
    special: str = r"(?!)"

    def number(self, text: str) -> int | None:
        if text.upper() in self.names:
            return self.names.index(text.upper()) + self.low
        if not re.fullmatch(r"\d{1,4}", text, re.ASCII):
            return None
        return int(text) if self.low <= int(text) <= self.high else None

    def takes(self, part: str) -> bool:
        """Say whether `part` is `*`, a value, a range, either with a step, or this field's own form."""
        if re.fullmatch(self.special, part, re.IGNORECASE | re.ASCII):
            return True
        span, slash, step = part.partition("/")
        if slash and not re.fullmatch(r"[1-9]\d{0,3}", step, re.ASCII):
            return False
        ends = span.split("-")
        return span == "*" or (len(ends) <= 2 and None not in map(self.number, ends))  # noqa: PLR2004 - from and to


_FIELDS: Final = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31, special=r"\?|L|LW|\d{1,2}W"),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 1, 7, _WEEKDAYS, special=r"\?|L|[1-7]L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)#[1-5]"),
    _Field("year", 1970, 2199),
)
_DAY, _WEEKDAY = 2, 4


def check_cron(text: str) -> str:
    """Return `text` where EventBridge would take it; raise ValueError otherwise."""
    parts = text.split()
    if len(parts) != len(_FIELDS):
        names = " ".join(field.name for field in _FIELDS)
        raise ValueError(f"{text!r} has {len(parts)} fields where six are needed; write {names}, like {EXAMPLE}")
    for field, part in zip(_FIELDS, parts, strict=True):
        if not all(field.takes(piece) for piece in part.split(",")):
            raise ValueError(
                f"{part!r} does not fit the {field.name}; from {field.low} to {field.high}, like {EXAMPLE}"
            )
    if (parts[_DAY] == "?") == (parts[_WEEKDAY] == "?"):
        raise ValueError(f"{text!r} must have ? for the day or for the weekday, not for both; like {EXAMPLE}")
    return text
