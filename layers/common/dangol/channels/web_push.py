"""Web pushes, straight to the push services of browsers: one browser a call, many in flight.

RFC 8030 (the call), RFC 8291 (what is sealed), RFC 8292 (who sends). A service has no idempotency key: a call that was
cut off is in doubt. All browsers of a person are one hand-over.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from dangol.domain.devices import identity, tokens
from dangol.domain.errors import DoubtError, RejectedError, SendError, ThrottledError
from dangol.domain.providers import TERMS
from dangol.domain.reference import run_of
from dangol.pipeline.waves import Heard, of_person, of_wave
from dangol.ports import Accepted, Answer, HttpAnswer, Message, Post, Refused, Waves

# Bytes of a payload; services take 3,993, and older ones less.
MOST_BYTES: Final = 3_072
_TAKEN: Final = frozenset({200, 201, 202})
_GONE: Final = frozenset({404, 410})
# Microsoft's service says 406 where others say 429.
_SLOW_DOWN: Final = frozenset({429, 406})
# Our key is not the one that the browser subscribed with, or is wrong altogether.
_NOT_OURS: Final = frozenset({401, 403})
_UNAVAILABLE, _SERVER_ERROR = 503, 500
# Seconds to leave a service alone for that names none.
_MINUTE: Final = 60.0


class Sender(Protocol):
    """Says who sends."""

    def authorization(self, origin: str) -> str:
        """The header for calls to the service at `origin`. Raises `AccountError` where there is no key to sign with."""
        ...


# Seals a payload for the two keys of a subscription; raises `ValueError` where they are none.
Seal = Callable[[bytes, str, str], bytes]


@dataclass(frozen=True, slots=True)
class _Call:
    """One browser of one message, by its place."""

    place: int
    subscription: str = field(repr=False)
    post: Post


class WebPushChannel:
    """Hands web pushes to the services of browsers, in waves of a hundred people."""

    batch_size = TERMS["vapid"].batch_size

    def __init__(self, waves: Waves, sender: Sender, seal: Seal, icon: str = "") -> None:
        self._waves = waves
        self._sender = sender
        self._seal = seal
        self._icon = icon

    def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        """Hand web pushes over; one answer each, in order, whatever number of browsers a person has.

        Raises:
            ThrottledError: the services ask everybody to wait; they took none.
            UnavailableError: no service could be reached.
            RejectedError: no service knows our key, or none is at a public address.
            AccountError: the stack has no key for web pushes.
            DoubtError: of none an answer came.
        """
        heard: list[list[Heard]] = [[] for _ in messages]
        calls: list[_Call] = []
        for place, message in enumerate(messages):
            payload = self._payload(message)
            if len(payload) > MOST_BYTES:
                heard[place].append(Refused("web_push_too_large"))
                continue
            for subscription in tokens(message.address):
                post = self._post(message, payload, subscription)
                if post is None:
                    heard[place].append(Refused("web_push_no_subscription", gone=(identity(subscription),)))
                else:
                    calls.append(_Call(place, subscription, post))
        answers = self._waves.post_all([call.post for call in calls]) if calls else ()
        for call, answer in zip(calls, answers, strict=True):
            heard[call.place].append(answer if isinstance(answer, SendError) else _heard(answer, call.subscription))
        return of_wave(map(of_person, heard))

    def _payload(self, message: Message) -> bytes:
        told: dict[str, Any] = {
            "title": message.title,
            "body": message.text,
            "icon": self._icon or None,
            "image": message.image or None,
            "link": message.action[1] if message.action else None,
            "send_id": message.send_id,
        }
        kept = {name: value for name, value in told.items() if value is not None}
        return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()

    def _post(self, message: Message, payload: bytes, subscription: str) -> Post | None:
        """The call to one browser; None where that is none."""
        try:
            told: Mapping[str, Any] = json.loads(subscription)
            endpoint, keys = str(told["endpoint"]), told["keys"]
            body = self._seal(payload, str(keys["p256dh"]), str(keys["auth"]))
            address = urlsplit(endpoint)
        except (ValueError, LookupError, TypeError):
            return None
        if address.scheme not in ("https", "http") or not address.hostname or not endpoint.isascii():
            return None
        headers = {
            "ttl": str(message.ttl),
            "urgency": "normal" if message.advertising else "high",
            # The same run's again takes the place of what still waits.
            "topic": f"dangol-{run_of(message.reference)}",
            "content-encoding": "aes128gcm",
            "content-type": "application/octet-stream",
            "authorization": self._sender.authorization(f"{address.scheme}://{address.netloc}"),
        }
        return Post(endpoint, headers, body)


def _heard(answer: HttpAnswer, subscription: str) -> Heard:
    if answer.status in _TAKEN:
        return Accepted(f"web_push_{answer.status}")
    reason = f"web_push_{answer.status}"
    if answer.status in _GONE:
        return Refused(reason, gone=(identity(subscription),))
    if answer.status in _SLOW_DOWN:
        return ThrottledError(reason, answer.after or _MINUTE)
    if answer.status == _UNAVAILABLE and answer.after:
        # Turned away at the door: whoever is told when to come back was not let in.
        return ThrottledError(reason, answer.after)
    if answer.status >= _SERVER_ERROR:
        return DoubtError(reason)
    # What is too large is this message's fault, and a key that is not known that of all.
    return RejectedError(reason) if answer.status in _NOT_OURS else Refused(reason)
