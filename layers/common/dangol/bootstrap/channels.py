"""The provider of each channel."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from dangol.adapters.parameters import SsmParameters
from dangol.bootstrap.aws import client
from dangol.bootstrap.process import clock_of
from dangol.config import Settings
from dangol.domain.brand_message import Targeting
from dangol.domain.channel import SESSION
from dangol.domain.errors import DefinitionError
from dangol.domain.medium import medium
from dangol.domain.project import ChannelSettings, Project
from dangol.domain.providers import PROVIDERS, ProviderName
from dangol.pipeline.remembering import Remembered
from dangol.ports import Channel, Templates

if TYPE_CHECKING:
    from dangol.adapters.http2 import Http2
    from dangol.adapters.objects import S3Objects
    from dangol.adapters.pictures import StoredPictures
    from dangol.adapters.provider_http import ProviderHttp
    from dangol.adapters.push_services import PushServices

T = TypeVar("T")
# Brand messages to friends of the KakaoTalk channel, where `dangol.yaml` names nobody else.
_FRIENDS: Final[Targeting] = "I"
# A repeated call could send twice: neither SES nor AWS's text messages have an idempotency key.
_ONCE: Final = {"mode": "standard", "total_max_attempts": 1}


def channel_of(config: Settings, name: str, project: Project) -> Channel:
    """The adapter of a channel's provider; only the one that is used is imported.

    Raises:
        DefinitionError: its provider does not send on this channel.
    """
    if name in SESSION:
        from dangol.channels.session import SessionChannel

        return SessionChannel()
    told = project.settings(name)
    provider = told.provider or "console"
    if provider not in PROVIDERS.get(medium(name), ()):  # type: ignore[call-overload]  # a name out of a file
        raise DefinitionError(f"no provider {provider} for {name}", field=f"channels.{name}.provider")
    return _OF_CHANNEL.get((provider, name), _BUILDERS[provider])(config, project, told)


def _ses(config: Settings, project: Project, _: ChannelSettings) -> Channel:
    from dangol.channels.email import EmailChannel

    return EmailChannel(client("sesv2", config, retries=_ONCE), project.sender, config.configuration_set)


def _solapi(config: Settings, project: Project, told: ChannelSettings, targeting: Targeting | None = None) -> Channel:
    from dangol.channels.solapi import BASE_URL, SolapiChannel, SolapiKeys, SolapiSender

    keys, http = _provider(config, "solapi", SolapiKeys.parse, BASE_URL)
    sender = SolapiSender(project.number or "", told.profile or "", targeting)
    return SolapiChannel(http, keys, sender, partial(_real_time, config), _salt, _pictures(config))


def _solapi_brand(config: Settings, project: Project, told: ChannelSettings) -> Channel:
    return _solapi(config, project, told, told.targeting or _FRIENDS)


def _nhn(config: Settings, _: Project, told: ChannelSettings) -> Channel:
    from dangol.channels.nhn import BASE_URL, NhnChannel, NhnKeys

    keys, http = _provider(config, "nhn", NhnKeys.parse, BASE_URL)
    return NhnChannel(http, keys, told.profile or "", _salt)


def _nhn_brand(config: Settings, _: Project, told: ChannelSettings) -> Channel:
    from dangol.channels.nhn import BASE_URL, NhnBrandChannel, NhnKeys

    keys, http = _provider(config, "nhn", NhnKeys.parse, BASE_URL)
    return NhnBrandChannel(http, keys, (told.profile or "", told.targeting or _FRIENDS), _pictures(config))


def _aws(config: Settings, _: Project, told: ChannelSettings) -> Channel:
    from dangol.channels.aws_sms import AwsSmsChannel, AwsSmsSender

    texts = client("pinpoint-sms-voice-v2", config, retries=_ONCE)
    return AwsSmsChannel(texts, AwsSmsSender(told.from_ or "", told.events or "", config.lake_bucket))


def _endpoint(config: Settings, _: Project, told: ChannelSettings) -> Channel:
    from dangol.adapters.webhooks import SignedHooks
    from dangol.channels.webhook import WebhookChannel

    return WebhookChannel(SignedHooks(_secret(config, "webhook-secret")), told.url or "", partial(_real_time, config))


def _fcm(config: Settings, _: Project, __: ChannelSettings) -> Channel:
    from dangol.adapters.google_tokens import GoogleTokens, ServiceAccount
    from dangol.channels.fcm import BASE_URL, FcmChannel

    stored = _secret(config, "providers/fcm")
    waves = _http2(json.loads(stored()).get("base_url", BASE_URL))
    tokens = GoogleTokens(lambda: ServiceAccount.parse(stored()), _http2, clock_of(config).seconds)
    return FcmChannel(waves, tokens, clock_of(config).seconds)


def _vapid(config: Settings, project: Project, told: ChannelSettings) -> Channel:
    from dangol.adapters.sealing import Vapid, sealed
    from dangol.channels.web_push import WebPushChannel

    sender = Vapid(_secret(config, "web-push-key"), f"mailto:{project.sender.email}", clock_of(config).seconds)
    return WebPushChannel(_push_services(local=config.local), sender, sealed, told.icon or "")


def _console(config: Settings, _: Project, __: ChannelSettings) -> Channel:
    from dangol.channels.console import ConsoleChannel

    return ConsoleChannel(_objects(config))


_BUILDERS: Final[Mapping[ProviderName, Callable[[Settings, Project, ChannelSettings], Channel]]] = {
    "ses": _ses,
    "solapi": _solapi,
    "nhn": _nhn,
    "aws": _aws,
    "fcm": _fcm,
    "vapid": _vapid,
    "endpoint": _endpoint,
    "console": _console,
}

# Providers whose one channel is another adapter, or is spoken to otherwise.
_OF_CHANNEL: Final[Mapping[tuple[str, str], Callable[[Settings, Project, ChannelSettings], Channel]]] = {
    ("solapi", "brand_message"): _solapi_brand,
    ("nhn", "brand_message"): _nhn_brand,
}


def build_templates(config: Settings, project: Project) -> Templates | None:
    """The templates of the provider of AlimTalks, on any stack; None where none is set up."""
    if project.settings("alimtalk").provider in (None, "console"):
        return None
    known: Any = channel_of(config, "alimtalk", project)
    return known  # type: ignore[no-any-return]  # every provider of AlimTalks knows its templates


def _provider(
    config: Settings, name: str, parse: Callable[[str], T], base_url: str
) -> "tuple[Callable[[], T], ProviderHttp]":
    """The keys of a provider, and its HTTP API; a `base_url` among the keys leads elsewhere."""
    stored = _secret(config, f"providers/{name}")
    return lambda: parse(stored()), _http(json.loads(stored()).get("base_url", base_url))


@cache
def _pictures(config: Settings) -> "StoredPictures":
    from dangol.adapters.pictures import StoredPictures

    return StoredPictures(partial(_objects, config))


def _objects(config: Settings) -> "S3Objects":
    from dangol.adapters.objects import S3Objects

    return S3Objects(client("s3", config), config.need("lake_bucket"))


@cache
def _secret(config: Settings, name: str) -> Callable[[], str]:
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    return Remembered(lambda: parameters.secret(name), clock_of(config).seconds)


@cache
def _http(base_url: str) -> "ProviderHttp":
    from dangol.adapters.provider_http import ProviderHttp

    return ProviderHttp(base_url)


def _http2(url: str) -> "Http2":
    """The connection that calls to an address go over."""
    at = urlsplit(url)
    return _http2_at(f"{at.scheme}://{at.netloc}")


@cache
def _http2_at(origin: str) -> "Http2":
    from dangol.adapters.http2 import Http2

    return Http2(origin)


@cache
def _push_services(*, local: bool) -> "PushServices":
    from dangol.adapters.push_services import PushServices

    if local:
        # A browser's service of the local cloud's own is at no public address, and has no certificate.
        return PushServices(lambda _: True, schemes=frozenset({"https", "http"}))
    return PushServices()


def _real_time(config: Settings) -> datetime:
    """The time outside, also where a local stack's own has been moved."""
    return datetime.fromtimestamp(clock_of(config).seconds(), tz=UTC)


def _salt() -> str:
    return uuid4().hex
