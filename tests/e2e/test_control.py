"""Runs are paused, resumed and cancelled within seconds; who waits for hours comes back; dead letters go back."""

import json
import time
from datetime import timedelta
from pathlib import Path

import pytest

from cli.applying import apply
from cli.previewing import Previewed
from cli.redriving import dead_letters, redrive
from cli.running import start
from cli.stack import Stack
from cli.testing import send_test
from dangol import bootstrap
from dangol.domain.errors import NotFoundError
from dangol.domain.ledger import State
from dangol.pipeline.control import Controller
from tests.e2e.audience import apply_to, consenting, due_soon, ended, entries, timers, times_mailed
from tests.e2e.conftest import eventually, mails, queue_is_dry, status
from tests.e2e.test_robustness import adds_up
from tests.shop_campaign import campaign, project

# What the promise allows, and a call that was under way.
SOON = 6.0


@pytest.fixture(scope="module")
def controller(stack: Stack) -> Controller:
    return bootstrap.build_controller(stack.settings)


def begun(stack: Stack, name: str, people: list[str]) -> str:
    """A run that has sent to some and has a long way to go."""
    apply_to(stack, name, rate="10/s")
    run: str = start(stack, name, None)["run"]
    eventually(lambda: len(times_mailed(stack, people)) >= 5, "some are sent to", 60)
    return run


def halted(stack: Stack, people: list[str], since: float) -> None:
    """Wait until no message is left, and see that nobody was mailed for long after the epoch second `since`."""
    eventually(lambda: queue_is_dry(stack, "SendQueueUrl"), "nothing is in work any more", 30)
    mailed = [mail["Timestamp"] for mail in mails(stack) if mail["To"][0].partition("@")[0] in set(people)]
    assert max(mailed) - since < SOON


def test_a_paused_run_stops_in_seconds_and_goes_on_with_who_is_left(stack: Stack, controller: Controller):
    people = consenting(stack, "paused", 150)
    run = begun(stack, "paused", people)

    asked = time.time()
    controller.pause(stack.runs.get(run))
    halted(stack, people, asked)
    told, mailed = status(stack, run), times_mailed(stack, people)
    assert told["state"] == "paused"
    assert adds_up(told)
    assert told["sent"] == len(mailed) < len(people)
    assert {e.state for e in entries(stack, people, run).values() if e} <= {State.SENT, State.CANCELLED}

    controller.resume(stack.runs.get(run))
    eventually(lambda: status(stack, run)["sent"] > told["sent"], "it goes on")
    assert ended(stack, run)["sent"] == len(people)
    assert times_mailed(stack, people) == dict.fromkeys(people, 1)


def test_a_cancelled_run_stops_in_seconds_and_everybody_left_is_skipped(stack: Stack, controller: Controller):
    people = consenting(stack, "cancelled", 150)
    run = begun(stack, "cancelled", people)

    asked = time.time()
    controller.cancel(stack.runs.get(run))
    halted(stack, people, asked)

    told = status(stack, run)
    assert (told["state"], told["stopped_because"]) == ("cancelled", "by_hand")
    assert adds_up(told)
    assert told["sent"] == len(times_mailed(stack, people))
    counting = [user for user, entry in entries(stack, people, run).items() if entry and entry.counts]
    assert len(counting) == told["sent"]


def test_an_order_that_failed_is_tried_again(stack: Stack):
    people = consenting(stack, "redriven", 3)
    apply_to(stack, "redriven")
    at = stack.clock.now().replace(microsecond=0)
    # What Lambda puts aside where a schedule's firing failed: the order alone.
    order = json.dumps({"campaign": "redriven", "scheduled_at": at.isoformat()})
    stack.client("sqs").send_message(QueueUrl=stack.outputs["SegmentDeadLetterQueueUrl"], MessageBody=order)

    assert redrive(dead_letters(stack, "segment"), None, lambda *_: None) == {"moved": 1, "left": 0}

    eventually(lambda: stack.runs.of_campaign("redriven"), "the run starts")
    assert ended(stack, stack.runs.of_campaign("redriven")[0].run)["sent"] == len(people)
    assert dead_letters(stack, "segment").waiting() == 0


def test_a_test_send_arrives_and_counts_nowhere(stack: Stack):
    (ann,) = consenting(stack, "tester", 1)
    before = stack.ledgers.get_many([ann])[ann]
    asked = Previewed("never-applied", campaign(), project(), ann, None)

    told = send_test(stack, asked, "me@shop.example")

    assert (told["outcome"], told["provider"], told["to"]) == ("sent", "ses", "me@shop.example")
    (mail,) = [mail for mail in mails(stack) if mail["To"] == ["me@shop.example"]]
    assert mail["Subject"].startswith("(광고) [테스트] 지은님")
    assert stack.ledgers.get_many([ann])[ann] == before
    with pytest.raises(NotFoundError):
        stack.definitions.current("never-applied")


def test_who_waits_for_the_night_to_end_comes_back_by_a_schedule(stack: Stack, clock: Path):
    people = consenting(stack, "night", 120)
    now = stack.clock.now().astimezone(project().zone)
    hours = {"from": f"{now - timedelta(hours=1):%H:%M}", "to": f"{now + timedelta(hours=2):%H:%M}"}
    within = project(quiet_hours={"marketing": hours})
    apply(stack, within, [("night", campaign(audience={"trait": "group", "is": "night"}))])

    run = start(stack, "night", None)["run"]
    eventually(lambda: timers(stack, run), "they wait")
    eventually(lambda: queue_is_dry(stack, "SendQueueUrl"), "no message carries them")
    (timer,) = timers(stack, run)
    assert status(stack, run)["pending"] == len(people)

    # Two hours later, as far as the stack can tell; the schedule, which knows real time alone, is due in seconds.
    clock.write_text("7300")
    due_soon(stack, timer)

    assert ended(stack, run)["sent"] == len(people)
    assert times_mailed(stack, people) == dict.fromkeys(people, 1)
    assert timers(stack, run) == []
