"""NHN Cloud's codes for KakaoTalk messages, and its webhook of what became of them.

https://docs.nhncloud.com/en/Notification/KakaoTalk%20Bizmessage/en/error-code/ and …/webhook-api-guide/. What is not in
the table has not reached the person this time: not active lately (3018), blocked (3020), not the approved text.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dangol.domain.fate import Fate, outcome
from dangol.domain.reference import read_reference
from dangol.domain.suppression import address_hash
from dangol.pipeline.webhooks import PayloadError, SignatureError

# The longest grouping key, in characters: a message with a longer reference has no receipts.
KEY_LENGTH: Final = 100
_RESULTS: Final = "MESSAGE_RESULT_UPDATE"
_MOST_HOOKS: Final = 10_000
_FATES: Final[Mapping[str, Fate]] = {
    "1000": Fate.DELIVERED,
    # Handed over and not confirmed: it may still come within three days.
    **dict.fromkeys(("3005", "4161"), Fate.PENDING),
    **dict.fromkeys(("2001", "3000", "3006", "3010", "3012", "9998", "9999"), Fate.LATER),
    # No such number; nobody in KakaoTalk has it.
    **dict.fromkeys(("3008", "3019"), Fate.DEAD),
}


def fate(code: str) -> Fate:
    """What a delivery code says."""
    return _FATES.get(code, Fate.UNDELIVERED)


def receipts_in(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[dict[str, Any]]:
    """The receipts of one call, in the shape of `contracts.Received`; other events and messages are left out.

    Raises:
        SignatureError: the call does not know the secret; the body itself is not signed.
        PayloadError: it is no list of hooks.
    """
    if not hmac.compare_digest(headers.get("x-toast-webhook-signature", "").encode(), secret.encode()):
        raise SignatureError
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError("body", "the body is not JSON") from None
    hooks = said.get("hooks") if isinstance(said, Mapping) else None
    if not isinstance(hooks, list) or len(hooks) > _MOST_HOOKS:
        raise PayloadError("hooks", "must be a list of hooks")
    if said.get("event") != _RESULTS:
        return []
    found = [_receipt(hook, now) for hook in hooks if isinstance(hook, Mapping)]
    return [receipt for receipt in found if receipt]


def _receipt(hook: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    whose, code = read_reference(str(hook.get("recipientGroupingKey"))), str(hook.get("resultCode"))
    ended, number = outcome(fate(code)), str(hook.get("recipientNo") or "")
    if whose is None or ended is None:
        return None
    return {
        **ended,
        "id": f"nhn:{hook.get('requestId')}:{hook.get('recipientSeq')}:{code}",
        **whose.told,
        "channel": "alimtalk",
        # The hook's own times name no zone.
        "at": int(now.timestamp() * 1000),
        "address_hash": address_hash("alimtalk", number) if number else "",
        "reason": f"nhn_{code}"[:128],
    }
