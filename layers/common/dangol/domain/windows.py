"""From when to when a condition looks."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from dangol.domain.behaviour import Windowed
from dangol.domain.comparing import limit
from dangol.domain.moment import Moment

_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


def span(window: Windowed, moment: Moment) -> tuple[int | None, int]:
    """The half-open stretch `[from, to)` in epoch seconds; None for ever before, and never beyond the moment."""
    now = moment.seconds
    if window.within is not None:
        return now - int(window.within.total_seconds()), now
    if window.since is not None:
        return _second(window.since, moment), now
    if window.between is not None:
        begin, end = (_second(text, moment) for text in window.between)
        return begin, min(end, now)
    if window.during is not None:
        first, after = _DAYS[window.during](moment.at.astimezone(moment.zone).date())
        return _midnight(first, moment), min(_midnight(after, moment), now)
    return None, now


def _second(text: str, moment: Moment) -> int:
    return int(limit(text, moment.at, moment.zone).timestamp())


def _midnight(day: date, moment: Moment) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=moment.zone).timestamp())


def _week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date) -> date:
    return day.replace(day=1)


def _next_month(day: date) -> date:
    return _month(_month(day) + timedelta(days=32))


_DAYS: Final[dict[str, Callable[[date], tuple[date, date]]]] = {
    "today": lambda day: (day, day + _DAY),
    "yesterday": lambda day: (day - _DAY, day),
    "this_week": lambda day: (_week(day), _week(day) + _WEEK),
    "last_week": lambda day: (_week(day) - _WEEK, _week(day)),
    "this_month": lambda day: (_month(day), _next_month(day)),
    "last_month": lambda day: (_month(_month(day) - _DAY), _month(day)),
}
