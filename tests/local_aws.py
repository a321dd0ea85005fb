"""AWS's services in one local address, for a function in a process of its own: parameters, and refusals of the rest."""

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

# What becomes of calls to a service: taken, answered with 503, or never answered.
Mood = Literal["well", "refusing", "hanging"]


@dataclass
class LocalAws:
    """The services, how each of them is, and what was asked of them."""

    parameters: Mapping[str, str]
    moods: Mapping[str, Mood]
    asked: Counter[str] = field(default_factory=Counter)
    queued: list[str] = field(default_factory=list)
    url: str = ""
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, target: str, said: Mapping[str, Any]) -> tuple[int, Any]:
        """What a call is answered with."""
        service = target.partition(".")[0].partition("_")[0]
        self.asked[service] += 1
        mood = self.moods.get(service, "well")
        if mood == "hanging":
            self.over.wait()
        if mood != "well":
            return 503, {"__type": "ServiceUnavailable", "message": "down"}
        if target == "AmazonSSM.GetParameter":
            name = said["Name"].rpartition("/")[2]
            return 200, {"Parameter": {"Name": name, "Value": self.parameters[name], "Version": 1}}
        if target == "AmazonSQS.SendMessage":
            self.queued.append(said["MessageBody"])
            return 200, {"MessageId": str(len(self.queued))}
        return 400, {"__type": "UnknownOperationException", "message": target}


@contextmanager
def local_aws(
    parameters: Mapping[str, str], moods: Mapping[str, Mood] | None = None, *, one_connection: bool = False
) -> Iterator[LocalAws]:
    """The services at `url`; with `one_connection` the machine itself refuses every other that is tried."""
    aws = LocalAws(parameters, moods or {})
    server = Server(("127.0.0.1", 0), _handler(aws))
    aws.url = f"http://127.0.0.1:{server.server_address[1]}"
    serve = server.serve_one if one_connection else server.serve_forever
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield aws
    finally:
        aws.over.set()
        if not one_connection:
            server.shutdown()
        server.server_close()


class Server(ThreadingHTTPServer):
    """A server that does not mind whoever gave up waiting."""

    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: Any) -> None:
        """Say nothing of a caller that has gone."""

    def serve_one(self) -> None:
        """Take one connection and no other."""
        connection, address = self.socket.accept()
        self.socket.close()
        self.process_request_thread(connection, address)


def _handler(aws: LocalAws) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, told = aws.answer(self.headers["x-amz-target"], said)
            packed = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.0")
            self.send_header("content-length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
