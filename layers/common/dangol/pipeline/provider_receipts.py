"""The doors that providers tell their receipts at: one for each, and one for any that signs as Standard Webhooks says.

Standard library alone: `track` starts with it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dangol.pipeline import nhn_reports, solapi_reports
from dangol.pipeline.webhooks import MAX_CALL, receipt_in, shared_secret

Receipts = Sequence[dict[str, Any]]
# Providers that show a secret they were given; they tell of many messages at once.
SHARING: Final[Mapping[str, Callable[[Mapping[str, str], bytes, str, datetime], Receipts]]] = {
    "solapi": solapi_reports.receipts_in,
    "nhn": nhn_reports.receipts_in,
}
SIGNED: Final = "webhook"
_MANY: Final = 1024 * 1024


def is_door(name: str) -> bool:
    """Whether somebody may tell receipts there."""
    return name == SIGNED or name in SHARING


def most_bytes(door: str) -> int:
    """The longest call that a door takes."""
    return MAX_CALL if door == SIGNED else _MANY


def receipts_at(door: str, headers: Mapping[str, str], body: bytes, key: str, now: datetime) -> Receipts:
    """The receipts of a call at a door, in the shape of `contracts.Received`; `key` is our own.

    Raises:
        SignatureError: the call does not come from whom it says.
        PayloadError: it cannot be read.
    """
    if door == SIGNED:
        return [receipt_in(headers, body, key, now)]
    return SHARING[door](headers, body, shared_secret(key, door), now)
