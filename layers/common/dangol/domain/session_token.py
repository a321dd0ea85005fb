"""Tokens by which a browser or an app says whose session it is: JSON Web Tokens that the shop's own server signs.

HS256 alone (RFC 7515, RFC 7519), so that every language has a library that makes them. Standard library alone: `track`
starts with it.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from dangol.domain.errors import ForgeryError

# A longer life is a mistake, like milliseconds for seconds.
LONGEST: Final = timedelta(days=31)
# Whoever has a shorter secret than this has mistaken something else for it.
SHORTEST_SECRET: Final = 16


def person_of(token: str, secrets: Sequence[str], now: datetime) -> str:
    """The user id that a token was signed for by one of `secrets`.

    Raises:
        ForgeryError: it is not signed by any of them, has ended, never ends, or names nobody.
    """
    signed, _, mac = token.rpartition(".")
    keys = [secret.encode() for secret in secrets if len(secret) >= SHORTEST_SECRET]
    expected = [_encode(hmac.digest(key, signed.encode(errors="replace"), "sha256")) for key in keys]
    # Every key is compared, in constant time each, so that the time tells nothing.
    matching = [known for known in expected if hmac.compare_digest(known.encode(), mac.encode(errors="replace"))]
    if not matching:
        raise ForgeryError("not signed by us")
    header, _, payload = signed.partition(".")
    head, claims = _read(header), _read(payload)
    ends, user_id = claims.get("exp"), claims.get("sub")
    if head.get("alg") != "HS256" or not isinstance(ends, int | float) or isinstance(ends, bool):
        raise ForgeryError("not HS256, or without an end")
    at = now.timestamp()
    if not at < ends <= at + LONGEST.total_seconds() or not isinstance(user_id, str) or not user_id:
        raise ForgeryError("ended, too far ahead, or nobody's")
    return user_id


def session_token(user_id: str, secret: str, until: datetime) -> str:
    """The token of a person: what a shop's server makes with a library of its own."""
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": user_id, "exp": int(until.timestamp())})
    signed = ".".join(_encode(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_encode(hmac.digest(secret.encode(), signed.encode(), 'sha256'))}"


def _read(part: str) -> dict[str, Any]:
    try:
        said = json.loads(base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise ForgeryError("not a token") from error
    if not isinstance(said, dict):
        raise ForgeryError("not a token")
    return said


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
