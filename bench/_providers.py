"""The providers and queues that both sides of a bench hand over to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3

from bench._shop import project
from cli.stack import Stack
from dangol.ports import Accepted, Message, Refused


class InstantPush:
    """A push provider that answers at once."""

    batch_size = 100

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Take everything."""
        return [Accepted(f"push-{message.user_id}") for message in messages]


class Posts:
    """A queue that only keeps what it was given: sending to SQS is the same for both."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send(self, bodies: Sequence[str], *, delay: int = 0) -> None:
        """Keep the bodies."""
        if delay:
            raise RuntimeError("a piece had to wait: the rate of the bench is too low")
        self.bodies += bodies


def one_mail(client: Any, mail: Mapping[str, str]) -> str:
    """Hand one e-mail to SES; its id."""
    content = {"Simple": {"Subject": {"Data": mail["subject"]}, "Body": {"Text": {"Data": mail["text"]}}}}
    sender = project().sender.email
    told = client.send_email(FromEmailAddress=sender, Destination={"ToAddresses": [mail["to"]]}, Content=content)
    return str(told["MessageId"])


class NoTimer:
    """Nobody in a bench waits for later."""

    def send(self, name: str, body: str, *, at: float) -> None:
        """Refuse, since what waits would not be measured."""
        raise RuntimeError(f"{name} was to wait until {at}: {len(body)} bytes of it")


@dataclass(frozen=True, slots=True)
class LocalSession:
    """boto3 as everybody uses it, pointed at the local cloud."""

    stack: Stack

    def client(self, service: str) -> Any:
        """A low-level client."""
        return boto3.client(service, **self._where())  # type: ignore[call-overload]

    def resource(self, service: str) -> Any:
        """A resource."""
        return boto3.resource(service, **self._where())  # type: ignore[call-overload]

    def _where(self) -> dict[str, str]:
        settings = self.stack.settings
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return {"endpoint_url": settings.endpoint, "region_name": settings.region, **keys}
