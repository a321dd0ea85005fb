"""What a browser alone can read (RFC 8291, over RFC 8188's aes128gcm), and who sent it (RFC 8292, VAPID)."""

import base64
import binascii
import hashlib
import hmac
import json
import os
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from dangol.domain.errors import AccountError, DefinitionError, NotFoundError

_SALT, _SECRET, _POINT, _NUMBER = 16, 16, 65, 32
_RECORD: Final = 4_096
# A word about oneself may be good for 24 hours at most; half of it leaves room for clocks.
_GOOD_FOR: Final = 12 * 3_600
# Seconds before its end from which on it is used no more.
_SPARE: Final = 600


def sealed(plain: bytes, p256dh: str, auth: str) -> bytes:
    """A payload in one record, for the browser with these keys of its subscription.

    Raises:
        ValueError: they are no keys.
    """
    theirs, secret = decoded(p256dh), decoded(auth)
    if len(theirs) != _POINT or len(secret) != _SECRET:
        raise ValueError("no keys of a subscription")
    own = ec.generate_private_key(ec.SECP256R1())
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs))
    ours, salt = _point(own), os.urandom(_SALT)
    # HKDF (RFC 5869) of one block each, which is one HMAC to extract and one to expand.
    agreed = _hmac(_hmac(secret, shared), b"WebPush: info\x00" + theirs + ours + b"\x01")
    key = _hmac(salt, agreed)
    content = _hmac(key, b"Content-Encoding: aes128gcm\x00\x01")[:16]
    nonce = _hmac(key, b"Content-Encoding: nonce\x00\x01")[:12]
    head = salt + _RECORD.to_bytes(4) + bytes([len(ours)]) + ours
    return head + AESGCM(content).encrypt(nonce, plain + b"\x02", None)


class Vapid:
    """Says to push services who sends; one word for each of them, used again for hours."""

    def __init__(self, key: Callable[[], str], contact: str, seconds: Callable[[], float]) -> None:
        """`key` gives the private key, `contact` is whom a service can write to: `mailto:` or https."""
        self._key = key
        self._contact = contact
        self._seconds = seconds
        self._of = ""
        self._words: dict[str, tuple[float, str]] = {}

    def authorization(self, origin: str) -> str:
        """The header for calls to the service at `origin`.

        Raises:
            AccountError: there is no stored key, or it is none.
        """
        try:
            return self._word(self._key(), origin)
        except (DefinitionError, NotFoundError) as error:
            raise AccountError(str(error)) from error

    def _word(self, stored: str, origin: str) -> str:
        now = self._seconds()
        if stored != self._of:
            self._of, self._words = stored, {}
        until, word = self._words.get(origin, (0.0, ""))
        if now >= until - _SPARE:
            word = _signed(private_key(stored), origin, int(now) + _GOOD_FOR, self._contact)
            self._words[origin] = (now + _GOOD_FOR, word)
        return word

    def __repr__(self) -> str:
        return "Vapid()"


def public_key(stored: str) -> str:
    """The public key of a stored one, as browsers take it to subscribe (`applicationServerKey`).

    Raises:
        DefinitionError: the stored key is none.
    """
    return encoded(_point(private_key(stored)))


def private_key(stored: str) -> ec.EllipticCurvePrivateKey:
    """The key that the parameter store holds.

    Raises:
        DefinitionError: it is none.
    """
    try:
        return ec.derive_private_key(int.from_bytes(decoded(stored.strip())), ec.SECP256R1())
    except ValueError:
        raise DefinitionError("the parameter web-push-key holds no key", field="web-push-key") from None


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """What `encoded` wrote, with padding or without. Raises `ValueError`."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("no base64url") from error


def _signed(key: ec.EllipticCurvePrivateKey, origin: str, until: int, contact: str) -> str:
    head = encoded(json.dumps({"typ": "JWT", "alg": "ES256"}).encode())
    claims = encoded(json.dumps({"aud": origin, "exp": until, "sub": contact}).encode())
    r, s = decode_dss_signature(key.sign(f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256())))
    signature = encoded(r.to_bytes(_NUMBER) + s.to_bytes(_NUMBER))
    return f"vapid t={head}.{claims}.{signature}, k={encoded(_point(key))}"


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.UncompressedPoint
    return key.public_key().public_bytes(serialization.Encoding.X962, form)


def _hmac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, said, hashlib.sha256)
