"""What an app or a service worker says became of a message, vouched for by the message's send id."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from dangol.domain.bots import HUMAN
from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import SEND_ID, SESSION_ID, Keys, Mark, verify
from dangol.pipeline.happenings import Happening, Kind, happened
from dangol.pipeline.webhooks import PayloadError

KINDS: Final[Mapping[str, Kind]] = {
    "message_shown": "shown",
    "message_clicked": "clicked",
    "message_dismissed": "dismissed",
}


class MessageCall(NamedTuple):
    """The kind of happening, whose it is, and its id: told again, it is the same one."""

    kind: Kind
    mark: Mark
    id: str


def message_in(body: bytes, keys: Keys) -> MessageCall:
    """What a call says.

    Raises:
        PayloadError: the field that is missing, wrong, or not signed by us.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError("body", "the body is not JSON") from None
    event, send_id = (str(said.get(name)) for name in ("event", "send_id")) if isinstance(said, Mapping) else ("", "")
    if event not in KINDS:
        raise PayloadError("event", f"must be one of {', '.join(KINDS)}")
    try:
        mark, _ = verify(send_id, keys)
    except ForgeryError:
        mark = None
    if mark is None or mark.link not in (SEND_ID, SESSION_ID):
        raise PayloadError("send_id", "is none of ours")
    return MessageCall(KINDS[event], mark, f"{event}:{send_id}")


def message_told(said: MessageCall, now: datetime, agent: str) -> Happening:
    """What is queued of it: no bot has a send id, and a device that was offline repeats what it is not sure of."""
    return happened(said.kind, said.mark, said.id, now, HUMAN, agent)
