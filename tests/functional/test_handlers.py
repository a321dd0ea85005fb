"""Handlers parse, call and answer; every sample event runs through the handler that its name names."""

import base64
import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dangol import bootstrap
from dangol.domain.errors import ConflictError, NotFoundError
from dangol.domain.tracking import Keys
from dangol.pipeline.track import Doors, Tracker
from tests.fakes import FakeClock, FakeQueue, known
from tests.sessions import SESSION_KEY, Session

EVENTS = sorted((Path(__file__).parents[2] / "events").glob("*.json"))


class Context:
    """What Lambda hands in beside the event."""

    function_name = "f"
    memory_limit_in_mb = 128
    invoked_function_arn = "arn"
    aws_request_id = "r"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Stage:
    """Stands for any stage: remembers its calls, answers or fails as it was told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.error: Exception | None = None

    def __getattr__(self, name: str) -> Any:
        def call(order: Any, until: Any = None) -> Any:
            self.calls.append((name, order))
            if until is not None:
                assert until() is False
            if self.error:
                raise self.error
            return _ANSWERS.get(name)

        return call


_ANSWERS = {
    "start": SimpleNamespace(run="launch-20261201T010000Z", tasks=1),
    "dispatch": Counter(sent=1),
    "send": {"outcome": "sent", "provider": "ses"},
    "record": SimpleNamespace(events=1, people=1, duplicates=0),
    "report": {"run": "launch-20261201T010000Z"},
}


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """One stage behind every builder."""
    stage, queue = Stage(), FakeQueue()
    for name in ("segmenter", "dispatcher", "notifier", "trial", "recorder", "reporter"):
        monkeypatch.setattr(bootstrap, name, lambda: stage)
    clock = FakeClock()
    doors = Doors(
        keys=known(Keys(1, {})),
        write_keys=known({"app": ["secret"]}),
        queue=queue,
        preferences=lambda: None,  # type: ignore[arg-type,return-value]
        now=clock.now,
        seconds=clock.seconds,
        webhook_key=lambda: "",
        short_link=lambda _: None,
        session_keys=lambda: [SESSION_KEY],
        waits=Session().inbox.waits,
        shower=Session().shower,
    )
    monkeypatch.setattr(bootstrap, "tracker", lambda: Tracker(doors))
    monkeypatch.setattr(bootstrap, "report_key", lambda: lambda: "report-key")
    return stage


def handle(name: str, event: Any) -> Any:
    return import_module(f"functions.{name}.app").handler(event, Context())


def sample(name: str) -> Any:
    return json.loads((EVENTS[0].parent / f"{name}.json").read_text())


@pytest.mark.parametrize("file", EVENTS, ids=lambda file: file.stem)
def test_every_sample_event_is_handled(stage, file):
    answer = handle(file.stem.partition("_")[0], json.loads(file.read_text()))

    assert answer.get("batchItemFailures", []) == []
    assert answer.get("statusCode", 200) == 200


def test_a_schedule_is_answered_with_its_run(stage):
    assert handle("segment", sample("segment")) == {"run": "launch-20261201T010000Z"}


def test_segment_does_what_its_queue_asks_for(stage):
    handle("segment", sample("segment_queue"))

    assert [name for name, _ in stage.calls] == ["scan", "release"]


def test_dispatch_sends_notices_beside_chunks(stage):
    handle("dispatch", sample("dispatch_notice"))

    ((name, order),) = stage.calls
    assert (name, order.channel, order.given) == ("send", "email", False)


def test_record_reads_the_events_of_text_messages_and_leaves_out_what_ends_nothing(stage):
    told = {
        "eventType": "TEXT_DELIVERED",
        "eventTimestamp": 1_764_550_800_000,
        "destinationPhoneNumber": "+821012345678",
        "messageId": "a1",
        "context": {"reference": "7:u1"},
    }
    bodies = [json.dumps(each) for each in (told, {**told, "eventType": "TEXT_SENT"}, {**told, "context": {}})]

    answer = handle("record", {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(bodies)]})

    assert answer == {"batchItemFailures": []}
    ((_, happenings),) = stage.calls
    assert [(each.kind, each.id) for each in happenings] == [("delivered", "aws:a1:text_delivered")]


def test_segment_takes_a_schedules_order_from_its_queue(stage):
    handle("segment", {"Records": [{"messageId": "m1", "body": json.dumps(sample("segment"))}]})

    assert [name for name, _ in stage.calls] == ["start"]


@pytest.mark.parametrize("name", ["segment_queue", "dispatch"])
@pytest.mark.parametrize("error", [RuntimeError("broken"), ConflictError("busy")])
def test_what_failed_comes_back_and_the_rest_does_not(stage, name, error):
    stage.error = error
    event = sample(name)

    answer = handle(name.partition("_")[0], event)

    assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == [r["messageId"] for r in event["Records"]]


def test_a_message_that_cannot_be_read_comes_back_alone(stage):
    event = sample("record")
    event["Records"].append({"messageId": "poison", "body": '{"kind": "clicked", "user_id": "u1@example.com"}'})
    event["Records"].append({"messageId": "noise", "body": "{"})

    answer = handle("record", event)

    assert [f["itemIdentifier"] for f in answer["batchItemFailures"]] == ["poison", "noise"]
    assert [len(batch) for _, batch in stage.calls] == [2]


def test_a_message_that_cannot_be_recorded_comes_back_alone(stage, monkeypatch):
    recorded: list[str] = []

    class Poisoned:
        def record(self, batch: Any) -> Any:
            if any(happening.id == "poison" for happening in batch):
                raise RuntimeError("too large")
            recorded.extend(happening.id for happening in batch)
            return _ANSWERS["record"]

    monkeypatch.setattr(bootstrap, "recorder", Poisoned)
    names = ["a", "b", "poison", "c", "d"]

    answer = handle("record", {"Records": [{"messageId": name, "body": _event(name)} for name in names]})

    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["poison"]
    assert sorted(recorded) == ["a", "b", "c", "d"]


def test_a_batch_in_which_nothing_can_be_read_records_nothing(stage):
    stage.error = RuntimeError("never called")

    answer = handle("record", {"Records": [{"messageId": "m", "body": "[" * 100_000}]})

    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["m"]
    assert stage.calls == []


def _event(event_id: str) -> str:
    told = {"kind": "event", "id": event_id, "user_id": "u1", "event": "x", "at": 1, "received_at": 1}
    return json.dumps(told)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("record", '{"kind": "clicked", "id": "x@example.com"}'),
        ("dispatch", '{"recipients": [{"address": "x@example.com", "bad": 1}]}'),
    ],
)
def test_an_address_in_a_message_that_cannot_be_read_is_not_logged(stage, capsys, name, body):
    handle(name, {"Records": [{"messageId": "m1", "body": body}]})

    assert "x@example.com" not in capsys.readouterr().out


def test_track_answers_with_bytes(stage):
    answer = handle("track", sample("track"))

    assert json.loads(base64.b64decode(answer["body"])) == {"success": True}
    assert answer["isBase64Encoded"]


@pytest.mark.parametrize(("local", "said"), [("true", "answered\n"), ("false", "")])
def test_track_says_a_word_where_the_emulator_waits_for_one(stage, local, said, monkeypatch, capsys):
    monkeypatch.setenv("LOCAL", local)

    handle("track", sample("track"))

    assert capsys.readouterr().err == said


def test_the_report_api_wants_its_key(stage):
    event = sample("report")
    assert json.loads(handle("report", event)["body"])["run"] == "launch-20261201T010000Z"

    event["headers"] = {"authorization": "Bearer wrong"}
    assert handle("report", event)["statusCode"] == 401


def test_a_run_that_is_not_there_is_not_found(stage):
    stage.error = NotFoundError("no run")

    assert handle("report", sample("report"))["statusCode"] == 404
