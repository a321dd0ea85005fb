"""A schedule starts its run by itself, once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest

from cli.stack import Stack
from dangol.domain.errors import NotFoundError
from dangol.domain.schedule import run_id
from tests.e2e.audience import apply_to, consenting, ended, times_mailed, worked_off
from tests.e2e.conftest import eventually, status
from tests.shop_campaign import project

ZONE = project().zone
# The emulator looks at its schedules every ten seconds.
SOON = timedelta(seconds=4)


def soon(stack: Stack) -> datetime:
    now: datetime = stack.clock.now()
    return now.astimezone(ZONE).replace(microsecond=0) + SOON


def known(stack: Stack, run: str) -> bool:
    try:
        return bool(status(stack, run))
    except NotFoundError:
        return False


def schedules(stack: Stack) -> list[str]:
    told = stack.client("scheduler").list_schedules(GroupName=stack.outputs["ScheduleGroup"])["Schedules"]
    return [schedule["Name"] for schedule in told]


def fire(stack: Stack, campaign_id: str, at: datetime) -> str:
    """What a schedule's firing does."""
    order = {"campaign": campaign_id, "scheduled_at": at.isoformat()}
    answer = stack.client("lambda").invoke(FunctionName=stack.outputs["SegmentFunctionArn"], Payload=json.dumps(order))
    told: dict[str, Any] = json.loads(answer["Payload"].read())
    return str(told["run"])


def test_a_time_in_the_campaign_starts_its_run_and_its_schedule_is_gone_afterwards(stack: Stack):
    people, at = consenting(stack, "timed", 5), soon(stack)

    applied = apply_to(stack, "timed", schedule={"at": f"{at:%Y-%m-%dT%H:%M:%S}"})
    assert applied.schedule
    assert "timed" in schedules(stack)
    run = run_id("timed", at)
    eventually(lambda: known(stack, run), "the schedule fires")

    assert ended(stack, run)["sent"] == len(people)
    assert times_mailed(stack, people) == dict.fromkeys(people, 1)
    eventually(lambda: "timed" not in schedules(stack), "the schedule is gone")


def test_a_firing_that_comes_twice_is_one_run_and_reaches_everybody_once(stack: Stack):
    people, at = consenting(stack, "doubled", 30), soon(stack) - SOON
    apply_to(stack, "doubled")

    with ThreadPoolExecutor(2) as pool:
        runs = set(pool.map(lambda _: fire(stack, "doubled", at), range(2)))
    assert runs == {run_id("doubled", at)}
    first = ended(stack, run_id("doubled", at))
    assert fire(stack, "doubled", at) in runs
    worked_off(stack)

    assert ended(stack, first["run"]) == first
    assert (first["audience"], first["sent"]) == (len(people), len(people))
    assert [run.run for run in stack.runs.of_campaign("doubled")] == [first["run"]]
    assert times_mailed(stack, people) == dict.fromkeys(people, 1)


@pytest.mark.parametrize("late", [timedelta(minutes=1), timedelta(days=365)])
def test_a_time_that_is_over_starts_nothing(stack: Stack, late: timedelta):
    at = soon(stack) - SOON - late

    applied = apply_to(stack, "over", schedule={"at": f"{at:%Y-%m-%dT%H:%M:%S}"})

    assert applied.schedule is None
    assert "over" not in schedules(stack)
    assert not known(stack, run_id("over", at))
