"""A run's plan is put together once; only what changes while it goes on is read again."""

from dataclasses import replace

import pytest

from dangol.domain.tracking import Keys
from dangol.pipeline.plans import Plans
from dangol.ports import Definition, RunName
from tests.dispatching import RUN, World
from tests.fakes import FakeClock, FakeDefinitions, FakeRuns
from tests.fakes.world import RecordingChannel
from tests.shop_campaign import campaign, definition, recipient

OLD, NEW = Keys(1, {1: b"k" * 32}), Keys(2, {1: b"k" * 32, 2: b"n" * 32})
MEMORY = 5.0


class Counting(FakeDefinitions):
    """Definitions that count how often they are read."""

    reads = 0

    def version(self, campaign_id: str, version: int) -> Definition:
        self.reads += 1
        return super().version(campaign_id, version)


class Siblings(FakeRuns):
    """Runs that count how often their siblings are asked for."""

    asked = 0

    def of_campaign(self, campaign_id: str) -> list[RunName]:
        self.asked += 1
        return list(super().of_campaign(campaign_id))


class Shop:
    """Plans of one run, on a clock that is moved."""

    def __init__(self, **changed: object) -> None:
        self.clock, self.keys = FakeClock(), OLD
        self.runs = Siblings(World().runs.get(RUN))
        self.definitions = Counting(definition(of=campaign(**changed)))
        channel = RecordingChannel()
        self.plans = Plans(self.runs, self.definitions, lambda: self.keys, lambda *_: channel, self.clock, MEMORY)


def test_a_definition_is_read_once_however_long_the_run_takes():
    shop = Shop()
    first = shop.plans.of(RUN)
    for _ in range(5):
        shop.clock.pass_by(seconds=MEMORY + 1)
        again = shop.plans.of(RUN)
        assert again.ways[0].renderer is first.ways[0].renderer

    assert (shop.definitions.reads, shop.runs.asked) == (1, 0)


@pytest.mark.parametrize(("state", "paused"), [("cancelled", None), ("running", "by_hand")])
def test_a_halt_is_seen_within_the_memory(state, paused):
    shop = Shop()
    shop.plans.of(RUN)
    shop.runs.runs[RUN] = replace(shop.runs.runs[RUN], state=state, paused=paused)
    known = shop.plans.of(RUN)
    assert (known.stopped, known.paused) == (False, False)

    shop.clock.pass_by(seconds=MEMORY + 0.1)

    plan = shop.plans.of(RUN)
    assert (plan.stopped, plan.paused) == (state == "cancelled", paused is not None)


def test_runs_that_begin_meanwhile_are_known_where_once_per_asks_for_them():
    shop = Shop(once_per="campaign")
    number = shop.runs.get(RUN).number
    assert shop.plans.of(RUN).run.siblings.keys() == {number}
    shop.runs.runs["other"] = replace(shop.runs.runs[RUN], run="other", number=number + 1)

    shop.clock.pass_by(seconds=MEMORY + 0.1)

    assert shop.plans.of(RUN).run.siblings.keys() == {number, number + 1}


def test_a_new_key_signs_what_is_rendered_from_then_on():
    shop = Shop()
    before = shop.plans.of(RUN).ways[0].renderer.message(recipient("u1"), 0).send_id

    shop.keys = NEW

    assert shop.plans.of(RUN).ways[0].renderer.message(recipient("u1"), 0).send_id != before
