"""Segment's own SDKs, unmodified but for their host, and the page that shows how to use them."""

import base64
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from dangol import bootstrap
from dangol.contracts import Performed
from dangol.domain.profile import VALUE_SCALE, Profile
from functions.track import app
from tests.functional.test_handlers import Context
from tests.unit.test_pipeline_record import World as Recording
from tests.unit.test_pipeline_track import World

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
NODE = ROOT / ".tools" / "analytics-node"
KEY, HOST = "YOUR_WRITE_KEY", "https://go.shop.example"

PYTHON = f"""
from datetime import datetime, timezone
from segment.analytics import Client

events = Client("{KEY}", host="{HOST}", gzip=GZIP, upload_size=3)
at = datetime(2026, 11, 20, 1, 0, tzinfo=timezone.utc)
events.track(anonymous_id="a1", event="view", properties={{"item_id": "new"}}, timestamp=at)
events.identify("u9", {{"email": "jieun@example.com", "name": "지은"}}, anonymous_id="a1")
events.track("u9", "purchase", {{"value": 79000, "item": "새 강의 🛒"}}, timestamp=at, message_id="order-1")
events.track("u9", "purchase", {{"value": 79000, "item": "새 강의 🛒"}}, timestamp=at, message_id="order-1")
events.page("u9", "store", "home", {{"path": "/"}})
events.screen("u9", "app", "home")
events.group("u9", "company")
events.alias("old9", "u9")
events.shutdown()
"""
JAVASCRIPT = f"""
import {{ Analytics }} from '@segment/analytics-node'

const events = new Analytics({{ writeKey: '{KEY}', host: '{HOST}', maxEventsInBatch: 3 }})
const timestamp = new Date('2026-11-20T01:00:00Z')
events.track({{ anonymousId: 'a1', event: 'view', properties: {{ item_id: 'new' }}, timestamp }})
events.identify({{ userId: 'u9', anonymousId: 'a1', traits: {{ email: 'jieun@example.com', name: '지은' }} }})
const order = {{ value: 79000, item: '새 강의 🛒' }}
events.track({{ userId: 'u9', event: 'purchase', properties: order, timestamp, messageId: 'order-1' }})
events.track({{ userId: 'u9', event: 'purchase', properties: order, timestamp, messageId: 'order-1' }})
events.page({{ userId: 'u9', name: 'home', properties: {{ path: '/' }} }})
events.screen({{ userId: 'u9', name: 'home' }})
events.group({{ userId: 'u9', groupId: 'company' }})
events.alias({{ userId: 'u9', previousId: 'old9' }})
await events.closeAndFlush()
"""


@dataclass
class Shop:
    """The API on loopback, whose key SDKs are given."""

    world: World = field(default_factory=World)
    url: str = ""

    def profiles(self) -> dict[str, Profile]:
        """The people, once everything that came was recorded."""
        recording = Recording()
        recording.recorder.record(self.world.happened)
        people: dict[str, Profile] = recording.profiles.people
        return people


@contextmanager
def serving(shop: Shop) -> Iterator[None]:
    """The handler of `track` behind a server, as the HTTP API hands requests to it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            http = {"method": "POST", "path": self.path, "sourceIp": "198.51.100.7"}
            event = {
                "rawPath": self.path,
                "headers": dict(self.headers.items()),
                "requestContext": {"http": http, "requestId": uuid4().hex},
                "body": base64.b64encode(body).decode(),
                "isBase64Encoded": True,
            }
            # An SDK says by its own clock when it sent.
            shop.world.clock.time = datetime.now(UTC)
            answer = app.handler(event, Context())
            told = base64.b64decode(answer["body"])
            self.send_response(answer["statusCode"])
            for name, value in {**answer["headers"], "content-length": str(len(told))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    shop.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    shop = Shop()
    monkeypatch.setattr(bootstrap, "tracker", lambda: shop.world.tracker)
    with serving(shop):
        yield shop


def run(shop: Shop, program: str, folder: Path, *, language: str) -> None:
    """Run a program as its reader would, with their own host and key in it."""
    text = program.replace(HOST, shop.url).replace(KEY, "secret")
    if language == "python":
        command, file = [sys.executable], folder / "events.py"
    else:
        # Where its packages are found.
        command, file = ["node"], NODE / f"{uuid4().hex}.mjs"
    file.write_text(text, encoding="utf-8")
    try:
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=60, check=False)
    finally:
        file.unlink()
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("language", "program"),
    [
        ("python", PYTHON.replace("GZIP", "False")),
        ("python", PYTHON.replace("GZIP", "True")),
        ("js", JAVASCRIPT),
    ],
    ids=["python", "python-gzip", "node"],
)
def test_an_sdk_tells_everything_once(shop: Shop, tmp_path: Path, language: str, program: str):
    run(shop, program, tmp_path, language=language)

    people = shop.profiles()
    person = people["u9"]
    assert person.traits == {"email": "jieun@example.com", "name": "지은"}
    # Folded with the visitor's past; the order that was told twice counts once.
    found = {name: (each.count, each.total, each.last) for name, each in person.histories.items() if "[" not in name}
    at = int(datetime(2026, 11, 20, 1, tzinfo=UTC).timestamp())
    assert found["purchase"] == (1, 79_000 * VALUE_SCALE, at)
    assert found["view"] == (1, 0, at)
    assert {name: found[name][0] for name in ("page_view", "screen_view")} == {"page_view": 1, "screen_view": 1}
    assert found.keys() == {"purchase", "view", "page_view", "screen_view"}
    assert people["anon:a1"].merged_into == "u9"
    purchase = next(h for h in shop.world.happened if isinstance(h, Performed) and h.event == "purchase")
    assert purchase.properties["item"] == "새 강의 🛒"


def test_the_examples_of_the_page_run(shop: Shop, tmp_path: Path):
    for language in ("python", "js"):
        (program,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
        run(shop, program, tmp_path, language=language)
    (call,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    status, _ = shop.world.tell("track", json.loads(call))

    assert status == 200
    person = shop.profiles()["u-00123"]
    assert person.traits == {"email": "jieun@example.com", "name": "지은", "plan": "pro"}
