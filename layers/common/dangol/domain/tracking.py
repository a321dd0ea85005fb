"""Signed tokens of links, pixels and opt-outs. Standard library alone: `track` starts with it.

A token is base64url of `version key-id run variant link MAC user_id`; a link's carries its destination after
a dot. The MAC (80 bits of HMAC-SHA256) covers both, so a destination cannot be exchanged.
"""

import base64
import binascii
import hashlib
import hmac
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dangol.domain.errors import ForgeryError
from dangol.domain.keyring import Keyring

VERSION: Final = 1
MAC_BYTES: Final = 10
_HEADER: Final = struct.Struct(">BBIBB")
MAX_LINKS: Final = 250
# Runs are numbered from one; links of a preview or a test send carry this.
NO_RUN: Final = 0
# Link numbers above the real links: what is not a click.
OPEN_LINK: Final = 251
UNSUBSCRIBE_LINK: Final = 252
# A link that no person can see: whoever follows it follows every link.
HIDDEN_LINK: Final = 253
# Not a link at all: the send id that an app or a service worker gets with a message.
SEND_ID: Final = 254
# The same of a message that waited for a session.
SESSION_ID: Final = 255


@dataclass(frozen=True, slots=True)
class Keys:
    """The signing keys by id; `current` signs, all of them verify."""

    current: int
    secrets: Mapping[int, bytes]

    @classmethod
    def parse(cls, text: str, at: datetime | None = None) -> "Keys":
        """Read what the parameter store holds (`domain.keyring`), with the key that signs as of `at`, or for good."""
        ring = Keyring.of(json.loads(text))
        secrets = {key_id: base64.b64decode(key) for key_id, key in ring.keys.items()}
        return cls(current=ring.signing(int(at.timestamp())) if at else ring.current, secrets=secrets)

    def __repr__(self) -> str:
        return f"Keys(current={self.current}, ids={sorted(self.secrets)})"


@dataclass(frozen=True, slots=True)
class Mark:
    """Whom and what a token stands for; `run` is the run's number."""

    run: int
    user_id: str
    variant: int
    link: int


def sign(mark: Mark, keys: Keys, destination: str = "") -> str:
    """Make the token of `mark`; a click's carries its destination."""
    header = _HEADER.pack(VERSION, keys.current, mark.run, mark.variant, mark.link)
    person, target = mark.user_id.encode(), destination.encode()
    mac = _mac(keys.secrets[keys.current], header, person, target)
    token = _encode(header + mac + person)
    return f"{token}.{_encode(target)}" if destination else token


def key_of(token: str) -> int | None:
    """The id of the key that a token says it is signed with; None where it is no token."""
    try:
        version, key_id, *_ = _HEADER.unpack_from(_decode(token.partition(".")[0]))
    except (ValueError, struct.error):
        return None
    return int(key_id) if version == VERSION else None


def verify(token: str, keys: Keys) -> tuple[Mark, str]:
    """Read a token that we signed, with its destination (empty where it has none).

    Raises:
        ForgeryError: it is not ours, or not whole.
    """
    try:
        body, dot, rest = token.partition(".")
        raw, target = _decode(body), _decode(rest)
        version, key_id, run, variant, link = _HEADER.unpack_from(raw)
        mac = raw[_HEADER.size : _HEADER.size + MAC_BYTES]
        person = raw[_HEADER.size + MAC_BYTES :]
        secret = keys.secrets[key_id]
    except (ValueError, binascii.Error, struct.error, KeyError) as error:
        raise ForgeryError("not a token of ours") from error
    expected = _mac(secret, raw[: _HEADER.size], person, target)
    if version != VERSION or bool(dot) is not bool(target) or not hmac.compare_digest(mac, expected):
        raise ForgeryError("not a token of ours")
    return Mark(run, person.decode(), variant, link), target.decode()


def _mac(secret: bytes, header: bytes, person: bytes, target: bytes) -> bytes:
    # The length parts person from destination, so that no byte can move from one to the other.
    message = header + len(person).to_bytes(2, "big") + person + target
    return hmac.digest(secret, message, hashlib.sha256)[:MAC_BYTES]


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    # Base64 has several spellings of the same bytes; only the one that we write is ours.
    if _encode(raw) != text:
        raise ValueError("not canonical")
    return raw
