"""Answer clicks, opens, opt-outs and events from the HTTP API. No SDK, no router: this is the cold path."""

import base64
import sys
from typing import Any

from dangol import bootstrap
from dangol.config import is_local
from dangol.pipeline.exchange import Request


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answer one request of the HTTP API (payload format 2.0)."""
    http, body = event["requestContext"]["http"], event.get("body") or ""
    request = Request(
        method=http["method"],
        path=event["rawPath"],
        request_id=event["requestContext"]["requestId"],
        headers={name.lower(): value for name, value in event["headers"].items()},
        ip=http.get("sourceIp", ""),
        query=event.get("rawQueryString", ""),
        body=base64.b64decode(body) if event.get("isBase64Encoded") else body.encode(),
    )
    response = bootstrap.tracker().answer(request)
    if is_local():
        # MiniStack keeps an answer back for 50 ms in the hope of a word.
        sys.stderr.write("answered\n")
    return {
        "statusCode": response.status,
        "headers": dict(response.headers),
        "body": base64.b64encode(response.body).decode(),
        "isBase64Encoded": True,
    }
