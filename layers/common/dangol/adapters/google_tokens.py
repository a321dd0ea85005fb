"""Access tokens for Google's APIs: a service account signs that it is itself, and gets one for an hour.

https://developers.google.com/identity/protocols/oauth2/service-account#httprest (RFC 7523).
"""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from dangol.domain.errors import AccountError, DefinitionError, SendError, UnavailableError
from dangol.ports import HttpAnswer, Post, Waves

SCOPE: Final = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_URI: Final = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
_HOUR: Final = 3_600
# Seconds before its end from which on a token is used no more.
_SPARE: Final = 300
_OK, _CLIENT_ERROR, _TOO_MANY, _SERVER_ERROR = 200, 400, 429, 500


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """Who signs, for which project."""

    email: str
    project: str
    token_uri: str
    private_key: str = field(repr=False)
    key_id: str = ""

    @classmethod
    def parse(cls, text: str) -> "ServiceAccount":
        """Read the JSON that Google gives for a service account.

        Raises:
            DefinitionError: something of it is missing.
        """
        stored = json.loads(text)
        try:
            return cls(
                email=stored["client_email"],
                project=stored["project_id"],
                token_uri=stored.get("token_uri", TOKEN_URI),
                private_key=stored["private_key"],
                key_id=stored.get("private_key_id", ""),
            )
        except KeyError as error:
            raise DefinitionError(f"the service account has no {error.args[0]}", field="providers/fcm") from None

    def assertion(self, now: int) -> str:
        """The signed word that it is this account, as of `now`.

        Raises:
            DefinitionError: its key is none.
        """
        head = {"alg": "RS256", "typ": "JWT", **({"kid": self.key_id} if self.key_id else {})}
        claims = {"iss": self.email, "scope": SCOPE, "aud": self.token_uri, "iat": now, "exp": now + _HOUR}
        signed = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(claims).encode())}"
        try:
            key = serialization.load_pem_private_key(self.private_key.encode(), None)
        except (ValueError, TypeError):
            raise DefinitionError("the service account's private_key is no key", field="providers/fcm") from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise DefinitionError("the service account's private_key is no RSA key", field="providers/fcm")
        return f"{signed}.{_encoded(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


class GoogleTokens:
    """The token of a service account: fetched when it is first needed, and again shortly before it ends."""

    def __init__(
        self,
        account: Callable[[], ServiceAccount],
        waves: Callable[[str], Waves],
        seconds: Callable[[], float] = time.time,
    ) -> None:
        self._account = account
        self._waves = waves
        self._seconds = seconds
        self._token = ""
        self._of: ServiceAccount | None = None
        self._until = 0.0

    def project(self) -> str:
        """The project that the account sends for."""
        return self._account().project

    def token(self) -> str:
        """A token that is good for minutes at least.

        Raises:
            SendError: Google refuses the account, asks to wait, or does not answer, or what is stored is no account;
                nothing was sent.
        """
        try:
            account, now = self._account(), self._seconds()
            answer = self._asked(account, now) if account != self._of or now >= self._until else None
        except DefinitionError as error:
            raise AccountError(str(error)) from error
        if answer:
            self._token, self._of = str(answer.content["access_token"]), account
            self._until = now + float(answer.content.get("expires_in", _HOUR)) - _SPARE
        return self._token

    def refused(self, token: str) -> None:
        """Use this token no more."""
        if token == self._token:
            self._until = 0.0

    def _asked(self, account: ServiceAccount, now: float) -> HttpAnswer:
        form = urlencode({"grant_type": _GRANT, "assertion": account.assertion(int(now))}).encode()
        post = Post(account.token_uri, {"content-type": "application/x-www-form-urlencoded"}, form)
        (answer,) = self._waves(account.token_uri).post_all([post])
        if isinstance(answer, SendError):
            # Whatever became of the question, no message was handed over.
            raise UnavailableError(str(answer)) from answer
        if answer.status == _OK and answer.content.get("access_token"):
            return answer
        if _CLIENT_ERROR <= answer.status < _SERVER_ERROR and answer.status != _TOO_MANY:
            raise AccountError(f"google_{answer.content.get('error') or answer.status}")
        raise UnavailableError(f"google_token_{answer.status}")

    def __repr__(self) -> str:
        return "GoogleTokens()"


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
