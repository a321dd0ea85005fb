"""The provider of each channel."""

from typing import Any

from dangol.adapters.objects import S3Objects
from dangol.bootstrap.aws import client
from dangol.config import Settings
from dangol.domain.errors import DefinitionError
from dangol.ports import Channel


def channel_of(config: Settings, name: str, provider: str, sender: Any) -> Channel:
    """The adapter of a channel's provider; only the one that is used is imported."""
    match name, provider:
        case "email", "ses":
            from dangol.channels.email import EmailChannel

            # A repeated call could send twice: SES has no idempotency key.
            once = {"mode": "standard", "total_max_attempts": 1}
            return EmailChannel(client("sesv2", config, retries=once), sender, config.configuration_set)
        case (("in_web" | "in_app"), _):
            from dangol.channels.session import SessionChannel

            return SessionChannel()
        case _, "console":
            from dangol.channels.console import ConsoleChannel

            return ConsoleChannel(S3Objects(client("s3", config), config.need("lake_bucket")))
        case _:
            raise DefinitionError(f"no provider {provider} for {name}", field=f"channels.{name}.provider")
