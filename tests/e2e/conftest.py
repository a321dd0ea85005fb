"""The stack on a local cloud of its own, with AUTH=true: the roles are proven by every test here."""

import base64
import http.client
import json
import os
import shutil
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from cli.local_cloud import LocalCloud
from cli.stack import Stack, clock_file, connect
from dangol import bootstrap

PATIENCE = 120.0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Api:
    """The stack's HTTP API, whatever its name is here."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        key = json.loads(stack.parameters.secret("write-keys"))["app"]
        self.auth = {"authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}

    def request(self, method: str, url: str, body: Any = None, headers: Any = None) -> http.client.HTTPResponse:
        """Make one request; `url` is a whole address or a path. The answer's body is in `.text`."""
        address = urlsplit(url if "://" in url else self.stack.api_url + url)
        connection = http.client.HTTPConnection(urlsplit(self.stack.settings.endpoint).netloc, timeout=30)
        packed = json.dumps(body).encode() if isinstance(body, dict) else body
        path = f"{address.path}?{address.query}" if address.query else address.path
        connection.request(method, path, packed, {"host": address.netloc, **(headers or {})})
        answer = connection.getresponse()
        answer.text = answer.read().decode(errors="replace")  # type: ignore[attr-defined]
        connection.close()
        return answer

    def batch(self, *messages: dict[str, Any]) -> Any:
        """Send events by `/v1/batch`."""
        answer = self.request("POST", "/v1/batch", {"batch": list(messages)}, self.auth)
        assert answer.status == 200, answer.text  # type: ignore[attr-defined]
        return json.loads(answer.text)  # type: ignore[attr-defined]


def eventually(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """The first true value of `condition`, looked at until patience ends."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if value := condition():
            return value
        time.sleep(0.1)
    pytest.fail(f"not within {patience:.0f} s: {what}")


def queue_is_dry(stack: Stack, output: str) -> bool:
    """Whether nothing waits in a queue and nothing of it is in work."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[output], AttributeNames=names)
    return not any(int(told["Attributes"][name]) for name in names)


def recorded(stack: Stack) -> None:
    """Wait until everything that happened is recorded."""
    eventually(lambda: queue_is_dry(stack, "EventQueueUrl"), "all events recorded")


def mails(stack: Stack) -> list[dict[str, Any]]:
    """Every e-mail that SES took, the oldest first."""
    with urllib.request.urlopen(f"{stack.settings.endpoint}/_ministack/ses/messages") as answer:
        told = json.load(answer)["messages"]
    return [mail for sent in told.values() for mail in sent]


def status(stack: Stack, run: str) -> dict[str, Any]:
    """Where a run stands."""
    return bootstrap.build_reporter(stack.settings).status(run)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A local cloud of the session's own, deployed with short timeouts."""
    previous = os.environ.get("DANGOL_LOCAL_PORT")
    os.environ["DANGOL_LOCAL_PORT"] = str(_free_port())
    cloud = LocalCloud(tmp_path_factory.mktemp("cloud"), "dangol-e2e", timeouts="short")
    try:
        cloud.up(print)
        yield cloud
    finally:
        cloud.down()
        os.environ.pop("DANGOL_LOCAL_PORT")
        if previous is not None:
            os.environ["DANGOL_LOCAL_PORT"] = previous


def clear_project(folder: Path) -> None:
    """Take the definitions of another test away."""
    for name in ("campaigns", "segments"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "dangol.yaml").unlink(missing_ok=True)


@pytest.fixture(scope="module")
def stack(cloud: LocalCloud) -> Stack:
    """The stack, with what other modules left in it: a test keeps to people of its own."""
    return connect(cloud.stack, local=True, folder=cloud.folder)


@pytest.fixture(scope="module")
def emptied(cloud: LocalCloud, stack: Stack) -> Stack:
    """The stack, emptied; after that every function starts afresh, which takes seconds."""
    cloud.reset()
    return stack


@pytest.fixture(scope="module")
def api(stack: Stack) -> Api:
    """The stack's HTTP API."""
    return Api(stack)


@pytest.fixture
def clock(stack: Stack, cloud: LocalCloud) -> Iterator[Path]:
    """The file that moves the stack's clock, by seconds; put back at the end."""
    path = clock_file(cloud.folder)
    yield path
    path.unlink(missing_ok=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is end to end."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)
