"""How often, when and whether at all people may be contacted: caps, quiet hours, the global holdout."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema, model_validator

from dangol.domain.channel import SESSION, AnyChannel
from dangol.domain.medium import within
from dangol.domain.node import Node, wrong
from dangol.domain.quantities import Count, Share, format_duration, parse_duration

Purpose = Literal["marketing", "information"]
CALENDAR: Final = ("day", "week")
_TIME_OF_DAY: Final = re.compile(r"\d{2}:\d{2}", re.ASCII)
_LONGEST_CAP: Final = timedelta(days=30)


def _time_of_day(value: object) -> time:
    if isinstance(value, time):
        return value
    try:
        return time.fromisoformat(_TIME_OF_DAY.fullmatch(str(value))[0])  # type: ignore[index]
    except (TypeError, ValueError):
        raise ValueError(f'{value!r} is not a time of day; write it like "21:00"') from None


def _period(value: object) -> str | timedelta:
    if isinstance(value, str) and value in CALENDAR:
        return value
    try:
        return parse_duration(value)
    except ValueError:
        raise ValueError(f"{value!r} is not a period; write day, week, or a duration like 7d") from None


def _format_period(period: str | timedelta) -> str:
    return period if isinstance(period, str) else format_duration(period)


TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    PlainSerializer(lambda at: f"{at:%H:%M}", when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}$", "examples": ["21:00"]}),
]
Period = Annotated[
    Literal["day", "week"] | timedelta,
    BeforeValidator(_period),
    PlainSerializer(_format_period),
    WithJsonSchema({"type": "string", "pattern": r"^(day|week|\d{1,6}[smhdw])$"}),
]


class Cap(Node):
    """At most `max` messages `per` rolling window, or per calendar day or week in the person's zone.

    Whoever has had as many is skipped, or held until the cap frees within the campaign's `expires`.
    """

    max: Count = Field(ge=1, le=1_000)
    per: Period
    purpose: Purpose | None = None
    channel: AnyChannel | None = None
    then: Literal["skip", "hold"] = "skip"

    @model_validator(mode="after")
    def _caps_something(self) -> Self:
        if self.purpose == "information":
            raise wrong("caps never hold information back; take this cap out, or write marketing", "purpose")
        return self

    @model_validator(mode="after")
    def _within_memory(self) -> Self:
        if isinstance(self.per, timedelta) and not timedelta(0) < self.per <= _LONGEST_CAP:
            raise ValueError("a cap's window is at least 1s and at most 30d")
        return self


class QuietHours(Node):
    """When a purpose stays silent, in the person's time zone: on all channels but `except`, or on `channels` alone."""

    from_: TimeOfDay = Field(alias="from")
    to: TimeOfDay
    channels: tuple[AnyChannel, ...] | None = Field(default=None, min_length=1)
    except_: tuple[AnyChannel, ...] = Field(default=(), alias="except")
    then: Literal["hold", "drop"] = "hold"

    @model_validator(mode="after")
    def _some_time(self) -> Self:
        if self.from_ == self.to:
            raise ValueError("from and to are the same time")
        if self.channels is not None and self.except_:
            raise wrong("channels and except exclude each other", "except")
        return self

    def on(self, channel: str) -> bool:
        """Whether the hours hold for `channel`; a session, whose person is awake, has to be named."""
        if self.channels is not None:
            return any(within(channel, name) for name in self.channels)
        return channel not in SESSION and not any(within(channel, name) for name in self.except_)


# Art. 50(3) of Korea's Network Act and Art. 61(2) of its decree except e-mail; Kakao stops brand messages at 20:50.
KOREA: Final = (
    QuietHours(from_=time(21), to=time(8), except_=("email",)),
    QuietHours(from_=time(20, 50), to=time(8), channels=("brand_message",)),
)


def _rules(value: object) -> object:
    """One rule may stand without its brackets."""
    return [value] if isinstance(value, Mapping | QuietHours) else value


def _plain(rules: tuple[QuietHours, ...]) -> Any:  # noqa: ANN401 - as the file says it
    dumped = [rule.model_dump(mode="json", by_alias=True, exclude_defaults=True) for rule in rules]
    return dumped[0] if len(dumped) == 1 else dumped


Rules = Annotated[
    tuple[QuietHours, ...],
    BeforeValidator(_rules, json_schema_input_type=QuietHours | tuple[QuietHours, ...]),
    PlainSerializer(_plain, when_used="json"),
]


class QuietHoursByPurpose(Node):
    """The quiet hours of each purpose, beside those of a country's law."""

    preset: Literal["korea"] | None = None
    marketing: Rules = ()
    information: Rules = ()

    def of(self, purpose: Purpose, channel: str) -> tuple[QuietHours, ...]:
        """The quiet hours that hold for a message."""
        law = KOREA if self.preset == "korea" and purpose == "marketing" else ()
        own = self.marketing if purpose == "marketing" else self.information
        return tuple(hours for hours in (*law, *own) if hours.on(channel))


def _preset(value: object) -> object:
    return {"preset": value} if isinstance(value, str) else value


QuietRules = Annotated[
    QuietHoursByPurpose, BeforeValidator(_preset, json_schema_input_type=Literal["korea"] | QuietHoursByPurpose)
]


class GlobalHoldout(Node):
    """The share of all people who get no advertising at all, drawn anew at the start of each period."""

    share: Share
    renew: Literal["monthly", "quarterly", "yearly"] = "quarterly"
