"""`dangol replay`, from a file and from CloudWatch Logs."""

import json
import time
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from cli.commands import replay as commands
from cli.main import dangol
from dangol import bootstrap
from dangol.adapters.logs import CloudWatchLog
from dangol.pipeline.passing_on import NOT_QUEUED
from tests.unit.test_passing_on import click, line


@pytest.fixture
def stack(emulator, queue_url, monkeypatch) -> Any:
    """A stack whose `track` wrote two lines about one click, and one about another."""
    logs, group = bootstrap.client("logs", emulator), f"/aws/lambda/{queue_url.rpartition('/')[2]}"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="s")
    now = int(time.time() * 1000)
    told = ["START RequestId: 1", line(click("old")), f"{line(click('a'))}\n", f"{line(click('a'))}\nREPORT"]
    at = [now - 7_200_000, now - 7_200_000, now, now]
    events = [{"timestamp": moment, "message": message} for moment, message in zip(at, told, strict=True)]
    logs.put_log_events(logGroupName=group, logStreamName="s", logEvents=events)
    stack = SimpleNamespace(
        name="dangol",
        outputs={"TrackLogGroup": group},
        client=lambda service: bootstrap.client(service, emulator),
        settings=SimpleNamespace(event_queue_url=queue_url),
    )
    monkeypatch.setattr(commands, "project_and_stack", lambda _: (SimpleNamespace(locale="en", zone=UTC), stack))
    return stack


def run(*args: str) -> Any:
    return CliRunner().invoke(dangol, ("replay", *args), prog_name="dangol")


def queued(stack: Any) -> list[str]:
    """The ids of what waits in the queue."""
    sqs, ids = stack.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=stack.settings.event_queue_url, MaxNumberOfMessages=10).get(
        "Messages"
    ):
        ids += [json.loads(message["Body"])["id"] for message in messages]
    return sorted(ids)


def test_what_stands_in_the_log_is_queued_once(stack):
    result = run("--json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"lines": 4, "events": 3, "duplicates": 1, "unreadable": 0, "queued": 2}
    assert queued(stack) == ["a", "old"]


def test_only_what_is_asked_for_is_replayed(stack):
    since = datetime.fromtimestamp(time.time() - 3_600, tz=UTC).isoformat()

    result = run("--since", since)

    assert (result.exit_code, "1 events queued" in result.stdout) == (0, True)
    assert queued(stack) == ["a"]


def test_a_line_that_is_cut_off_is_told_and_the_rest_is_queued(stack, tmp_path):
    log = tmp_path / "log.txt"
    log.write_text(f"{line(click('b'))}\n{line(click('c'))[:-9]}\n")

    result = run("--file", str(log), "--json")

    assert (result.exit_code, json.loads(result.stdout)["unreadable"]) == (1, 1)
    assert queued(stack) == ["b"]


def test_a_file_has_no_since(stack, tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("")

    assert run("--file", str(log), "--since", "2026-12-01").exit_code == 2


def test_a_stack_that_does_not_name_its_log_says_what_to_do(stack):
    stack.outputs.clear()

    result = run()

    assert (result.exit_code, "sam deploy" in result.output) == (2, True)


def test_a_log_is_read_page_by_page():
    class Pages:
        def get_paginator(self, name: str) -> "Pages":
            assert name == "filter_log_events"
            return self

        def paginate(self, **asked: Any) -> list[Any]:
            assert asked == {"logGroupName": "g", "filterPattern": f'"{NOT_QUEUED}"'}
            return [{"events": [{"message": "a\nb"}]}, {"events": []}, {"events": [{"message": "c"}]}]

    assert list(CloudWatchLog(Pages(), "g").lines(NOT_QUEUED, None)) == ["a", "b", "c"]
