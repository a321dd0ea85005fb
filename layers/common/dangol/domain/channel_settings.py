"""How a channel is sent: its provider, and what that knows the sender by."""

from typing import Annotated

from pydantic import AfterValidator, Field

from dangol.domain.brand_message import Targeting
from dangol.domain.node import Node
from dangol.domain.providers import TERMS, ProviderName
from dangol.domain.quantities import Rate, Text, fits
from dangol.domain.webhook import checked


class ChannelSettings(Node):
    """The provider of a channel, how fast it may be used, and what it knows the sender by."""

    provider: ProviderName | None = None
    rate: Rate | None = Field(default=None, description="messages a second; what the provider is known to take")
    from_: Annotated[Text, fits(r"[+\w:/-][\w:/ -]*", "1588-0000")] | None = Field(
        default=None, alias="from", description="the registered number that text messages come from"
    )
    profile: Text | None = Field(default=None, description="the KakaoTalk channel's key at the provider")
    targeting: Targeting | None = Field(
        default=None, description="of brand_message: I, friends of the channel; M or N where Kakao has approved it"
    )
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
