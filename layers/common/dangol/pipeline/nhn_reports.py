"""NHN Cloud's codes for KakaoTalk messages, and its webhooks: what became of messages, and who refused.

https://docs.nhncloud.com/en/Notification/KakaoTalk%20Bizmessage/en/error-code/ and …/webhook-api-guide/. What is not in
the table has not reached the person this time: not active lately (3018), blocked (3020), not the approved text.
"""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from dangol.domain.fate import Fate, outcome
from dangol.domain.phone import normalised
from dangol.domain.reference import read_reference
from dangol.domain.suppression import address_hash
from dangol.pipeline.webhooks import PayloadError, SignatureError, refusal

# The longest grouping key, in characters: a message with a longer reference has no receipts.
KEY_LENGTH: Final = 100
_RESULTS, _REFUSALS = "MESSAGE_RESULT_UPDATE", "UNSUBSCRIBE"
_MOST_HOOKS: Final = 10_000
_FATES: Final[Mapping[str, Fate]] = {
    # The hooks of brand messages are said to name the result of the query API instead (unverified).
    **dict.fromkeys(("1000", "MRC01"), Fate.DELIVERED),
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
    """The receipts of one call, in the shape of `contracts.Received`, or the opt-outs, in that of `Consented`.

    Other events and messages are left out.

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
    product = str(said.get("productName"))
    told = [hook for hook in hooks if isinstance(hook, Mapping)]
    found = {
        _RESULTS: lambda: [_receipt(hook, now) for hook in told],
        _REFUSALS: lambda: [_refusal(hook, product, now) for hook in told],
    }.get(str(said.get("event")), list)()
    return [happening for happening in found if happening]


def _refusal(hook: Mapping[str, Any], product: str, now: datetime) -> dict[str, Any] | None:
    """An opt-out by the free 080 number; it names the number that called, and no message of ours."""
    number = str(hook.get("recipientNo") or "")
    if not normalised(number):
        return None
    channel = "brand_message" if product.startswith("Kakao") else "sms"
    try:
        at = min(datetime.fromisoformat(str(hook.get("createdDateTime"))), now)
    except (ValueError, TypeError):
        at = now
    return refusal(f"nhn:{hook.get('hookId')}", channel, number, int(at.timestamp() * 1000), "nhn")


def _receipt(hook: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    whose, code = read_reference(str(hook.get("recipientGroupingKey"))), str(hook.get("resultCode"))
    ended, number = outcome(fate(code)), str(hook.get("recipientNo") or "")
    if whose is None or ended is None:
        return None
    # FriendTalk is what brand messages were called before.
    talk = str(hook.get("kakaoMessageType")).startswith(("BRAND_MESSAGE", "FRIENDTALK"))
    channel = "brand_message" if talk else "alimtalk"
    return {
        **ended,
        "id": f"nhn:{hook.get('requestId')}:{hook.get('recipientSeq')}:{code}",
        **whose.told,
        "channel": channel,
        # The hook's own times name no zone.
        "at": int(now.timestamp() * 1000),
        "address_hash": address_hash(channel, number) if number else "",
        "reason": f"nhn_{code}"[:128],
    }
