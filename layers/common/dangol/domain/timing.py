"""When a campaign starts, as its author writes it."""

import re
from datetime import datetime, time, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from dangol.domain.cron import check_cron
from dangol.domain.node import Node
from dangol.domain.project import TimeOfDay, TimeZone
from dangol.domain.quantities import Count, PositiveDuration, Text, format_duration, parse_duration

_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?", re.ASCII)
_CLOCK: Final = re.compile(r"\d{2}:\d{2}", re.ASCII)
_KINDS: Final = ("daily", "weekly", "monthly", "cron", "every")
_LAST_COMMON_DAY: Final = 28


def _local(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(_LOCAL.fullmatch(str(value))[0])  # type: ignore[index]
    except (TypeError, ValueError):
        problem = f"{value!r} is not a local time; write 2026-12-01T10:00, and the zone under timezone:"
        raise ValueError(problem) from None


def _start(value: object) -> datetime | time:
    if isinstance(value, time | datetime):
        return value
    if isinstance(value, str) and _CLOCK.fullmatch(value):
        try:
            return time.fromisoformat(value)
        except ValueError:
            raise ValueError(f'{value!r} is not a time of day; write it like "21:00"') from None
    return _local(value)


def _format_start(at: datetime | time) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}" if isinstance(at, datetime) else f"{at:%H:%M}"


def _every_month_has(day: int) -> int:
    if not 1 <= day <= _LAST_COMMON_DAY:
        raise ValueError(f"{day} is not in every month; a day from 1 to 28")
    return day


def _whole_minutes(every: timedelta) -> timedelta:
    if every % timedelta(minutes=1):
        raise ValueError("counts whole minutes; write it like 15m")
    return every


LocalTime = Annotated[
    datetime,
    BeforeValidator(_local),
    PlainSerializer(_format_start),
    WithJsonSchema({"type": "string", "examples": ["2026-12-01T10:00"]}),
]
Start = Annotated[
    datetime | time,
    BeforeValidator(_start),
    PlainSerializer(_format_start),
    WithJsonSchema({"type": "string", "examples": ["2026-12-01T10:00", "10:00"]}),
]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class ScheduleRule(Node):
    """When the campaign starts: once, or again and again."""

    at: Start | None = Field(default=None, description="the local time of a single start, or of day")
    daily: TimeOfDay | None = None
    weekly: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = None
    monthly: Annotated[Count, AfterValidator(_every_month_has)] | None = None
    cron: Annotated[Text, AfterValidator(check_cron)] | None = Field(
        default=None, description="six fields: minute hour day month weekday year"
    )
    every: Annotated[PositiveDuration, AfterValidator(_whole_minutes)] | None = None
    until: LocalTime | None = None
    timezone: TimeZone | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if isinstance(self.at, datetime) and not kinds:
            if self.until is not None:
                raise ValueError("until: has no meaning for a single start")
            return self
        if len(kinds) != 1:
            raise ValueError("one kind of start is needed; one of at, daily, weekly, monthly, cron, every")
        self._check_time_of_day(kinds[0])
        return self

    def _check_time_of_day(self, kind: str) -> None:
        needed = kind in ("weekly", "monthly")
        if needed and not isinstance(self.at, time):
            raise ValueError(f'{kind} needs a time of day; write at: "10:00" beside it')
        if not needed and self.at is not None:
            raise ValueError(f"{kind} and at: exclude each other")


def _once(value: object) -> str | timedelta:
    try:
        return "campaign" if value == "campaign" else parse_duration(value)
    except ValueError:
        raise ValueError(f"{value!r} does not fit here; write campaign, or a duration like 90d") from None


OncePer = Annotated[
    Literal["campaign"] | timedelta,
    BeforeValidator(_once),
    PlainSerializer(lambda once: once if isinstance(once, str) else format_duration(once)),
    WithJsonSchema({"type": "string", "pattern": r"^(campaign|\d{1,6}[smhdw])$"}),
]
