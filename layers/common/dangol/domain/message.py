"""What a campaign says, in the channel's own form."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from dangol.domain.channel import ChannelName
from dangol.domain.node import Node, wrong
from dangol.domain.quantities import Count, Text

# What brand messages alone have.
_BRAND: Final = ("wide", "buttons", "coupon")
_TEXT: Final = ("title", "close", "preheader", "html", "template", *_BRAND)
# What each channel cannot show; the console shows everything.
_UNSHOWN: Final[Mapping[ChannelName, tuple[str, ...]]] = {
    "email": ("title", "close", "template", "image", *_BRAND),
    "sms": _TEXT,
    "lms": (*_TEXT, "image"),
    "mms": _TEXT,
    "alimtalk": ("title", "close", "subject", "preheader", "html", "image", *_BRAND),
    "brand_message": ("title", "close", "subject", "preheader", "html", "template"),
    "push": ("subject", "preheader", "html", "close", "template", *_BRAND),
    "web_push": ("subject", "preheader", "html", "close", "template", *_BRAND),
    "in_web": ("subject", "preheader", "html", "template", "image", *_BRAND),
    "in_app": ("subject", "preheader", "html", "template", "image", *_BRAND),
    "webhook": ("subject", "preheader", "html", "close", "template", "image", *_BRAND),
    "console": (),
}
# Channels whose picture the reader's device fetches.
_BY_ADDRESS: Final = frozenset({"push", "web_push"})
# The fields that are templates.
_COPY: Final = ("subject", "title", "preheader", "text", "html", "close")
_NEEDED: Final[Mapping[ChannelName, tuple[tuple[str, str], ...]]] = {
    "email": (("subject", "an e-mail needs a subject"),),
    "sms": (),
    "lms": (),
    "mms": (("image", "an MMS needs a picture; write image: with a JPG file"),),
    "brand_message": (),
    "alimtalk": (("template", "an AlimTalk needs the code of its approved template"),),
    "push": (),
    "web_push": (),
    "in_web": (),
    "in_app": (),
    "webhook": (),
    "console": (),
}


# What a channel may not be used for, and what to do instead.
MISUSED: Final[Mapping[tuple[ChannelName, str], str]] = {
    ("alimtalk", "marketing"): (
        "AlimTalk carries information only, and Kakao approves no template that advertises; "
        "advertise by sms or email, or write purpose: information where it is none"
    ),
    ("brand_message", "information"): (
        "Kakao labels every brand message as advertising; "
        "write purpose: marketing, or send what is information as an AlimTalk"
    ),
}


class CallToAction(Node):
    """The act the message asks for, and where it leads."""

    reserved: ClassVar[frozenset[str]] = frozenset({"choices"})

    label: Text
    link: Text


class Coupon(Node):
    """A coupon below a brand message."""

    title: Text
    description: Text
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
    cta: CallToAction | None = None
    image: Text | None = Field(
        default=None,
        description="a JPG file, seen from the campaign's, for mms, sms and brand_message; an address for pushes",
    )
    wide: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="of brand_message: the picture is as wide as the screen"
    )
    buttons: tuple[CallToAction, ...] | None = Field(
        default=None, description="of brand_message: further buttons below that of cta"
    )
    coupon: Coupon | None = Field(default=None, description="of brand_message")

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
    for name in _UNSHOWN[channel]:
        if getattr(message, name) is not None:
            yield name, f"{channel} cannot show it; take this line out"
    for name, problem in _NEEDED[channel]:
        if getattr(message, name) is None:
            yield name, problem
    if channel in _BY_ADDRESS and message.image and not is_address(message.image):
        yield "image", f"{channel} shows a picture by its address; write https://…"
    if message.wide and message.image is None:
        yield "wide", "a wide brand message needs a picture; write image: with a JPG file"


def is_address(image: str) -> bool:
    """Whether a picture is named by where it is on the web, as pushes do, and not by its file."""
    return "://" in image or "{{" in image


def sources(message: MessageText) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every template of a message, with its place in it; what is not said is left out."""
    nodes: list[tuple[tuple[str | int, ...], Node | None, tuple[str, ...]]] = [
        ((), message, (*_COPY, *(("image",) if is_address(message.image or "") else ()))),
        (("cta",), message.cta, ("label", "link")),
        *((("buttons", place), button, ("label", "link")) for place, button in enumerate(message.buttons or ())),
        (("coupon",), message.coupon, ("title", "description", "link")),
    ]
    for path, node, names in nodes:
        yield from (((*path, name), source) for name in names if (source := getattr(node, name, None)))


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


def not_whole(error: ValidationError, whose: tuple[Variant | None, int], channel: ChannelName) -> PydanticCustomError:
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
