"""What an app or a service worker says became of a message, vouched for by the message's send id."""

import json
from collections.abc import Mapping
from typing import Final

from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import SEND_ID, SESSION_ID, Keys, Mark
from dangol.pipeline.remembering import Remembered
from dangol.pipeline.tokens import verified
from dangol.pipeline.webhooks import PayloadError

KINDS: Final = {"message_shown": "shown", "message_clicked": "clicked", "message_dismissed": "dismissed"}


def message_in(body: bytes, keys: Remembered[Keys]) -> tuple[str, Mark, str]:
    """The kind of happening, whose it is, and its id: told again, it is the same one.

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
        mark, _ = verified(send_id, keys)
    except ForgeryError:
        mark = None
    if mark is None or mark.link not in (SEND_ID, SESSION_ID):
        raise PayloadError("send_id", "is none of ours")
    return KINDS[event], mark, f"{event}:{send_id}"
