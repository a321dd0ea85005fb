"""One HTTP request and its answer, as `track` sees them. Standard library alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

NEVER_STORED: Final = {"cache-control": "no-store, max-age=0", "referrer-policy": "no-referrer"}
JSON: Final = {"content-type": "application/json", "access-control-allow-origin": "*"}
# What an address is called when nobody says otherwise; a link preview or a scanner gets nothing to show.
_PLAIN: Final = {**NEVER_STORED, "content-type": "text/plain; charset=utf-8"}


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


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


NOT_FOUND: Final = Response(404, _PLAIN, b"not found\n")
# Seconds after which it is worth trying again what a store or the queue refused.
RETRY_AFTER: Final = {"retry-after": "30"}
BUSY: Final = Response(503, {**_PLAIN, **RETRY_AFTER}, b"please try again in a minute\n")


def told(status: int, answer: Mapping[str, Any]) -> Response:
    """An answer in JSON."""
    return Response(status, JSON, json.dumps(answer, ensure_ascii=False).encode())


def bodiless(response: Response) -> Response:
    """The answer to a HEAD: the same, without its body."""
    return Response(response.status, response.headers)
