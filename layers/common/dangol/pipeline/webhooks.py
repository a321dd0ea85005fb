"""Receipts from any provider by a signed webhook, in the form of Standard Webhooks.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dangol.domain.medium import permission
from dangol.domain.reference import Reference, read_reference
from dangol.domain.suppression import address_hash, number_key

# How far the sender's clock may be from ours, in seconds: an older call may be somebody's recording.
TOLERANCE: Final = 300
MAX_CALL: Final = 64 * 1024
MAX_ID: Final = 256
# 160 bits, in hexadecimal digits.
_SHARED: Final = 40
_KINDS: Final = {"message.delivered": "delivered", "message.bounced": "bounced", "message.complained": "complained"}


class SignatureError(Exception):
    """The call is not signed with our secret, or not now."""


class PayloadError(Exception):
    """The call is signed but cannot be read; its arguments are the field and what is wrong with it."""


def receipt_in(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> dict[str, Any]:
    """The receipt of a call, in the shape of `contracts.Received`; the address leaves here as a hash.

    Raises:
        SignatureError: it is not signed with `secret`, or its time is not now.
        PayloadError: a field is missing or wrong.
    """
    call_id = _verified(headers, body, secret, now)
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise PayloadError("body", "the body is not JSON") from None
    kind = _KINDS.get(str(said.get("type"))) if isinstance(said, Mapping) else None
    if kind is None:
        raise PayloadError("type", f"must be one of {', '.join(_KINDS)}")
    data = said.get("data")
    if not isinstance(data, Mapping):
        raise PayloadError("data", "must be an object")
    whose = _reference(data)
    channel, address = _text(data, "channel"), _text(data, "address")
    if address and not channel:
        raise PayloadError("data.channel", "must say on which channel the address is")
    return {
        "kind": kind,
        "id": f"webhook:{call_id}",
        **whose.told,
        "channel": channel,
        "at": _milliseconds(said.get("timestamp")),
        "address_hash": address_hash(channel, address) if address else "",
        "permanent": data.get("permanent") is True,
        "reason": _text(data, "reason")[:128],
    }


def refusal(told_id: str, channel: str, number: str, at: int, provider: str) -> dict[str, Any]:
    """That whoever has a number refused advertising on `channel`, in the shape of `contracts.Consented`.

    `at` is in epoch milliseconds. Who it was the provider cannot tell: it stands under the key of the number.
    """
    return {
        "kind": "consent",
        "id": told_id[:MAX_ID],
        "user_id": number_key(channel, number),
        "at": at,
        "received_at": at,
        "consents": {permission(channel): False},
        "method": "provider",
        "source": provider,
    }


def shared_secret(secret: str, provider: str) -> str:
    """What `provider` is given to know our receipts' door by: made of our own secret, which it does not learn.

    Raises:
        SignatureError: the secret is none of ours.
    """
    return hmac.digest(_key(secret), f"receipts:{provider}".encode(), hashlib.sha256).hex()[:_SHARED]


def _verified(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> str:
    call_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not call_id or not sent_at.isascii() or not sent_at.isdigit() or len(call_id) > MAX_ID:
        raise SignatureError
    if abs(int(sent_at[:12]) - now.timestamp()) > TOLERANCE:
        raise SignatureError
    expected = signature(call_id, sent_at, body, secret).encode()
    given = [each.encode() for each in headers.get("webhook-signature", "").split(" ")]
    # Every signature is compared, in constant time each, so that the time tells nothing.
    matching = [each for each in given if hmac.compare_digest(expected, each)]
    if not matching:
        raise SignatureError
    return call_id


def signature(call_id: str, sent_at: str, body: bytes, secret: str) -> str:
    """The signature of a call as its `webhook-signature` header carries it.

    Raises:
        SignatureError: the secret is none of ours.
    """
    mac = hmac.digest(_key(secret), f"{call_id}.{sent_at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(mac).decode()}"


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise SignatureError
    return key


def _reference(data: Mapping[str, Any]) -> Reference:
    whose = read_reference(_text(data, "reference"))
    if whose is None:
        raise PayloadError("data.reference", "must be the reference that the message was handed over with")
    return whose


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name, "")
    if not isinstance(value, str):
        raise PayloadError(f"data.{name}", "must be text")
    return value


def _milliseconds(said: object) -> int:
    try:
        at = datetime.fromisoformat(str(said))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise PayloadError("timestamp", "must be an ISO 8601 time with its offset")
    return int(at.timestamp() * 1000)
