"""The queue is down, the tables are down: people get where they were going, and what they did comes back."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cli.replaying import replay
from dangol.contracts import event_work
from dangol.domain.tracking import OPEN_LINK, UNSUBSCRIBE_LINK, Keys, Mark, sign
from tests.fakes import FakeQueue
from tests.local_aws import LocalAws, Mood, local_aws
from tests.unit.test_pipeline_record import RUN, World, entry

ROOT = Path(__file__).parents[2]
SECRET = base64.b64encode(b"k" * 32).decode()
PARAMETERS = {
    "link-keys": json.dumps({"current": 1, "keys": {"1": SECRET}}),
    "write-keys": '{"app": "secret"}',
    "webhook-key": f"whsec_{SECRET}",
}
KEYS = Keys(1, {1: b"k" * 32})
# A name for the request of each answer: what Lambda does for a handler, one event a line.
RUNTIME = """
import json, sys
from functions.track.app import handler
for line in sys.stdin:
    print(json.dumps(handler(json.loads(line), None)), flush=True)
"""
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 KAKAOTALK"
CLICKS = 1_000
DOWN: list[tuple[str, dict[str, Mood], bool]] = [
    ("refusing", {"AmazonSQS": "refusing", "DynamoDB": "refusing"}, False),
    ("hanging", {"AmazonSQS": "hanging", "DynamoDB": "hanging"}, False),
    ("not there", {}, True),
]


@dataclass
class Function:
    """`track` in a process of its own; its log is complete once the process has ended."""

    process: subprocess.Popen[str]
    asked: int = 0
    seconds: list[float] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        """One request; the answer, with its body as text."""
        self.asked += 1
        told = {"user-agent": PHONE, **{name.replace("_", "-"): value for name, value in headers.items()}}
        http = {"method": method, "path": path, "sourceIp": "198.51.100.7"}
        event = {
            "rawPath": path,
            "headers": told,
            "requestContext": {"http": http, "requestId": f"request-{self.asked}"},
            "body": base64.b64encode(body).decode(),
            "isBase64Encoded": True,
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        began = time.perf_counter()
        self.process.stdin.write(json.dumps(event) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.seconds.append(time.perf_counter() - began)
        return {**answer, "body": base64.b64decode(answer["body"]).decode(errors="replace")}


@contextmanager
def track(aws: LocalAws, log: Path) -> Iterator[Function]:
    """A new process, cold, with the variables that the template gives it."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT / 'layers' / 'common'}:{ROOT}",
        "AWS_REGION": "ap-northeast-2",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "STACK": "dangol",
        "LOCAL": "false",
        "PARAMETERS_PREFIX": "/dangol/dangol",
        "FUNCTION_TIMEOUT": "10",
        "LEDGER_TABLE": "ledger",
        "SHORT_LINKS_TABLE": "short-links",
        "MESSAGES_TABLE": "messages",
        "PROFILES_TABLE": "profiles",
        "CAMPAIGNS_TABLE": "campaigns",
        "EVENT_QUEUE_URL": f"{aws.url}/queue/events",
    }
    with log.open("w") as stderr:
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", RUNTIME]
        process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=stderr, env=environment, text=True, cwd=ROOT
        )
        function = Function(process)
        with process:
            try:
                yield function
            finally:
                assert process.stdin is not None
                process.stdin.close()
                process.wait(timeout=60)
    function.log = log.read_text().splitlines()


def link(number: int) -> tuple[str, str]:
    """The address of one person's click, and where it leads: a long one."""
    destination = f"https://shop.example/item/{number}?" + "&".join(f"p{n}={'x' * 40}" for n in range(20))
    return f"/c/{sign(Mark(1, person(number), number % 2, number % 5), KEYS, destination)}", destination


def person(number: int) -> str:
    return f"reader{number:04}"


def recorded(log: list[str], times: int) -> World:
    """The stores after the log was replayed so often: an hour before, each was sent a message of two variants."""
    world, queue, sent_at = World(), FakeQueue(), int(time.time()) - 3600
    for number in range(CLICKS):
        world.ledgers.ledgers[person(number)] = entry(person(number), variant=number % 2, at=sent_at)
    for _ in range(times):
        told = replay(log, queue, lambda _: None)
        assert told == {"lines": CLICKS, "events": CLICKS, "duplicates": 0, "unreadable": 0, "queued": CLICKS}
        happened = [event_work.validate_json(body) for body in queue.take()]
        for start in range(0, CLICKS, 200):
            world.recorder.record(happened[start : start + 200])
    return world


@pytest.mark.parametrize(("moods", "one_connection"), [down[1:] for down in DOWN], ids=[down[0] for down in DOWN])
def test_every_click_is_redirected_and_every_one_comes_back_by_replay(tmp_path, moods, one_connection):
    links = [link(number) for number in range(CLICKS)]

    with local_aws(PARAMETERS, moods, one_connection=one_connection) as aws, track(aws, tmp_path / "log") as function:
        answers = [function.ask("GET", path) for path, _ in links]

    told = [(answer["statusCode"], answer["headers"].get("location")) for answer in answers]
    assert told == [(302, destination) for _, destination in links]
    assert aws.queued == []
    # The key was read once, for the first of them; and nobody waited for a queue that hangs, but one in many.
    assert aws.asked["AmazonSSM"] == 1
    assert aws.asked["AmazonSQS"] <= (CLICKS if moods.get("AmazonSQS") == "refusing" else CLICKS / 100)
    assert aws.asked["DynamoDB"] == 0
    first, later = function.seconds[0], sorted(function.seconds[1:])
    print(f"\n{CLICKS} of {CLICKS} redirected; cold {first:.2f} s, then median {1_000 * later[CLICKS // 2]:.1f} ms")
    for times in (1, 2):
        world = recorded(function.log, times)
        counts = {name: n for name, n in world.counts(RUN).items() if name.startswith("arm:")}
        assert counts == {"arm:0:clicked": CLICKS / 2, "arm:1:clicked": CLICKS / 2}
        in_lake = {row["id"] for row in world.objects.rows("engagement/")}
        assert in_lake == {f"request-{n + 1}" for n in range(CLICKS)}


@pytest.mark.parametrize(("moods", "one_connection"), [down[1:] for down in DOWN], ids=[down[0] for down in DOWN])
def test_an_opt_out_that_cannot_be_stored_is_never_called_done(tmp_path, moods, one_connection):
    path = f"/u/{sign(Mark(1, 'u1', 0, UNSUBSCRIBE_LINK), KEYS)}"

    with local_aws(PARAMETERS, moods, one_connection=one_connection) as aws, track(aws, tmp_path / "log") as function:
        page = function.ask("GET", path)
        one_click = function.ask("POST", path, b"List-Unsubscribe=One-Click")
        click = function.ask("GET", link(1)[0])

    for answer in (page, one_click):
        assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "30")
        assert "try again" in answer["body"]
    assert click["statusCode"] == 302
    assert not any("unsubscribed" in line for line in function.log)


@pytest.mark.parametrize(("moods", "one_connection"), [down[1:] for down in DOWN], ids=[down[0] for down in DOWN])
def test_a_call_whose_event_cannot_be_queued_is_refused_so_that_it_is_made_again(tmp_path, moods, one_connection):
    auth = "Basic " + base64.b64encode(b"secret:").decode()
    call = b'{"userId": "u1", "event": "purchase", "messageId": "order-1"}'

    with local_aws(PARAMETERS, moods, one_connection=one_connection) as aws, track(aws, tmp_path / "log") as function:
        answer = function.ask("POST", "/v1/track", call, authorization=auth)

    assert (answer["statusCode"], answer["headers"]["retry-after"]) == (503, "30")
    assert "nothing was taken" in json.loads(answer["body"])["error"]


@pytest.mark.parametrize("mood", ["refusing", "hanging"])
def test_where_the_key_cannot_be_read_nobody_is_led_anywhere(tmp_path, mood):
    with local_aws(PARAMETERS, {"AmazonSSM": mood}) as aws, track(aws, tmp_path / "log") as function:
        answers = [function.ask("GET", link(1)[0]) for _ in range(2)]
        aws.moods = {}
        aws.over.set()
        after = function.ask("GET", link(1)[0])

    assert [(answer["statusCode"], answer["headers"].get("location")) for answer in answers] == [(503, None)] * 2
    assert (after["statusCode"], len(aws.queued)) == (302, 1)


def test_in_good_weather_a_click_is_one_request_and_nothing_is_logged(tmp_path):
    with local_aws(PARAMETERS) as aws, track(aws, tmp_path / "log") as function:
        for number in range(20):
            function.ask("GET", link(number)[0])
        function.ask("GET", f"/o/{sign(Mark(1, 'u1', 0, OPEN_LINK), KEYS)}")

    assert aws.asked == {"AmazonSSM": 1, "AmazonSQS": 21}
    assert [event_work.validate_json(body).id for body in aws.queued] == [f"request-{n + 1}" for n in range(21)]  # type: ignore[union-attr]
    assert function.log == []
