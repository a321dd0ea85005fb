"""AWS in one local address, for functions in processes of their own: parameters, a queue and a table that take all."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from dangol.domain.tracking import Keys

ROOT: Final = Path(__file__).parents[1]
KEYS: Final = Keys(1, {1: b"k" * 32})
_SECRET: Final = base64.b64encode(KEYS.secrets[1]).decode()
_LINK_KEYS: Final = json.dumps({"current": 1, "keys": {"1": _SECRET}})


@dataclass
class Endpoint:
    """Where it answers, and what it was asked."""

    url: str
    asked: Counter[str] = field(default_factory=Counter)

    def python(self, script: str, told: str = "") -> Any:
        """Run a script in a new process that takes this for AWS; what it prints, as JSON."""
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT / 'layers' / 'common'}:{ROOT}",
            "AWS_REGION": "ap-northeast-2",
            "AWS_DEFAULT_REGION": "ap-northeast-2",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "STACK": "bench",
            "LOCAL": "false",
            "PARAMETERS_PREFIX": "/dangol/bench",
            "EVENT_QUEUE_URL": f"{self.url}/queue/events",
            "POWERTOOLS_SERVICE_NAME": "track",
        }
        done = subprocess.run(
            [sys.executable, "-c", script], input=told, env=environment, capture_output=True, text=True, check=True
        )
        return json.loads(done.stdout)


@contextmanager
def endpoint() -> Iterator[Endpoint]:
    """Take calls until the end."""
    told = Endpoint("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # One segment an answer: two would wait for each other's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            target = self.headers["x-amz-target"]
            told.asked[target] += 1
            packed = json.dumps(_ANSWERS[target]).encode()
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.0")
            self.send_header("content-length", str(len(packed)))
            self.end_headers()
            self.wfile.write(packed)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    told.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()


_ANSWERS: Final[Mapping[str, Any]] = {
    "AmazonSSM.GetParameter": {"Parameter": {"Name": "link-keys", "Value": _LINK_KEYS, "Version": 1}},
    "AmazonSQS.SendMessage": {"MessageId": "1"},
    "DynamoDB_20120810.UpdateItem": {},
}
