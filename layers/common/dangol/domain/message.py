"""What a campaign says, in the channel's own form."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Final

from pydantic import Field, model_validator

from dangol.domain.channel import ChannelName
from dangol.domain.medium import medium
from dangol.domain.node import Node, wrong
from dangol.domain.quantities import Count, Text

# What each channel cannot show; the console shows everything.
_UNSHOWN: Final[Mapping[ChannelName, tuple[str, ...]]] = {
    "email": ("title", "close", "template", "image"),
    "sms": ("title", "close", "preheader", "html", "template", "image"),
    "alimtalk": ("title", "close", "subject", "preheader", "html", "image"),
    "push": ("subject", "preheader", "html", "close", "template"),
    "web_push": ("subject", "preheader", "html", "close", "template"),
    "in_web": ("subject", "preheader", "html", "template", "image"),
    "in_app": ("subject", "preheader", "html", "template", "image"),
    "webhook": ("subject", "preheader", "html", "close", "template", "image"),
    "console": (),
}
_NEEDED: Final[Mapping[ChannelName, tuple[tuple[str, str], ...]]] = {
    "email": (("subject", "an e-mail needs a subject"),),
    "sms": (),
    "alimtalk": (("template", "an AlimTalk needs the code of its approved template"),),
    "push": (),
    "web_push": (),
    "in_web": (),
    "in_app": (),
    "webhook": (),
    "console": (),
}


class CallToAction(Node):
    """The act the message asks for, and where it leads."""

    reserved: ClassVar[frozenset[str]] = frozenset({"choices"})

    label: Text
    link: Text


class MessageText(Node):
    """What is said, in the channel's own form."""

    reserved: ClassVar[frozenset[str]] = frozenset({"choices"})

    subject: Text | None = None
    title: Text | None = None
    preheader: Text | None = None
    text: Text
    html: Text | None = None
    template: Text | None = Field(default=None, description="the code of the approved template, for alimtalk")
    close: Text | None = None
    image: Text | None = Field(default=None, description="the address of a picture, for push and web_push")
    cta: CallToAction | None = None

    @model_validator(mode="before")
    @classmethod
    def _nothing_attached(cls, told: object) -> object:
        if isinstance(told, dict) and "attachments" in told:
            raise wrong("attachments cost delivery and speed, and no click tells of them; write a link", "attachments")
        return told


class CallToActionPart(CallToAction):
    """What a variant changes about the act asked for."""

    label: Text | None = None  # type: ignore[assignment]  # a part may leave out what the whole needs
    link: Text | None = None  # type: ignore[assignment]  # a part may leave out what the whole needs


class MessagePart(MessageText):
    """What a variant says differently."""

    text: Text | None = None  # type: ignore[assignment]  # a part may leave out what the whole needs
    cta: CallToActionPart | None = None


class Variant(Node):
    """One way of saying it; what it gives merges deeply into the campaign."""

    name: Text
    weight: Count = Field(default=1, ge=0, le=1_000)
    appeal: Text | None = None
    message: MessagePart | None = None
    by_channel: dict[ChannelName, MessagePart] = Field(default_factory=dict, alias="messages")

    def parts(self, channel: ChannelName) -> tuple[MessagePart | None, MessagePart | None]:
        """What it says differently, on every channel and on this one."""
        return self.message, self.by_channel.get(channel)

    def on(self, channel: ChannelName) -> "Variant":
        """The variant as it is on one channel."""
        own = joined(*self.parts(channel))
        return self.model_copy(update={"message": MessagePart.model_validate(own) if own else None, "by_channel": {}})


def misfits(message: MessageText, channel: ChannelName) -> Iterator[tuple[str, str]]:
    """What of a message does not fit its channel: the field, and what is wrong with it."""
    for name in _UNSHOWN[medium(channel)]:
        if getattr(message, name) is not None:
            yield name, f"{channel} cannot show it; take this line out"
    for name, problem in _NEEDED[medium(channel)]:
        if getattr(message, name) is None:
            yield name, problem


def joined(*parts: MessageText | None) -> dict[str, Any]:
    """What is said, each part over the ones before it; those that say nothing are left out."""
    whole: dict[str, Any] = {}
    for part in parts:
        whole = merge(whole, part.model_dump(by_alias=True, exclude_unset=True)) if part else whole
    return whole


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge `over` into `base` deeply; lists and scalars replace."""
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = merge(merged[key], value) if both else value
    return merged
