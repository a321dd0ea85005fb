"""SOLAPI's codes, and its reports of what became of messages.

Codes: https://developers.solapi.com/references/message-status-codes, as its documents of 2022 list them; what is not in
the table has not reached the person this time. The reports' shape is that of SOLAPI's own SDK 5.0.3.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from dangol.domain.fate import Fate, outcome
from dangol.domain.phone import normalised
from dangol.domain.reference import joined_reference, read_reference
from dangol.domain.suppression import address_hash
from dangol.pipeline.webhooks import PayloadError, SignatureError, refusal

# The longest value that SOLAPI takes in a field of one's own, in characters.
FIELD_LENGTH: Final = 100
_MOST_REPORTS: Final = 10_000
_FATES: Final[Mapping[str, Fate]] = {
    "2000": Fate.PENDING,
    "3000": Fate.PENDING,
    "4000": Fate.DELIVERED,
    # The platform or a carrier stumbled; the balance is used up until somebody charges it; it is night at Kakao.
    **dict.fromkeys(("1024", "2024", "3024", "3012", "3053", "1030", "2230", "3108"), Fate.LATER),
    # No such number, nobody's number, or one that cannot take texts; no KakaoTalk under this number.
    **dict.fromkeys(("3010", "3032", "3050", "3104"), Fate.DEAD),
    # Refused by the free 080 number, or blocked at the person's wish.
    **dict.fromkeys(("1060", "2060", "1061", "2061"), Fate.OPTED_OUT),
}
# Which channel a message's type belongs to. Brand messages have many, and are reported as BMS_FREE or by their form.
_CHANNELS: Final = {"SMS": "sms", "LMS": "sms", "MMS": "sms", "ATA": "alimtalk"}
_BRAND: Final = "BMS_"


def fate(code: str) -> Fate:
    """What a status code says."""
    return _FATES.get(code, Fate.UNDELIVERED)


def channel_of(kind: str) -> str | None:
    """The channel of a message's type; None where dangol sends none of it."""
    return "brand_message" if kind.startswith(_BRAND) else _CHANNELS.get(kind)


def proof(secret: str) -> str:
    """What SOLAPI shows in `X-Solapi-Secret` where `secret` was given to it: the body itself is not signed."""
    return hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()


def receipts_in(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[dict[str, Any]]:
    """The receipts of one call, in the shape of `contracts.Received`; messages that dangol did not send are left out.

    But whoever refuses is heard whatever message it was by, in the shape of `contracts.Consented`.

    Raises:
        SignatureError: the call does not know the secret.
        PayloadError: it is no list of reports.
    """
    if not hmac.compare_digest(headers.get("x-solapi-secret", "").encode(), proof(secret).encode()):
        raise SignatureError
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError("body", "the body is not JSON") from None
    if not isinstance(said, list) or len(said) > _MOST_REPORTS:
        raise PayloadError("body", "must be a list of reports")
    found = [_receipt(report, now) for report in said if isinstance(report, Mapping)]
    return [receipt for receipt in found if receipt]


def _receipt(report: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    # Some accounts get the report's data in an envelope, some get it bare.
    told = report.get("data", report)
    if not isinstance(told, Mapping):
        return None
    fields, code = told.get("customFields"), str(told.get("statusCode", ""))
    whose = read_reference(joined_reference(fields)) if isinstance(fields, Mapping) else None
    channel, ended, number = channel_of(str(told.get("type"))), outcome(fate(code)), str(told.get("to") or "")
    if channel is None or ended is None or not code:
        return None
    own = f"solapi:{told.get('messageId')}:{code}"
    if whose is None:
        # Not ours, or ours without what it was handed over with: a refusal holds for whoever has the number.
        refused = fate(code) is Fate.OPTED_OUT and normalised(number)
        return refusal(own, channel, number, min(_milliseconds(told, now), _now(now)), "solapi") if refused else None
    return {
        **ended,
        "id": own,
        **whose.told,
        "channel": channel,
        "at": _milliseconds(told, now),
        "address_hash": address_hash(channel, number) if number else "",
        "reason": f"solapi_{code}"[:128],
    }


def _milliseconds(told: Mapping[str, Any], now: datetime) -> int:
    for name in ("dateReceived", "dateReported", "dateProcessed"):
        try:
            at = datetime.fromisoformat(str(told.get(name)))
        except ValueError:
            continue
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    return _now(now)


def _now(now: datetime) -> int:
    return int(now.timestamp() * 1000)
