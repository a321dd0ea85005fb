"""An HTTP server of one provider, on a port of its own."""

import json
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

# What a call may meet instead of its answer: nobody reads it, or it is read and taken and the answer gets lost.
LOST, TAKEN_AND_LOST = "lost", "taken and lost"
# Longer than any test waits, so that a hanging call ends with its test.
_LONGEST = 20.0


@dataclass(frozen=True)
class Call:
    """One call as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        return json.loads(self.body)


@dataclass
class ProviderServer:
    """Answers calls by `answer`; what is in `instead` is met first, one after the other.

    An entry of `instead` is `LOST`, `TAKEN_AND_LOST`, or a status with the JSON, or the text, to answer, and headers.
    """

    calls: list[Call] = field(default_factory=list)
    instead: deque[Any] = field(default_factory=deque)
    # The numbers that messages were taken for, each as often as it was.
    taken: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Status, JSON and headers of the answer to a call."""
        raise NotImplementedError


def _handler(provider: ProviderServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            call = Call(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            provider.calls.append(call)
            met = provider.instead.popleft() if provider.instead else None
            if isinstance(met, tuple):
                return self.say(met[0], met[1], met[2] if len(met) > 2 else {})
            answer = None if met == LOST else provider.answer(call)
            if met is not None or answer is None:
                provider.released.wait(_LONGEST)
                self.close_connection = True
                return None
            return self.say(*answer)

        def say(self, status: int, content: dict[str, Any] | str, headers: dict[str, str]) -> None:
            written = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(written)))
            self.end_headers()
            self.wfile.write(written)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
