"""A browser or an app asks what to show. Standard library alone: most that ask have nothing waiting."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import parse_qs

from dangol.domain.errors import ForgeryError
from dangol.domain.session_token import person_of
from dangol.pipeline.call_fields import ANONYMOUS, MAX_ID
from dangol.pipeline.exchange import JSON, NEVER_STORED, Request, Response, told
from dangol.pipeline.intake import Intake
from dangol.pipeline.remembering import Remembered
from dangol.pipeline.webhooks import PayloadError

_CHANNELS: Final = ("in_web", "in_app")
_MAX_PAGE: Final = 2_048
_NUMBER: Final = re.compile(r"[0-9]{1,10}")
_NOTHING: Final[Mapping[str, Any]] = {"messages": [], "waiting": []}
_UNKNOWN: Final = "a session token is needed, or a write key and an anonymous_id; or it is wrong, or has ended"


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is where: on a page of a site, or a screen of an app.

    `asked` is the id of the message whose moment has come; None as the page is seen.
    """

    user_id: str
    channel: str
    page: str
    asked: str | None = None


class Shown(Protocol):
    """What came of a visit."""

    @property
    def answer(self) -> Mapping[str, Any]:
        """At most one message to show now, and what else waits for its moment on this page."""
        ...

    @property
    def happenings(self) -> Sequence[Mapping[str, Any]]:
        """What was decided, to be passed on."""
        ...


class Shower(Protocol):
    """Shows what waits. Both raise `OSError` where that cannot be done just now."""

    def show(self, visit: Visit) -> Shown:
        """The message to show now, if any, and what else waits for its moment on this page."""
        ...

    def seen(self, user_id: str, number: int) -> None:
        """Have the message of a run wait no longer."""
        ...


class Sessions(Protocol):
    """What vouches for a session, and what knows of its messages; each fetched when it is first needed."""

    @property
    def session_keys(self) -> Callable[[], Sequence[str]]:
        """The secrets that session tokens are signed with."""
        ...

    @property
    def write_keys(self) -> Remembered[Mapping[str, Sequence[str]]]:
        """The write keys, by source."""
        ...

    @property
    def waits(self) -> Callable[[str], bool]:
        """Whether anything waits for somebody; raises `OSError` where that cannot be looked up."""
        ...

    @property
    def shower(self) -> Callable[[], Shower]:
        """What shows it."""
        ...


class SessionCalls:
    """Answers `GET /v1/messages`."""

    def __init__(self, sessions: Sessions, now: Callable[[], datetime]) -> None:
        self._sessions = sessions
        self._intake = Intake(sessions.write_keys, now)
        self._now = now

    def answer(self, request: Request) -> tuple[Response, Sequence[Mapping[str, Any]]]:
        """What to show to whoever asks, and what was decided by it, to be passed on.

        401 to whom nobody vouches for, 400 with the field that is wrong.

        Raises:
            OSError: it cannot be looked up just now.
        """
        asked = {name: values[0] for name, values in parse_qs(request.query).items()}
        try:
            user_id = self._user(request.headers, asked)
            channel, page, number = _channel(asked), _page(asked), _id(asked)
        except ForgeryError:
            return told(401, {"error": _UNKNOWN}), ()
        except PayloadError as error:
            name, problem = error.args
            return told(400, {"error": problem, "field": name}), ()
        if not self._sessions.waits(user_id):
            return _never_kept(told(200, _NOTHING)), ()
        shown = self._sessions.shower().show(Visit(user_id, channel, page, number))
        return _never_kept(told(200, shown.answer)), shown.happenings

    def _user(self, headers: Mapping[str, str], asked: Mapping[str, str]) -> str:
        """Whose session it is: a person's, whom a token names, or a visitor's, who alone knows their own id."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            user_id = person_of(token, self._sessions.session_keys(), self._now())
            if user_id.startswith(ANONYMOUS):
                raise ForgeryError("a visitor's")
            return user_id
        if self._intake.source(headers) is None:
            raise ForgeryError("no write key")
        anonymous_id = asked.get("anonymous_id", "").strip()
        if not anonymous_id or len(anonymous_id.encode()) > MAX_ID:
            raise PayloadError("anonymous_id", f"is needed, of at most {MAX_ID} bytes")
        return f"{ANONYMOUS}{anonymous_id}"


def _channel(asked: Mapping[str, str]) -> str:
    channel = asked.get("channel", _CHANNELS[0])
    if channel not in _CHANNELS:
        raise PayloadError("channel", f"must be one of {', '.join(_CHANNELS)}")
    return channel


def _page(asked: Mapping[str, str]) -> str:
    page = asked.get("page", "")
    if len(page) > _MAX_PAGE:
        raise PayloadError("page", f"must be at most {_MAX_PAGE} characters long")
    return page


def _id(asked: Mapping[str, str]) -> str | None:
    number = asked.get("id")
    if number is not None and not _NUMBER.fullmatch(number):
        raise PayloadError("id", "is the id of a message that waits")
    return number


def _never_kept(response: Response) -> Response:
    return Response(response.status, {**JSON, **NEVER_STORED}, response.body)
