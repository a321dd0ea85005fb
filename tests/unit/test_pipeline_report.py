"""Status and report of a run, from its counters."""

from datetime import timedelta

import pytest

from dangol.domain.errors import NotFoundError
from dangol.pipeline.pacing import pace_of, slower
from dangol.pipeline.plans import Plans
from dangol.pipeline.report import Reporter, Stores
from tests.dispatching import KEYS, NOW, RUN, running
from tests.fakes import FakeClock, FakeDefinitions, FakeLakeReader, FakeRuns, RecordingChannel
from tests.shop_campaign import campaign, definition, project, recipient

COUNTS = {"arm:0:sent": 50, "arm:1:sent": 30, "arm:holdout:held_out": 10, "skipped:no_consent": 5, "failed:bad": 2}


class World:
    def __init__(self, **changed) -> None:
        self.runs = FakeRuns(running(audience=100, scanned=200, **changed))
        self.runs.add(RUN, {**COUNTS, "arm:0:failed": 2})
        self.clock = FakeClock()
        self.reporter = Reporter(Stores(FakeDefinitions(definition()), self.runs, FakeLakeReader(), self.clock))


def test_the_states_add_up_to_the_audience():
    status = World().reporter.status(RUN)

    parts = status["sent"] + status["held_out"] + status["unknown"] + status["pending"]
    assert parts + sum(status["skipped"].values()) + sum(status["failed"].values()) == status["audience"] == 100
    assert (status["state"], status["pending"]) == ("running", 3)


def test_a_run_with_nobody_left_is_finished():
    world = World()
    world.runs.add(RUN, {"arm:0:unknown": 3})

    assert world.reporter.status(RUN)["state"] == "finished"


def test_a_run_that_is_still_scanned_is_running():
    assert World(state="scanning").reporter.status(RUN)["state"] == "running"


@pytest.mark.parametrize("state", ["scanning", "running"])
def test_a_paused_run_says_so_and_why(state):
    status = World(state=state, paused="too_many_failed").reporter.status(RUN)

    assert (status["state"], status["stopped_because"], status["pending"]) == ("paused", "too_many_failed", 3)


def test_a_pause_after_the_last_hand_over_changes_nothing():
    world = World(paused="by_hand")
    world.runs.add(RUN, {"arm:0:unknown": 3})

    assert world.reporter.status(RUN)["state"] == "finished"


def test_whoever_a_stopped_run_did_not_reach_is_skipped():
    world = World(state="cancelled", stopped_because="too_many_failed")
    world.runs.add(RUN, {"skipped:campaign_stopped": 1})

    status = world.reporter.status(RUN)

    assert (status["state"], status["pending"]) == ("cancelled", 0)
    assert status["skipped"]["campaign_stopped"] == 3


def test_a_campaign_stands_for_its_latest_run():
    world = World()
    later = running(2, "launch-20261202T010000Z", scheduled_at=NOW + timedelta(days=1))
    world.runs.runs[later.run] = later

    assert world.reporter.status("launch")["run"] == later.run
    assert world.reporter.find(RUN).number == 1


@pytest.mark.parametrize("name", ["unknown", "unknown-20261201T010000Z"])
def test_what_never_ran_is_not_found(name):
    with pytest.raises(NotFoundError):
        World().reporter.status(name)


def test_a_report_has_its_totals_from_the_lake():
    report = World().reporter.report(RUN)

    assert report["totals"] == {"clicked": 3, "opened": 5, "unsubscribed": 0}
    assert [arm["sent"] for arm in report["variants"]] == [50, 30, 0]
    assert report["goal"]["verdict"] == "open"


def plans(runs: FakeRuns, clock: FakeClock, **changed) -> Plans:
    applied = definition(of=campaign(**changed))
    return Plans(runs, FakeDefinitions(applied), lambda: KEYS, lambda *_: RecordingChannel(), clock, 5.0)


def test_a_plan_is_remembered_for_a_few_seconds():
    runs, clock = FakeRuns(running()), FakeClock()
    known = plans(runs, clock)
    assert not known.of(RUN).stopped
    runs.set_state(RUN, "cancelled", expected="running")
    assert not known.of(RUN).stopped

    clock.pass_by(seconds=6)

    assert known.of(RUN).stopped


def test_a_campaigns_own_rate_counts_where_it_is_lower():
    runs, clock = FakeRuns(running()), FakeClock()

    assert plans(runs, clock, limits={"rate": "20/s"}).of(RUN).ways[0].pace == slower(pace_of(1_000, 50), 20)
    assert plans(runs, clock, limits={"rate": "2000/s"}).of(RUN).ways[0].pace == pace_of(1_000, 50)
    assert plans(runs, clock).of(RUN).ways[0].pace == pace_of(1_000, 50)


def test_a_channel_without_a_provider_goes_to_the_console():
    applied = definition(within=project(channels={}))
    asked = []

    def channel(name, told):
        asked.append((name, told.settings(name).provider))
        return RecordingChannel()

    known = Plans(FakeRuns(running()), FakeDefinitions(applied), lambda: KEYS, channel, FakeClock(), 5.0)

    assert known.of(RUN).ways[0].provider == "console"
    assert asked == [("email", "console")]


def test_a_message_carries_label_footer_and_the_way_out():
    plan = plans(FakeRuns(running()), FakeClock()).of(RUN)

    message = plan.ways[0].renderer.message(recipient("u1", traits={"name": "지은"}), 0)

    assert message.subject == "(광고) 지은님"
    assert "https://go.shop.example/c/" in message.text
    assert message.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message.headers["List-Unsubscribe"].strip("<>") in message.text
    assert "u1@example.com" not in repr(message)


def test_information_carries_no_label_and_no_way_out():
    plan = plans(FakeRuns(running()), FakeClock(), purpose="information").of(RUN)

    message = plan.ways[0].renderer.message(recipient("u1"), 0)

    assert message.subject == "고객님"
    assert message.headers == {}
    assert "/u/" not in message.text


def test_the_console_gets_no_pixel():
    plan = plans(FakeRuns(running()), FakeClock(), channel="console").of(RUN)

    assert "<img" not in plan.ways[0].renderer.message(recipient("u1"), 0).html
