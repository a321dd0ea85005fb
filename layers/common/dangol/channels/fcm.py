"""Pushes to apps through Firebase Cloud Messaging (HTTP v1), APNs through it: one device a call, many in flight.

https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages and …/v1/ErrorCode. There is no idempotency
key: a call that was cut off is in doubt. All devices of a person are one hand-over.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from dangol.domain.devices import tokens
from dangol.domain.errors import AccountError, DoubtError, RejectedError, SendError, ThrottledError
from dangol.domain.providers import TERMS
from dangol.domain.reference import run_of
from dangol.pipeline.waves import Heard, of_person, of_wave
from dangol.ports import Accepted, Answer, HttpAnswer, Message, Post, Refused, Waves

BASE_URL: Final = "https://fcm.googleapis.com"
# Bytes of what an app is handed: notification and data.
MOST_BYTES: Final = 4_096
_OK, _UNAUTHORIZED, _TOO_MANY, _UNAVAILABLE, _SERVER_ERROR = 200, 401, 429, 503, 500
# Whoever sends may not, or not for this project.
_ACCOUNT_S: Final = frozenset({401, 403})
# Seconds to leave it alone for where it names none, as its guide to throttling asks.
_MINUTE: Final = 60.0
# What is wrong is the device's token: it is nobody's any more, malformed, or another project's.
_DEAD: Final = frozenset({"UNREGISTERED", "SENDER_ID_MISMATCH"})
_NONE_OF_OURS: Final = "not a valid fcm registration token"
# Of one message: a bug of its payload, or Apple's key is missing at Firebase, which says nothing against the token.
_MESSAGE_S_OWN: Final = frozenset({"INVALID_ARGUMENT", "THIRD_PARTY_AUTH_ERROR"})


class Tokens(Protocol):
    """What the calls are vouched for by."""

    def project(self) -> str:
        """The project that is sent for."""
        ...

    def token(self) -> str:
        """An access token. Raises `SendError` where there is none; nothing was sent."""
        ...

    def refused(self, token: str) -> None:
        """Use this token no more."""
        ...


@dataclass(frozen=True, slots=True)
class _Call:
    """One device of one message, by its place."""

    place: int
    token: str
    body: bytes


class FcmChannel:
    """Hands pushes to FCM, in waves of a hundred people."""

    batch_size = TERMS["fcm"].batch_size

    def __init__(self, waves: Waves, tokens: Tokens, now: Callable[[], float] = time.time) -> None:
        self._waves = waves
        self._tokens = tokens
        self._now = now

    def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        """Hand pushes over; one answer each, in order, whatever number of devices a person has.

        Raises:
            ThrottledError: FCM asks everybody to wait; it took none.
            UnavailableError: FCM or Google's accounts could not be reached; nothing was taken.
            AccountError: Google refuses the account.
            RejectedError: it refuses every call otherwise.
            DoubtError: of none an answer came.
        """
        heard: list[list[Heard]] = [[] for _ in messages]
        calls: list[_Call] = []
        for place, message in enumerate(messages):
            if payload_bytes(message) > MOST_BYTES:
                heard[place].append(Refused("fcm_too_large"))
                continue
            shared = _shared(message, self._now())
            calls += [_Call(place, token, _body(shared, token)) for token in tokens(message.address)]
        for call, answer in zip(calls, self._posted(calls) if calls else (), strict=True):
            heard[call.place].append(answer if isinstance(answer, SendError) else _heard(answer, call.token))
        return of_wave(map(of_person, heard))

    def _posted(self, calls: Sequence[_Call]) -> Sequence[HttpAnswer | SendError]:
        answers = list(self._asked(calls))
        stale = [i for i, answer in enumerate(answers) if _no_credentials(answer)]
        if stale:
            # Nothing of these was taken: once more, with a token that is new.
            again = self._asked_or_not([calls[i] for i in stale])
            for i, answer in zip(stale, again, strict=True):
                answers[i] = answer
        return answers

    def _asked_or_not(self, calls: Sequence[_Call]) -> Sequence[HttpAnswer | SendError]:
        try:
            return self._asked(calls)
        except SendError as error:
            # The others of the wave have their answers.
            return [error] * len(calls)

    def _asked(self, calls: Sequence[_Call]) -> Sequence[HttpAnswer | SendError]:
        token = self._tokens.token()
        url = f"{BASE_URL}/v1/projects/{quote(self._tokens.project(), safe='')}/messages:send"
        headers = {"authorization": f"Bearer {token}", "content-type": "application/json; charset=utf-8"}
        answers = self._waves.post_all([Post(url, headers, call.body) for call in calls])
        if any(map(_no_credentials, answers)):
            self._tokens.refused(token)
        return answers


def payload_bytes(message: Message) -> int:
    """The size of what an app is handed of a message."""
    return len(json.dumps([_notification(message), _data(message)], ensure_ascii=False).encode())


def _notification(message: Message) -> dict[str, str]:
    image = {"image": message.image} if message.image else {}
    return {"title": message.title, "body": message.text, **image}


def _data(message: Message) -> dict[str, str]:
    link = {"link": message.action[1]} if message.action else {}
    return {**link, "send_id": message.send_id}


def _shared(message: Message, now: float) -> dict[str, Any]:
    """What all devices of a person are told; the same run's again takes the place of what is still on its way."""
    run = f"dangol-{run_of(message.reference)}"
    rich = {"mutable-content": 1} if message.image else {}
    return {
        "notification": _notification(message),
        "data": _data(message),
        "android": {
            "priority": "NORMAL" if message.advertising else "HIGH",
            "ttl": f"{message.ttl}s",
            "collapse_key": run,
        },
        "apns": {
            "headers": {
                "apns-priority": "5" if message.advertising else "10",
                "apns-expiration": str(int(now) + message.ttl),
                "apns-collapse-id": run,
            },
            "payload": {"aps": {"sound": "default", **rich}},
            **({"fcm_options": {"image": message.image}} if message.image else {}),
        },
    }


def _body(shared: Mapping[str, Any], token: str) -> bytes:
    return json.dumps({"message": {"token": token, **shared}}, ensure_ascii=False).encode()


def _error(answer: HttpAnswer) -> tuple[str, Mapping[str, Any]]:
    """FCM's own code, else Google's status, and all that is said."""
    error = answer.content.get("error")
    if not isinstance(error, Mapping):
        return "", {}
    codes = [str(detail["errorCode"]) for detail in _details(error) if "errorCode" in detail]
    return (codes or [str(error.get("status", ""))])[0], error


def _details(error: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [detail for detail in error.get("details") or () if isinstance(detail, Mapping)]


def _no_credentials(answer: HttpAnswer | SendError) -> bool:
    if isinstance(answer, SendError) or answer.status != _UNAUTHORIZED:
        return False
    return _error(answer)[0] != "THIRD_PARTY_AUTH_ERROR"


def _heard(answer: HttpAnswer, token: str) -> Heard:
    if answer.status == _OK:
        name = str(answer.content.get("name", ""))
        return Accepted(name) if name else DoubtError("FCM answered without a name")
    code, error = _error(answer)
    reason = f"fcm_{(code or f'http_{answer.status}').lower()}"
    if answer.status == _TOO_MANY:
        return ThrottledError(reason, answer.after or _MINUTE)
    if answer.status == _UNAVAILABLE and answer.after:
        # Turned away at the door: whoever is told when to come back was not let in.
        return ThrottledError(reason, answer.after)
    if answer.status >= _SERVER_ERROR:
        return DoubtError(reason)
    if code in _DEAD or code in _MESSAGE_S_OWN:
        return Refused(reason, gone=(token,) if code in _DEAD or _names_token(code, error) else ())
    return AccountError(reason) if answer.status in _ACCOUNT_S else RejectedError(reason)


def _names_token(code: str, error: Mapping[str, Any]) -> bool:
    if code != "INVALID_ARGUMENT":
        return False
    violations = [each for detail in _details(error) for each in detail.get("fieldViolations") or ()]
    fields = {each.get("field") for each in violations if isinstance(each, Mapping)}
    return "message.token" in fields or _NONE_OF_OURS in str(error.get("message", "")).lower()
