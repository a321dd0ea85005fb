"""AWS calls with the standard library alone, for `track`: Signature Version 4, JSON protocols.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import http.client
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

# A person waits for the answer to a click: a service that does not answer within this has had its chance.
TIMEOUT: Final = 1.0
# The local cloud is one process that answers for every service, and stalls where none of them would.
LOCAL_TIMEOUT: Final = 5.0


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key; its secrets stay out of its repr."""

    key: str
    secret: str
    token: str

    def __repr__(self) -> str:
        return f"Credentials({self.key[:4]}…)"


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a JSON protocol to one service."""

    service: str
    region: str
    host: str
    headers: Mapping[str, str]
    body: bytes


def signed_headers(call: Call, credentials: Credentials, at: datetime) -> dict[str, str]:
    """The headers of `call` with its signature as of `at`."""
    stamp = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {**call.headers, "host": call.host, "x-amz-date": stamp}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    canonical = "".join(f"{name}:{headers[name].strip()}\n" for name in sorted(headers))
    request = "\n".join(("POST", "/", "", canonical, names, hashlib.sha256(call.body).hexdigest()))
    scope = f"{stamp[:8]}/{call.region}/{call.service}/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = hmac.digest(_scoped(credentials.secret, scope), text.encode(), "sha256").hex()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={credentials.key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return {**headers, "authorization": authorization}


@lru_cache(maxsize=8)
def _scoped(secret: str, scope: str) -> bytes:
    """The key of one day, region and service: the same for every call of a day."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


class SignedClient:
    """One service over a connection that is kept; answers are parsed JSON."""

    def __init__(
        self,
        service: str,
        region: str,
        endpoint: str,
        credentials: Callable[[], tuple[str, str, str]],
        *,
        timeout: float = TIMEOUT,
    ) -> None:
        """`endpoint` is an address like `https://sqs.eu-west-1.amazonaws.com`; `timeout` is in seconds."""
        self._service = service
        self._region = region
        self._address = urlsplit(endpoint)
        self._credentials = credentials
        self._timeout = timeout
        self._connection: http.client.HTTPConnection | None = None

    def call(self, target: str, version: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call an action.

        Raises:
            OSError: the service could not be reached, or refused.
        """
        packed = json.dumps(body).encode()
        headers = {"content-type": f"application/x-amz-json-{version}", "x-amz-target": target}
        call = Call(self._service, self._region, self._address.netloc, headers, packed)
        signed = signed_headers(call, Credentials(*self._credentials()), datetime.now(tz=UTC))  # noqa: TID251 - a signature needs the real time
        answer, text = self._exchange(packed, signed)
        if answer.status != http.client.OK:
            raise OSError(f"{target}: {answer.status}")
        return json.loads(text) if text else {}

    def close(self) -> None:
        """Close the kept connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _exchange(self, body: bytes, headers: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        """Send on the kept connection; once more on a new one where the service had closed it."""
        for fresh in (self._connection is None, True):
            connection = self._connect(fresh=fresh)
            try:
                connection.request("POST", "/", body=body, headers=headers)
                answer = connection.getresponse()
                return answer, answer.read()
            except (http.client.HTTPException, OSError) as error:
                self.close()
                # Whoever let a second pass once would do it again.
                if fresh or isinstance(error, TimeoutError):
                    raise OSError(f"{self._service}: {type(error).__name__}") from error
        raise OSError(f"{self._service}: no connection")

    def _connect(self, *, fresh: bool) -> http.client.HTTPConnection:
        if fresh or self._connection is None:
            secure = self._address.scheme == "https"
            kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
            self._connection = kind(self._address.netloc, timeout=self._timeout)
        return self._connection


class SignedQueue:
    """An SQS queue without an SDK: one request a call."""

    def __init__(self, client: SignedClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, bodies: Sequence[str]) -> None:
        """Queue the bodies.

        Raises:
            OSError: the queue could not be reached, or refused.
        """
        for body in bodies:
            self._client.call("AmazonSQS.SendMessage", "1.0", {"QueueUrl": self._url, "MessageBody": body})


class SignedParameters:
    """Secrets of the parameter store without an SDK."""

    def __init__(self, client: SignedClient, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    def secret(self, name: str) -> str:
        """The decrypted value of a parameter.

        Raises:
            OSError: it could not be read.
        """
        asked = {"Name": f"{self._prefix}/{name}", "WithDecryption": True}
        return str(self._client.call("AmazonSSM.GetParameter", "1.1", asked)["Parameter"]["Value"])
