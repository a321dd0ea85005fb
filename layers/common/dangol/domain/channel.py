"""The channels: those that can be sent on, and those that a consent or an address can be kept for."""

from typing import Annotated, Final, Literal, get_args

from pydantic import AfterValidator, WithJsonSchema

from dangol.domain.quantities import Text

ChannelName = Literal[
    "email", "sms", "lms", "mms", "alimtalk", "push", "web_push", "in_web", "in_app", "webhook", "console"
]
CHANNEL_NAMES: Final[tuple[ChannelName, ...]] = get_args(ChannelName)
# Nothing is handed over: messages wait until the person is there.
SESSION: Final = frozenset({"in_web", "in_app"})
# Those that reach everybody by their id, without an address.
BY_ID: Final = frozenset({"console", "webhook", *SESSION})
CHANNELS: Final = (
    "email",
    "sms",
    "lms",
    "mms",
    "alimtalk",
    "brand_message",
    "kakao",
    "push",
    "web_push",
    "in_app",
    "in_web",
    "webhook",
    "console",
)


def _known(name: str) -> str:
    if name not in CHANNELS:
        raise ValueError(f"{name!r} is not a channel; one of {', '.join(CHANNELS)}")
    return name


# A channel that something is kept or declared for, also where sending on it is yet to come.
AnyChannel = Annotated[Text, AfterValidator(_known), WithJsonSchema({"enum": list(CHANNELS)})]
