"""Firebase Cloud Messaging HTTP v1, and Google's token endpoint: its JWT, its limits, its errors."""

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fakes.providers.http2_server import Http2Server
from tests.fakes.providers.server import Call

PROJECT, EMAIL, KEY_ID = "shop-1", "dangol@shop-1.iam.gserviceaccount.com", "k1"
SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_ANDROID = {"priority", "ttl", "collapse_key"}


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def pem(private: rsa.RSAPrivateKey | None = None) -> str:
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return (private or key()).private_bytes(serialization.Encoding.PEM, *form).decode()


def account(url: str, private: str = "") -> str:
    """What stands in the parameter store of whoever sends to the fake at `url`."""
    told = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": KEY_ID,
        "private_key": private or pem(),
        "client_email": EMAIL,
        "token_uri": f"{url}/token",
    }
    return json.dumps(told)


def fault(status: int, name: str, message: str = "", **detail: Any) -> tuple[int, dict[str, Any]]:
    """An error as Google words it: `code` is FCM's own, `field` the one that is violated."""
    details = []
    if "code" in detail:
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        details.append({"@type": kind, "errorCode": detail["code"]})
    if "field" in detail:
        violation = {"field": detail["field"], "description": "Invalid"}
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]})
    error = {"code": status, "message": message or name, "status": name, **({"details": details} if details else {})}
    return status, {"error": error}


UNREGISTERED = fault(404, "NOT_FOUND", "Requested entity was not found.", code="UNREGISTERED")
NO_TOKEN = fault(
    400,
    "INVALID_ARGUMENT",
    "The registration token is not a valid FCM registration token",
    code="INVALID_ARGUMENT",
    field="message.token",
)


@dataclass
class FakeFcm(Http2Server):
    """`faults` are what to say of a device's token instead; `good` are the access tokens that are good still."""

    faults: dict[str, Any] = field(default_factory=dict)
    good: set[str] = field(default_factory=set)
    given: int = 0
    lifetime: int = 3_600

    def meets(self, call: Call) -> bool:
        return call.path != "/token"

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        if call.path == "/token":
            return self.exchanged(call)
        if wrong := self.stranger(call):
            return *wrong, {}
        message = call.content["message"]
        if bad := malformed(message):
            return *fault(400, "INVALID_ARGUMENT", f"Invalid {bad}", code="INVALID_ARGUMENT", field=bad), {}
        if len(json.dumps([message["notification"], message["data"]], ensure_ascii=False).encode()) > 4_096:
            return *fault(400, "INVALID_ARGUMENT", "Android message is too big"), {}
        if message["token"] in self.faults:
            status, content, *headers = self.faults[message["token"]]
            return status, content, headers[0] if headers else {}
        self.taken.append(message["token"])
        return 200, {"name": f"projects/{PROJECT}/messages/{len(self.taken)}"}, {}

    def stranger(self, call: Call) -> tuple[int, Any] | None:
        """What a call is answered that may not send, or not for this project."""
        bearer = call.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self.good:
            return fault(401, "UNAUTHENTICATED")
        wanted = f"/v1/projects/{PROJECT}/messages:send"
        return None if call.path == wanted else fault(403, "PERMISSION_DENIED")

    def exchanged(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        """An access token for a signed word, checked as PyJWT does."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode()).items()}
        if form.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return 400, {"error": "unsupported_grant_type"}, {}
        try:
            claims = jwt.decode(
                form["assertion"],
                key().public_key(),
                algorithms=["RS256"],
                audience=f"{self.url}/token",
                issuer=EMAIL,
                options={"require": ["iat", "exp", "aud", "iss"]},
            )
        except jwt.InvalidTokenError:
            return 400, {"error": "invalid_grant"}, {}
        head = jwt.get_unverified_header(form["assertion"])
        if claims["scope"] != SCOPE or claims["exp"] - claims["iat"] > 3_600 or head["kid"] != KEY_ID:
            return 400, {"error": "invalid_scope"}, {}
        self.given += 1
        self.good.add(token := f"ya29.secret-{self.given}")
        return 200, {"access_token": token, "expires_in": self.lifetime, "token_type": "Bearer"}, {}


def malformed(message: dict[str, Any]) -> str | None:
    """The field that Google's schema does not know, or would have otherwise."""
    if set(message) - {"token", "notification", "data", "android", "apns"}:
        return "message"
    if not set(message["notification"]) <= {"title", "body", "image"} or not message["notification"]["body"]:
        return "message.notification"
    if not all(isinstance(value, str) for value in message["data"].values()):
        return "message.data"
    android, headers = message["android"], message["apns"]["headers"]
    if set(android) - _ANDROID or android["priority"] not in ("NORMAL", "HIGH") or android["ttl"][-1] != "s":
        return "message.android"
    if not 0 <= int(android["ttl"][:-1]) <= 2_419_200:
        return "message.android.ttl"
    return None if headers["apns-priority"] in ("5", "10") and int(headers["apns-expiration"]) else "message.apns"
