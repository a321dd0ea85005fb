"""The ways out: providers of messages, and signed webhooks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from dangol.domain.approved_template import ApprovedTemplate
from dangol.domain.errors import SendError
from dangol.domain.fate import Fate


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered message for one person; its address and text stay out of its repr."""

    user_id: str
    reference: str
    address: str = field(repr=False)
    subject: str = field(repr=False, default="")
    text: str = field(repr=False, default="")
    html: str = field(repr=False, default="")
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    # What a session shows in places of its own.
    title: str = field(repr=False, default="")
    close: str = field(repr=False, default="")
    action: tuple[str, str] | None = field(repr=False, default=None)
    # What an app or a service worker says it was shown or clicked by.
    send_id: str = field(repr=False, default="")
    # What a carrier calls it where a channel has several: sms, lms, mms.
    kind: str = ""
    advertising: bool = False
    # The code of a template that the provider knows, and its variables.
    template: str = ""
    values: Mapping[str, str] = field(repr=False, default_factory=dict)
    # A picture: by its key in the project's bucket, or for a push by its address; and what a brand message has besides.
    image: str = field(repr=False, default="")
    wide: bool = False
    buttons: tuple[tuple[str, str], ...] = field(repr=False, default=())
    coupon: tuple[str, str, str] | None = field(repr=False, default=None)
    # For how long a device that is off may be late for it, in seconds.
    ttl: int = 0
    # What the codes in its text stand for; to be stored before the text goes out.
    short_links: Mapping[str, str] = field(repr=False, default_factory=dict)

    @property
    def acts(self) -> Sequence[tuple[str, str]]:
        """The act asked for and the further ones, each its label and its address."""
        return [self.action, *self.buttons] if self.action else self.buttons


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it; `gone` are devices of the person that it says take nothing any more."""

    provider_id: str
    gone: tuple[str, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider refused this one: for good, or for now (`retryable`).

    `suppress` where it is the address that is wrong, so that nothing more is sent there; `gone` are devices of the
    person that take nothing any more. `after` seconds are what the provider asks to be left alone for.
    """

    reason: str
    retryable: bool = False
    suppress: bool = False
    gone: tuple[str, ...] = field(repr=False, default=())
    after: float = 0.0

    @classmethod
    def by(cls, reason: str, fate: Fate) -> "Refused":
        """The refusal that a provider's code means."""
        return cls(reason, retryable=fate is Fate.LATER, suppress=fate in (Fate.DEAD, Fate.OPTED_OUT))


@dataclass(frozen=True, slots=True)
class InDoubt:
    """The provider may have taken this one of a call's messages, or of a wave of calls."""

    reason: str
    gone: tuple[str, ...] = field(repr=False, default=())


Answer = Accepted | Refused | InDoubt


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a provider answered: a status, and its JSON; empty where that is no object."""

    status: int
    content: Mapping[str, Any] = field(repr=False, default_factory=dict)
    # What it asks to be left alone for, in seconds; 0 where it names nothing.
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Post:
    """One call of a wave; what it says stays out of logs, and so does its address, which may be a secret."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Waves(Protocol):
    """Many calls in flight at once."""

    def post_all(self, posts: Sequence[Post]) -> Sequence[HttpAnswer | SendError]:
        """Post all of them, none of them twice; for each, in order, the answer, or why there is none.

        That is `UnavailableError` or `RejectedError` where it was certainly not taken, else `DoubtError`.
        """
        ...


class Http(Protocol):
    """A provider's HTTP API."""

    def post(self, path: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> HttpAnswer:
        """Post JSON. Raises `UnavailableError` where nothing was taken, `DoubtError` where that is not certain."""
        ...

    def upload(
        self, path: str, fields: Mapping[str, str], files: Mapping[str, bytes], headers: Mapping[str, str]
    ) -> HttpAnswer:
        """Post a form with pictures. Raises as `post` does."""
        ...

    def get(self, path: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask for JSON. Raises `UnavailableError` or `DoubtError` where no answer came."""
        ...


class Pictures(Protocol):
    """The pictures of messages, and what providers call them."""

    def known(self, image: str, use: str, upload: Callable[[bytes], str]) -> str:
        """What a provider calls a picture in a `use` of its own; `upload` hands it over where nobody has yet.

        Raises:
            SendError: there is no such picture, the bucket does not answer, or the provider takes it not.
        """
        ...


class Templates(Protocol):
    """The templates that a provider knows."""

    def template(self, code: str) -> ApprovedTemplate:
        """A template by its code. Raises `NotFoundError`, and `SendError` where the provider does not answer."""
        ...


class Channel(Protocol):
    """Hands messages to a provider."""

    batch_size: int

    def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        """Hand at most `batch_size` messages over; one answer each, in order.

        Raises:
            SendError: none was accepted (`retryable` or not), or `DoubtError` where that is not certain.
        """
        ...


class ShortLinks(Protocol):
    """What short codes stand for."""

    def put_many(self, paths: Mapping[str, str], *, expires_at: int) -> None:
        """Store paths by their codes until `expires_at`, in epoch seconds; the same again changes nothing."""
        ...


class Delivery(Enum):
    """What became of a webhook: taken, worth another try, or refused for good."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"


class Hooks(Protocol):
    """Signed posts to the public internet."""

    def post(self, url: str, hook_id: str, body: bytes, at: datetime) -> int:
        """Post `body` to an address, signed as of `at`; the status of the answer.

        Raises:
            RejectedError: the address leads to no public one.
            UnavailableError: nobody could be reached there.
            DoubtError: no answer came.
        """
        ...


class Webhooks(Protocol):
    """Signed webhooks to the public internet."""

    def deliver(self, url: str, hook_id: str, body: bytes, at: datetime) -> Delivery:
        """Post `body` to an address, signed as of `at`; refused where the address leads to no public one."""
        ...
