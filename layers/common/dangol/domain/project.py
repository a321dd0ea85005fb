"""`dangol.yaml`: what holds for every campaign of a project."""

import re
from typing import Annotated, ClassVar, Final, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from dangol.domain.channel import CHANNELS, SESSION, AnyChannel, ChannelName
from dangol.domain.contact_rules import (
    CALENDAR,
    Cap,
    GlobalHoldout,
    Period,
    Purpose,
    QuietHours,
    QuietHoursByPurpose,
    QuietRules,
    TimeOfDay,
)
from dangol.domain.medium import medium
from dangol.domain.node import Node, wrong
from dangol.domain.providers import PROVIDERS, TERMS, ProviderName
from dangol.domain.quantities import Count, Number, Rate, Share, Text
from dangol.domain.segment import Exclusion
from dangol.domain.webhook import checked

__all__ = [
    "CALENDAR",
    "CHANNELS",
    "RESERVED",
    "Cap",
    "ChannelName",
    "ChannelSettings",
    "EventSpec",
    "GlobalHoldout",
    "Links",
    "MergeTag",
    "Period",
    "Project",
    "Purpose",
    "QuietHours",
    "Sender",
    "TimeOfDay",
    "TimeZone",
    "Webhooks",
]
# Named in the design and not built yet.
RESERVED: Final = frozenset({"stages"})


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError(f"{name!r} is not a time zone; write it like Asia/Seoul or America/New_York") from None
    return name


TimeZone = Annotated[Text, AfterValidator(_zone)]


def _fits(pattern: str, example: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"{text!r} does not fit here; write it like {example}")
        return text

    return AfterValidator(check)


def _trait_path(text: str) -> str:
    if not all(part.isidentifier() for part in text.split(".")):
        raise ValueError(f"{text!r} cannot stand in a message; a trait's name has letters, digits and _ only")
    return text


class Sender(Node):
    """Who writes: shown in every advertising message, as the law asks."""

    name: Text
    email: Annotated[Text, _fits(r"[^@\s<>]+@[^@\s<>]+", "hello@shop.example")]
    phone: Text | None = None
    address: Text | None = None
    refusal_number: Text | None = None
    certificate: Text | None = Field(
        default=None, description="the number of the certificate to send text messages in bulk (전송자격인증)"
    )


class Links(Node):
    """The domain of tracked links, once it points to the API."""

    domain: Annotated[Text, _fits(r"https?://[^/\s]+", "https://go.shop.example")] | None = None


class EventSpec(Node):
    """What an event needs beyond the defaults."""

    reserved: ClassVar[frozenset[str]] = frozenset({"remember"})

    title: Text | None = None
    facets: tuple[Text, ...] = ()
    value: Text | None = Field(default=None, description="the property that holds the value")
    keep: Count = Field(default=64, ge=1, le=1_000, description="most recent occurrences kept per event key")


class MergeTag(Node):
    """A Korean merge tag, `#{이름}`: the trait it stands for, and what to say without it."""

    trait: Annotated[Text, AfterValidator(_trait_path)]
    default: Annotated[str, Field(strict=True)] | None = None


class ChannelSettings(Node):
    """The provider of a channel, how fast it may be used, and what it knows the sender by."""

    provider: ProviderName | None = None
    rate: Rate | None = Field(default=None, description="messages a second; what the provider is known to take")
    from_: Annotated[Text, _fits(r"[+\w:/-][\w:/ -]*", "1588-0000")] | None = Field(
        default=None, alias="from", description="the registered number that text messages come from"
    )
    profile: Text | None = Field(default=None, description="the KakaoTalk channel's key at the provider")
    url: Annotated[Text, AfterValidator(checked)] | None = Field(
        default=None, description="where webhooks go: a public address of https"
    )
    icon: Text | None = Field(default=None, description="the address of the icon that web pushes show")
    refusal: Text | None = Field(
        default=None, description="where people refuse pushes, as the end of an advertising one says: 앱 > 설정 > 알림"
    )
    events: Text | None = Field(default=None, description="the configuration set of AWS that tells of receipts")

    @property
    def messages_per_second(self) -> int:
        """The rate, or the one that the provider is known to take."""
        return self.rate or TERMS[self.provider or "console"].rate


class ProjectLimits(Node):
    """What all campaigns together may take of the application's tables."""

    read_units: Rate = Field(default=3_000, description="a second, of the Profiles table, by all scans")


class Webhooks(Node):
    """Who is told of what, by signed webhooks."""

    consent_changed: Annotated[Text, AfterValidator(checked)] | None = None


class Project(Node):
    """The whole of `dangol.yaml`."""

    reserved: ClassVar[frozenset[str]] = RESERVED

    project: Annotated[Text, _fits(r"[a-z0-9][a-z0-9-]{0,40}", "my-shop")]
    stack: Annotated[Text, _fits(r"[A-Za-z][A-Za-z0-9-]{0,40}", "my-shop")] = "dangol"
    timezone: TimeZone = "Asia/Seoul"
    locale: Literal["ko", "en"] = "ko"
    country: Annotated[Text, _fits(r"[A-Z]{2}", "KR")] | None = Field(
        default=None, description="of people whose own is not known; KR where the zone is Asia/Seoul"
    )
    currency: Annotated[Text, _fits(r"[A-Z]{3}", "KRW")] = "KRW"
    sender: Sender
    links: Links = Links()
    events: dict[Text, EventSpec] = Field(default_factory=dict)
    always_exclude: tuple[Exclusion, ...] = ()
    holdout: Share = 0.0
    global_holdout: GlobalHoldout | None = None
    caps: tuple[Cap, ...] = ()
    quiet_hours: QuietRules = QuietHoursByPurpose()
    merge_tags: dict[Text, MergeTag] = Field(default_factory=dict)
    prices: dict[AnyChannel, Annotated[Number, Field(ge=0)]] = Field(default_factory=dict)
    channels: dict[ChannelName, ChannelSettings] = Field(default_factory=dict)
    limits: ProjectLimits = ProjectLimits()
    webhooks: Webhooks = Webhooks()
    consent_notice: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="tell people in Korea what came of their consent or refusal, as its law asks"
    )

    consent_confirmation: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="tell people every two years what they consented to, as Korea's law asks"
    )

    @model_validator(mode="after")
    def _providers_send_on_their_channels(self) -> Self:
        for name in SESSION & self.channels.keys():
            raise wrong(f"{name} needs no provider: dangol.js or the app fetches it", "channels", name)
        for channel, settings in self.channels.items():
            if medium(channel) != channel:
                raise wrong(f"every text message is sent as {medium(channel)} is; write it there", "channels", channel)
            if settings.provider not in (None, *PROVIDERS[channel]):
                able = ", ".join(PROVIDERS[channel])
                raise wrong(f"{settings.provider} does not send on {channel}; one of {able}", *_at(channel, "provider"))
        return self

    @model_validator(mode="after")
    def _providers_know_the_sender(self) -> Self:
        texts, talk = self.settings("sms"), self.settings("alimtalk")
        if texts.provider == "solapi" and self.number is None:
            raise wrong(
                "text messages need the number they come from; write from: with a number registered there",
                *_at("sms", "from"),
            )
        if talk.provider in ("solapi", "nhn") and talk.profile is None:
            raise wrong(
                "AlimTalk needs the KakaoTalk channel's key; write profile: with it", *_at("alimtalk", "profile")
            )
        if self.settings("webhook").provider == "endpoint" and self.settings("webhook").url is None:
            raise wrong("webhooks need an address; write url: https://…", *_at("webhook", "url"))
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The project's own time zone."""
        return ZoneInfo(self.timezone)

    @property
    def number(self) -> str | None:
        """The number that text messages come from."""
        return self.settings("sms").from_ or self.sender.phone

    def sends(self, channel: str) -> bool:
        """Whether messages on a channel are handed to a provider, and not written out instead."""
        return self.settings(channel).provider not in (None, "console")

    @property
    def home_country(self) -> str | None:
        """The country whose law applies to a person of whom no other is known."""
        return self.country or ("KR" if self.timezone == "Asia/Seoul" else None)

    def event(self, name: str) -> EventSpec:
        """What is declared of an event; the defaults where nothing is."""
        return self.events.get(name, _PLAIN)

    def settings(self, channel: str) -> ChannelSettings:
        """How a channel is sent; the console where nothing is configured."""
        return self.channels.get(medium(channel), _UNCONFIGURED)  # type: ignore[call-overload, no-any-return]


def _at(channel: str, key: str) -> tuple[str, str, str]:
    return "channels", channel, key


_PLAIN: Final = EventSpec()
_UNCONFIGURED: Final = ChannelSettings(provider="console")
# Before the first `dangol apply`: nothing is declared, and nobody is written to in a name that nobody has told.
UNAPPLIED: Final = Project(
    project="unapplied", sender=Sender(name="unapplied", email="nobody@unapplied.invalid"), consent_notice=False
)
