"""A push service and a browser: the call of RFC 8030, its sender verified by PyJWT, its payload read by `http_ece`."""

import base64
import json
import os
import time
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import http_ece  # type: ignore[import-untyped]  # it ships no types
import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.fakes.providers.server import Call, ProviderServer

CONTACT = "mailto:hello@shop.example"
# The private key of whoever sends, and where a subscription's service is taken to be.
KEY = base64.urlsafe_b64encode(b"\x01" * 32).rstrip(b"=").decode()
PLACE = "https://push.example"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def point(key: Any) -> bytes:
    return bytes(
        key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )


@cache
def browser_of(name: str) -> tuple[ec.EllipticCurvePrivateKey, bytes]:
    """The keys that a browser keeps for its subscription."""
    return ec.generate_private_key(ec.SECP256R1()), os.urandom(16)


def subscription(name: str, url: str = PLACE) -> str:
    """As devices keep what the browser wrote: of a service at `url`."""
    key, secret = browser_of(name)
    keys = {"auth": encoded(secret), "p256dh": encoded(point(key))}
    return json.dumps({"endpoint": f"{url}/push/{name}", "keys": keys}, separators=(",", ":"))


@dataclass
class FakePushService(ProviderServer):
    """`statuses` are what to say of a subscription's name instead of 201; `public` is the only sender it knows."""

    public: str = ""
    statuses: dict[str, Any] = field(default_factory=dict)
    # What browsers were shown, in order.
    shown: list[dict[str, Any]] = field(default_factory=list)
    words: set[str] = field(default_factory=set)

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        name = call.path.rpartition("/")[2]
        if not self.vouched(call.headers.get("authorization", "")):
            return 403, {}, {}
        if wrong := malformed(call):
            return 400, {"error": wrong}, {}
        if len(call.body) > 4_096:
            return 413, {}, {}
        if name in self.statuses:
            status, *headers = self.statuses[name]
            return status, {}, headers[0] if headers else {}
        key, secret = browser_of(name)
        plain = http_ece.decrypt(call.body, private_key=key, auth_secret=secret, version="aes128gcm")
        self.shown.append(json.loads(plain))
        self.taken.append(name)
        return 201, {}, {"location": f"{self.url}/message/{len(self.taken)}"}

    def vouched(self, authorization: str) -> bool:
        scheme, _, rest = authorization.partition(" ")
        said = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        if scheme != "vapid" or said.get("k") != self.public:
            return False
        raw = base64.urlsafe_b64decode(said["k"] + "=" * (-len(said["k"]) % 4))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw)
        try:
            claims = jwt.decode(said["t"], key, algorithms=["ES256"], audience=self.url)
        except jwt.InvalidTokenError:
            return False
        self.words.add(said["t"])
        left = claims["exp"] - time.time()
        return bool(claims["sub"] == CONTACT) and left <= 24 * 3_600


def malformed(call: Call) -> str | None:
    headers = call.headers
    if call.method != "POST" or headers.get("content-encoding") != "aes128gcm":
        return "content-encoding"
    if not headers.get("ttl", "").isdecimal():
        return "ttl"
    if headers.get("urgency") not in ("very-low", "low", "normal", "high"):
        return "urgency"
    topic = headers.get("topic", "")
    return None if len(topic) <= 32 and topic.replace("-", "").replace("_", "").isalnum() else "topic"
