"""What the public side of the HTTP API is asked and answers. Standard library alone: `track` starts with it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

NEVER: Final = {"cache-control": "no-store, max-age=0", "referrer-policy": "no-referrer"}
TEXT: Final = {**NEVER, "content-type": "text/plain; charset=utf-8"}
HTML: Final = {
    **NEVER,
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "x-robots-tag": "noindex",
}
JSON: Final = {"content-type": "application/json", "access-control-allow-origin": "*"}
# Seconds until it is worth coming back.
SOON: Final = {"retry-after": "5"}


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are lower case."""

    method: str
    path: str
    request_id: str
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)
    ip: str = field(default="", repr=False)
    query: str = field(default="", repr=False)

    @property
    def agent(self) -> str:
        """The user agent, in as much as is kept of it."""
        return self.headers.get("user-agent", "")[:512]


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


NOT_FOUND: Final = Response(404, TEXT, b"not found\n")
LATER: Final = Response(503, {**TEXT, **SOON}, "잠시 후 다시 눌러 주세요. Please try again in a moment.\n".encode())


def told(status: int, answer: Mapping[str, Any]) -> Response:
    """An answer in JSON."""
    return Response(status, JSON, json.dumps(answer, ensure_ascii=False).encode())
