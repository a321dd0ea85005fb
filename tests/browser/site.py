"""A shop's site and its dangol, each a local HTTP server: two origins, as in life."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page as Tab

from dangol.pipeline.exchange import Request, Response

WEB = Path(__file__).parents[2] / "web"
# Nothing inline, nothing evaluated, nothing from elsewhere but the calls to the API.
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src {api}; worker-src 'self'; base-uri 'none'"
)
Answer = Callable[[Request], Response]
# What API Gateway adds to every answer, and answers `OPTIONS` with.
_CORS = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET,POST,OPTIONS",
    "access-control-allow-headers": "authorization,content-type",
    "access-control-max-age": "86400",
}


def _asked(handler: BaseHTTPRequestHandler) -> Request:
    address = urlsplit(handler.path)
    body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
    headers = {name.lower(): value for name, value in handler.headers.items()}
    return Request(handler.command, address.path, "r", headers, body, handler.client_address[0], address.query)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that its caller gives
        """Say nothing: every request is in the site's own list."""

    def answer(self, response: Response) -> None:
        """Send one whole answer."""
        self.send_response(response.status)
        for name, value in {**response.headers, "content-length": str(len(response.body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)


@contextmanager
def _serving(answer: Answer) -> Iterator[str]:
    """The origin of a server that answers by `answer`, on a free port."""

    class Handler(_Handler):
        def do_GET(self) -> None:
            self.answer(answer(_asked(self)))

        def do_POST(self) -> None:
            self.answer(answer(_asked(self)))

        def do_OPTIONS(self) -> None:
            self.answer(answer(_asked(self)))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Site:
    """A shop on two origins: its pages, all alike but for their script, and its API."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.calls: list[Request] = []
        # What the API answers instead, first to last; None lets a call through.
        self.failures: list[int | None] = []
        self.script = ""
        # What `dangol.init` takes on every page.
        self.always = ""
        self.body = "<h1>단골상점</h1>"
        self.csp = STRICT
        self.api = self.url = ""

    def begin(self, more: str = "", then: str = "") -> None:
        """Have every page begin so: `more` of what `dangol.init` takes, and what comes after it."""
        self.script = f"dangol.init({{host: {self.api!r}, writeKey: 'other'{self.always}{more}}});{then}"

    @contextmanager
    def open(self) -> Iterator["Site"]:
        """The site, open until the context ends."""
        with _serving(self._call) as self.api, _serving(self._page) as self.url:
            yield self

    def told(self, path: str) -> list[dict[str, Any]]:
        """What was said to a path of the API, the first first."""
        return [json.loads(call.body) for call in self.calls if call.path == path and call.method == "POST"]

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of all batches, each once: what is in flight as a page goes away is told by a beacon too."""
        told = [event for batch in self.told("/v1/batch") for event in batch["batch"]]
        return list({event["messageId"]: event for event in told}.values())

    def _call(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            return Response(204, _CORS)
        self.calls.append(request)
        status = self.failures.pop(0) if self.failures else None
        if status:
            return Response(status, {**_CORS, "content-type": "application/json"}, b"{}")
        answer = self._answer(request)
        return Response(answer.status, {**answer.headers, **_CORS}, answer.body)

    def _page(self, request: Request) -> Response:
        name = request.path.lstrip("/")
        if name in {"dangol.js", "dangol-sw.js"}:
            return Response(200, {"content-type": "text/javascript; charset=utf-8"}, (WEB / name).read_bytes())
        if name == "shop.js":
            return Response(200, {"content-type": "text/javascript; charset=utf-8"}, self.script.encode())
        page = f"""<!doctype html><html lang="ko"><meta charset="utf-8"><title>{request.path}</title>
            <meta name="viewport" content="width=device-width">{self.body}
            <script src="/dangol.js"></script><script src="/shop.js"></script></html>"""
        policy = self.csp.format(api=self.api)
        return Response(
            200, {"content-type": "text/html; charset=utf-8", "content-security-policy": policy}, page.encode()
        )


def until(page: Tab, condition: Callable[[], Any]) -> Any:
    """The first true value of `condition`, while the browser goes on."""
    for _ in range(200):
        if value := condition():
            return value
        page.wait_for_timeout(50)
    raise AssertionError("it does not come to that")
