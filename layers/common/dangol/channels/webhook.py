"""Messages to a system of the company's own, one a call, by Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: what is told twice under one
id is one thing to its receiver, so a call that was cut off is made once more at once, under the same id.
"""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from dangol.domain.errors import DoubtError, RejectedError, ThrottledError
from dangol.domain.providers import TERMS
from dangol.ports import Accepted, Hooks, Message, Refused

_OK: Final = range(200, 300)
_SLOW_DOWN: Final = 429
# Said of the address or of us: the next message would fail as well. A redirect is not followed.
_OWN_FAULT: Final = frozenset({*range(300, 400), 401, 403, 404, 405, 410})
_SERVER_ERROR: Final = 500
# A receiver that was too busy to say what became of it.
_NO_WORD: Final = frozenset({408, 425})


class WebhookChannel:
    """Hands messages to an address."""

    batch_size = TERMS["endpoint"].batch_size

    def __init__(self, hooks: Hooks, url: str, now: Callable[[], datetime]) -> None:
        self._hooks = hooks
        self._url = url
        self._now = now

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Hand one message over.

        Raises:
            ThrottledError: the receiver asks to slow down; it took none.
            UnavailableError: the receiver could not be reached; it took none.
            RejectedError: the address is not public, or nobody there takes webhooks of ours.
            DoubtError: nobody said what became of it, twice.
        """
        return [self._send(message) for message in messages]

    def _send(self, message: Message) -> Accepted | Refused:
        at = self._now().isoformat(timespec="milliseconds")
        told = {"type": "message", "timestamp": at, "data": _told(message)}
        body = json.dumps(told, ensure_ascii=False).encode()
        try:
            return self._asked(message.reference, body)
        except DoubtError:
            pass
        try:
            return self._asked(message.reference, body)
        except (ThrottledError, RejectedError) as error:
            # That the repetition was not taken says nothing of the first.
            raise DoubtError(str(error)) from error

    def _asked(self, hook_id: str, body: bytes) -> Accepted | Refused:
        status = self._hooks.post(self._url, hook_id, body, self._now())
        if status in _OK:
            return Accepted(hook_id)
        if status == _SLOW_DOWN:
            raise ThrottledError("the receiver of webhooks asks to slow down")
        if status in _OWN_FAULT:
            raise RejectedError(f"the receiver of webhooks answers {status}")
        if status >= _SERVER_ERROR or status in _NO_WORD:
            raise DoubtError(f"the receiver of webhooks answers {status}")
        return Refused(f"webhook_{status}")


def _told(message: Message) -> dict[str, Any]:
    label, link = message.action or (None, None)
    way_out = message.headers.get("List-Unsubscribe", "").strip("<>")
    return {
        "user_id": message.user_id,
        "send_id": message.send_id,
        "advertising": message.advertising,
        "title": message.title or None,
        "text": message.text,
        "cta": {"label": label, "link": link} if label else None,
        "unsubscribe": way_out or None,
    }
