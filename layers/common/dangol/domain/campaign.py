"""A campaign as its author writes it: goal, audience, time, message, limits."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import (
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dangol.domain.channel import BY_ID, CHANNEL_NAMES, SESSION, ChannelName
from dangol.domain.goal import Goal, Target
from dangol.domain.limits import AudienceLimit, Limits, StopWhen
from dangol.domain.medium import medium
from dangol.domain.message import CallToAction, MessagePart, MessageText, Variant, joined, merge, misfits
from dangol.domain.node import Node, wrong
from dangol.domain.project import Purpose
from dangol.domain.quantities import PositiveDuration, Share, Text
from dangol.domain.segment import Exclusion, Segment
from dangol.domain.session import Show
from dangol.domain.timing import LocalTime, OncePer, ScheduleRule, Weekday
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
RESERVED: Final = frozenset({"trigger", "coupon", "people"})
SLUG: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}", re.ASCII)
# What reports call the people who get nothing.
_HOLDOUT: Final = "holdout"
# After a receipt that comes later, the next channel is not tried any more.
FALLBACK_WITHIN: Final = timedelta(hours=1)


class TraitArm(Node):
    """The split was drawn elsewhere and stands in a trait."""

    trait: Text
    holdout: Text | None = Field(default=None, description="the trait's value of those who get nothing")


def _either(schema: dict[str, Any]) -> None:
    """One channel with its message, or several with theirs."""
    schema["required"] = [name for name in schema["required"] if name not in ("channel", "message")]
    schema["allOf"] = [
        {"anyOf": [{"required": [one]}, {"required": [many]}]}
        for one, many in (("channel", "channels"), ("message", "messages"))
    ]


class Campaign(Node):
    """The whole of `campaigns/<id>.yaml`, segments read in."""

    model_config = ConfigDict(json_schema_extra=_either)

    reserved: ClassVar[frozenset[str]] = RESERVED

    title: Text
    goal: Goal | None = None
    also: tuple[Text, ...] = ()
    audience: Segment
    exclude: tuple[Exclusion, ...] = ()
    schedule: ScheduleRule | None = None
    purpose: Purpose
    channel: ChannelName
    channels: tuple[ChannelName, ...] = Field(
        default=(), description="in this order: the next one where one cannot reach the person, or fails"
    )
    fallback_within: PositiveDuration = Field(
        default=FALLBACK_WITHIN, description="until when a receipt of failure starts the next channel"
    )
    show: Show | None = Field(default=None, description="of in_web and in_app: when and how it is shown")
    appeal: Text | None = None
    message: MessageText | None
    by_channel: dict[ChannelName, MessagePart] = Field(
        default_factory=dict, alias="messages", description="what each of `channels` says differently from `message`"
    )
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

    @model_validator(mode="before")
    @classmethod
    def _several(cls, told: object) -> object:
        """Where several channels are named, the first is the campaign's own; their messages need none in common."""
        if not isinstance(told, Mapping):
            return told
        filled = dict(told)
        if (channels := told.get("channels")) and isinstance(channels, list | tuple):
            # A name that is none is told of the list.
            filled.setdefault("channel", channels[0] if channels[0] in CHANNEL_NAMES else CHANNEL_NAMES[0])
        if "messages" in told or "by_channel" in told:
            filled.setdefault("message", None)
        return filled

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
    def _one_after_the_other(self) -> Self:
        if self.channels and self.channel != self.channels[0]:
            raise wrong("write channel for one, or channels for one after the other", "channel")
        for place, channel in enumerate(self.channels):
            if channel in BY_ID:
                raise wrong(f"{channel} cannot fail to reach somebody; write it alone, as channel", "channels", place)
            if medium(channel) in {medium(before) for before in self.channels[:place]}:
                raise wrong(f"{channel} reaches nobody whom the one before it does not", "channels", place)
        named: list[tuple[tuple[str | int, ...], Mapping[ChannelName, MessagePart]]] = [
            (("messages",), self.by_channel)
        ]
        named += [(("variants", n, "messages"), v.by_channel) for n, v in enumerate(self.variants)]
        for path, parts in named:
            if unknown := parts.keys() - set(self.steps):
                raise wrong("channels does not name it", *path, min(unknown))
        return self

    @model_validator(mode="after")
    def _whole_messages(self) -> Self:
        for channel in self.steps:
            for index, variant in enumerate((None, *self.variants), -1):
                try:
                    message = self.message_of(variant, channel)
                except ValidationError as error:
                    raise _not_whole(error, (variant, index), channel) from None
                for field, problem in misfits(message, channel):
                    raise wrong(
                        problem, *(("messages", channel) if channel in self.by_channel else ("message",)), field
                    )
        return self

    @model_validator(mode="after")
    def _alimtalk_informs(self) -> Self:
        if "alimtalk" in self.steps and self.purpose == "marketing":
            raise wrong(
                "AlimTalk carries information only, and Kakao approves no template that advertises; "
                "advertise by sms or email, or write purpose: information where it is none",
                "purpose",
            )
        return self

    @model_validator(mode="after")
    def _said_where_it_is_shown(self) -> Self:
        if self.show is not None and self.channel not in SESSION:
            raise wrong(f"{self.channel} is not shown inside a session; show is for in_web and in_app", "show")
        return self

    @property
    def steps(self) -> tuple[ChannelName, ...]:
        """The channels, in the order in which they are tried for each person."""
        return self.channels or (self.channel,)

    def on(self, channel: ChannelName) -> "Campaign":
        """The campaign as it is on one of its channels, with that channel's messages alone."""
        if not self.channels:
            return self
        told: dict[str, Any] = {
            "channel": channel,
            "channels": (),
            "by_channel": {},
            "message": self.message_of(None, channel),
            "variants": tuple(variant.on(channel) for variant in self.variants),
        }
        return self.model_copy(update=told)

    def message_of(self, variant: Variant | None, channel: ChannelName | None = None) -> MessageText:
        """The message of a variant, by default on the first channel: the campaign's own, and what differs."""
        own = self.by_channel.get(channel or self.channel)
        if own is None and variant is None and self.message is not None:
            return self.message
        theirs = variant.parts(channel or self.channel) if variant else ()
        return MessageText.model_validate(joined(self.message, own, *theirs))

    def messages(self) -> list[MessageText]:
        """The message of each variant, or the one message, on every channel."""
        arms = self.variants or (None,)
        return [self.message_of(variant, channel) for channel in self.steps for variant in arms]


def _not_whole(error: ValidationError, whose: tuple[Variant | None, int], channel: ChannelName) -> PydanticCustomError:
    """What a message lacks, where it is written."""
    lacking, (variant, index) = error.errors()[0]["loc"], whose
    own = variant is not None and channel in variant.by_channel
    place = ("messages", channel) if own or variant is None else ("message",)
    path = place if variant is None else ("variants", index, *place)
    return (
        wrong("both label and link are needed", *path, "cta")
        if lacking[0] == "cta"
        else wrong("is missing", *path, *lacking)
    )
