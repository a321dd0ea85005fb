"""A campaign as its author writes it: goal, audience, time, message, limits."""

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Final, Literal, Self

from pydantic import BeforeValidator, Field, PlainSerializer, ValidationError, WithJsonSchema, model_validator

from dangol.domain.channel import SESSION, ChannelName
from dangol.domain.goal import Goal, Target
from dangol.domain.message import CallToAction, MessagePart, MessageText, merge, misfits
from dangol.domain.node import Node, wrong
from dangol.domain.project import Purpose
from dangol.domain.quantities import Count, PositiveDuration, Rate, Share, Text, format_duration, parse_duration
from dangol.domain.segment import Exclusion, Segment
from dangol.domain.session import Show
from dangol.domain.timing import LocalTime, ScheduleRule, Weekday
from dangol.domain.utm import Utm
from dangol.domain.winner import WinnerTest

__all__ = [
    "MAX_VARIANTS",
    "RESERVED",
    "SLUG",
    "AudienceLimit",
    "CallToAction",
    "Campaign",
    "Goal",
    "Limits",
    "LocalTime",
    "MessagePart",
    "MessageText",
    "ScheduleRule",
    "StopWhen",
    "Target",
    "TraitArm",
    "Variant",
    "Weekday",
    "merge",
]
MAX_VARIANTS: Final = 16
# Named in the design and not built yet.
RESERVED: Final = frozenset({"channels", "messages", "trigger", "coupon", "people"})
SLUG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
# What reports call the people who get nothing.
_HOLDOUT: Final = "holdout"


class Variant(Node):
    """One way of saying it; what it gives merges deeply into the campaign."""

    name: Text
    weight: Count = Field(default=1, ge=0, le=1_000)
    appeal: Text | None = None
    message: MessagePart | None = None


class TraitArm(Node):
    """The split was drawn elsewhere and stands in a trait."""

    trait: Text
    holdout: Text | None = Field(default=None, description="the trait's value of those who get nothing")


class AudienceLimit(Node):
    """The run does not start where the audience is outside."""

    min: Annotated[Count, Field(ge=0)] | None = None
    max: Annotated[Count, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


class StopWhen(Node):
    """The run pauses itself above these shares."""

    failed: Share | None = None
    unsubscribed: Share | None = None


class Limits(Node):
    """How fast, how late and how many."""

    reserved: ClassVar[frozenset[str]] = frozenset({"ramp"})

    rate: Rate | None = None
    expires: PositiveDuration | None = None
    audience: AudienceLimit | None = None
    stop_when: StopWhen | None = None


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


class Campaign(Node):
    """The whole of `campaigns/<id>.yaml`, segments read in."""

    reserved: ClassVar[frozenset[str]] = RESERVED

    title: Text
    goal: Goal | None = None
    also: tuple[Text, ...] = ()
    audience: Segment
    exclude: tuple[Exclusion, ...] = ()
    schedule: ScheduleRule | None = None
    purpose: Purpose
    channel: ChannelName
    show: Show | None = Field(default=None, description="of in_web and in_app: when and how it is shown")
    appeal: Text | None = None
    message: MessageText
    variants: tuple[Variant, ...] = Field(default=(), max_length=MAX_VARIANTS)
    test: WinnerTest | None = None
    holdout: Share | None = None
    assign_by: TraitArm | None = None
    attribution: Literal["last", "any"] = "last"
    on_inexact: Literal["stop", "skip"] = Field(
        default="stop",
        description="where the kept history cannot tell of somebody: stop, or leave them out",
    )
    once_per: OncePer | None = None
    on_unknown: Literal["leave", "resend"] = Field(
        default="leave", description="resend: whoever was in doubt is sent to once more, and may get it twice"
    )
    limits: Limits = Limits()
    utm: Utm | None = Field(default=None, description="added to the links, for the shop's own web analytics")

    @model_validator(mode="after")
    def _arms(self) -> Self:
        names = [v.name for v in self.variants]
        if len(set(names)) != len(names):
            raise wrong("two variants have the same name", "variants")
        if {_HOLDOUT, self.assign_by.holdout if self.assign_by else None} & set(names):
            raise wrong("a variant has the name of the holdout; give it another", "variants")
        if self.assign_by and self.holdout is not None:
            raise wrong("assign_by names its own holdout; take this line out", "holdout")
        if self.assign_by and not names:
            raise wrong("assign_by needs variants, named as the trait's values are", "assign_by")
        if names and not sum(v.weight for v in self.variants):
            raise wrong("every variant has weight 0", "variants")
        return self

    @model_validator(mode="after")
    def _test_can_be_decided(self) -> Self:
        if self.test is None:
            return self
        if sum(1 for variant in self.variants if variant.weight) <= 1:
            raise wrong("a test needs two variants with a weight", "test")
        if self.assign_by:
            raise wrong("assign_by draws the split elsewhere, so nobody is left for a winner; take one out", "test")
        if self.test.by == "conversion_rate" and self.goal is None:
            raise wrong("conversion_rate counts the goal, and there is none; write goal, or click_rate", "test", "by")
        if self.limits.expires and self.limits.expires <= self.test.decide_after:
            problem = "the campaign expires before the winner is decided; expires must be longer"
            raise wrong(problem, "test", "decide_after")
        return self

    @model_validator(mode="after")
    def _whole_messages(self) -> Self:
        for index, variant in enumerate(self.variants):
            try:
                self.message_of(variant)
            except ValidationError:
                raise wrong("both label and link are needed", "variants", index, "message", "cta") from None
        for message in self.messages():
            for field, problem in misfits(message, self.channel):
                raise wrong(problem, "message", field)
        return self

    @model_validator(mode="after")
    def _alimtalk_informs(self) -> Self:
        if self.channel == "alimtalk" and self.purpose == "marketing":
            raise wrong(
                "AlimTalk carries information only, and Kakao approves no template that advertises; "
                "advertise by sms or email, or write purpose: information where it is none",
                "purpose",
            )
        return self

    @model_validator(mode="after")
    def _brand_messages_advertise(self) -> Self:
        if self.channel == "brand_message" and self.purpose == "information":
            raise wrong(
                "Kakao labels every brand message as advertising; "
                "write purpose: marketing, or send what is information as an AlimTalk",
                "purpose",
            )
        return self

    @model_validator(mode="after")
    def _said_where_it_is_shown(self) -> Self:
        if self.show is not None and self.channel not in SESSION:
            raise wrong(f"{self.channel} is not shown inside a session; show is for in_web and in_app", "show")
        return self

    def message_of(self, variant: Variant | None) -> MessageText:
        """The message of a variant: the campaign's own, with the variant's merged in."""
        if variant is None or variant.message is None:
            return self.message
        base = self.message.model_dump(by_alias=True, exclude_unset=True)
        part = variant.message.model_dump(by_alias=True, exclude_unset=True)
        return MessageText.model_validate(merge(base, part))

    def messages(self) -> list[MessageText]:
        """The message of each variant, or the one message."""
        return [self.message_of(v) for v in self.variants] or [self.message]
