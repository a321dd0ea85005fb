"""Who sends on which channel, and what each provider allows: the one place that says so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from dangol.domain.channel import ChannelName

ProviderName = Literal["ses", "solapi", "nhn", "aws", "fcm", "vapid", "endpoint", "console"]

PROVIDERS: Final[Mapping[ChannelName, tuple[ProviderName, ...]]] = {
    "email": ("ses", "console"),
    "sms": ("solapi", "aws", "console"),
    "alimtalk": ("solapi", "nhn", "console"),
    "brand_message": ("solapi", "nhn", "console"),
    "push": ("fcm", "console"),
    "web_push": ("vapid", "console"),
    # dangol.js or the app fetches these.
    "in_web": (),
    "in_app": (),
    "webhook": ("endpoint", "console"),
    "console": ("console",),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a provider allows: messages a call, messages a second where `dangol.yaml` says nothing else.

    `repeatable` where a call that was cut off may be made again under the same key, so that it is taken once at most.
    """

    batch_size: int
    rate: int
    repeatable: bool = False


TERMS: Final[Mapping[ProviderName, Terms]] = {
    # SendBulkEmail takes 50; the rate is that of a fresh account outside the sandbox.
    "ses": Terms(batch_size=50, rate=14),
    # Takes 10,000 a call and publishes no rate; https://docs.solapi.com
    "solapi": Terms(batch_size=100, rate=100),
    # Takes 1,000 a call and 300 calls a second; the same key is refused for ten minutes.
    # https://docs.nhncloud.com/en/Notification/KakaoTalk%20Bizmessage/en/alimtalk-api-guide/
    "nhn": Terms(batch_size=100, rate=100, repeatable=True),
    # One message a call; the rate is that of the number or sender id, 1 to 100 a second.
    "aws": Terms(batch_size=1, rate=10),
    # One device a call, a hundred people a wave; a project may send 600,000 a minute.
    # https://firebase.google.com/docs/cloud-messaging/throttling-and-quotas
    "fcm": Terms(batch_size=100, rate=1_000),
    # One browser a call, a hundred people a wave; services publish no rate.
    "vapid": Terms(batch_size=100, rate=300),
    # One message a call, to a system of the company's own; it knows a repetition by its id.
    "endpoint": Terms(batch_size=1, rate=10, repeatable=True),
    "console": Terms(batch_size=100, rate=1_000),
}
# What a provider allows on one of its channels alone.
_OF_CHANNEL: Final[Mapping[tuple[str, str], Terms]] = {
    # A call has one text for all its recipients, and each text has links of its own; nothing is said of keys that keep
    # a repeated call from being taken twice.
    ("nhn", "brand_message"): Terms(batch_size=1, rate=100),
}


def terms_of(provider: ProviderName, channel: str) -> Terms:
    """What a provider allows on a channel."""
    return _OF_CHANNEL.get((provider, channel), TERMS[provider])
