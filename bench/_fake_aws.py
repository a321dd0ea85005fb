"""The AWS that both ways of a bench call, on loopback: it answers at once and counts."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

_ANSWERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "SendMessage": {"MessageId": "1"},
    "UpdateItem": {},
}


class FakeAws(ThreadingHTTPServer):
    """The endpoint: what it was asked, by action."""

    daemon_threads = True

    def __init__(self, secrets: Mapping[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.secrets = secrets
        self.asked: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, action: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to one call."""
        self.asked[action] += 1
        if action == "GetParameter":
            return {"Parameter": {"Value": self.secrets[body["Name"].rpartition("/")[2]]}}
        return _ANSWERS[action]


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body in one packet: otherwise the client waits for its own delayed acknowledgement.
    wbufsize = -1
    server: FakeAws

    def do_POST(self) -> None:
        """Answer a call of a JSON protocol."""
        action = self.headers["x-amz-target"].rpartition(".")[2]
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        told = json.dumps(self.server.answer(action, asked)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/x-amz-json-1.0")
        self.send_header("content-length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def fake_aws(secrets: Mapping[str, str]) -> Iterator[FakeAws]:
    """Serve until the end of the block."""
    server = FakeAws(secrets)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
