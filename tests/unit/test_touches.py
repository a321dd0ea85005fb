"""Segments over what people did with the messages they were sent."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from dangol.domain.ledger import Entry, Flag, Ledger, State
from dangol.domain.matching import Moment, matches
from dangol.domain.profile import Profile, Touches
from dangol.domain.segment import Segment
from dangol.pipeline.touches import Reminder, runs_of
from dangol.ports import Outcome
from tests.actors import NOON, NOW, SEOUL
from tests.dispatching import running
from tests.fakes import FakeLedgers, FakeOutcomes, FakeRuns

DAY = 86_400
MOMENT = Moment(NOW, SEOUL, runs={"launch": frozenset({1, 2}), "never": frozenset()})


def entry(run: int, days_ago: float, **told: object) -> Entry:
    return replace(Entry(run, NOON - int(days_ago * DAY), 0, "email", "marketing"), **told)  # type: ignore[arg-type]


def answer(told: dict[str, object], *entries: Entry, converted: frozenset[int] = frozenset()) -> bool | None:
    ann = Profile("ann", touches=Touches(entries, converted))
    return matches(Segment.model_validate(told), ann, MOMENT)


@pytest.mark.parametrize(
    ("entry_", "received"),
    [
        (entry(1, 3), True),
        (entry(2, 7), True),
        (entry(1, 7.1), False),
        (entry(3, 3), False),
        (entry(1, 3, state=State.UNKNOWN), True),
        (entry(1, 3, state=State.HELD_OUT), False),
        (entry(1, 3, state=State.FAILED), False),
        (entry(1, 0), False),
    ],
)
def test_who_was_sent_a_campaign_received_it(entry_, received):
    assert answer({"received": "launch", "within": "7d"}, entry_) is received


def test_any_campaign_is_all_of_them():
    assert answer({"received": "any"}, entry(77, 300)) is True
    assert answer({"received": "never"}, entry(77, 300)) is False
    assert answer({"none": [{"received": "any", "within": "1d"}]}, entry(77, 300)) is True


@pytest.mark.parametrize(
    ("kind", "flag"), [("opened", Flag.OPENED), ("clicked", Flag.CLICKED), ("opened", Flag.OPENED | Flag.BOT_CLICKED)]
)
def test_who_opened_or_clicked_is_known_by_their_entry(kind, flag):
    assert answer({kind: "launch"}, entry(1, 1, flags=flag)) is True
    assert answer({kind: "launch"}, entry(1, 1, flags=Flag.BOT_CLICKED | Flag.MACHINE_OPENED)) is False


def test_who_reached_the_goal_converted():
    assert answer({"converted": "launch"}, entry(1, 1), converted=frozenset({1})) is True
    assert answer({"converted": "launch"}, entry(1, 1), converted=frozenset({3})) is False


def test_before_the_ledger_is_read_nothing_is_known():
    assert matches(Segment.model_validate({"received": "launch"}), Profile("ann"), MOMENT) is None


def test_the_runs_of_a_campaign_are_known_by_their_numbers():
    runs = FakeRuns(running(1), running(2, "launch-20261202T010000Z", scheduled_at=NOW + timedelta(days=1)))
    segment = Segment.model_validate({"any": [{"received": "launch"}, {"clicked": "other"}, {"opened": "any"}]})

    assert runs_of(runs, [segment]) == {"launch": {1, 2}, "other": frozenset()}


@pytest.mark.parametrize("kind", ["received", "converted"])
def test_messages_are_read_where_a_segment_asks_for_them(kind):
    runs = FakeRuns(running())
    ledgers = FakeLedgers(runs, Ledger("ann", 1, entries=(entry(1, 3), entry(2, 1))), Ledger("bob", 1))
    outcomes = FakeOutcomes(runs)
    outcomes.outcomes["ann", 1] = Outcome("ann", 1, {"goal": Decimal(1)}, {"goal": frozenset({b"e"})}, 1)
    outcomes.outcomes["ann", 2] = Outcome("ann", 2, {}, {"also:view": frozenset({b"e"})}, 1)
    ann, bob = Profile("ann"), Profile("bob")
    reminder = Reminder(ledgers, outcomes)

    assert reminder.remind([ann, bob], [Segment.model_validate({kind: "launch"})])

    assert ann.touches == Touches((entry(1, 3), entry(2, 1)), frozenset({1} if kind == "converted" else ()))
    assert bob.touches == Touches()


def test_nobody_is_looked_up_for_a_segment_that_does_not_ask():
    ann = Profile("ann")

    assert not Reminder(FakeLedgers(FakeRuns()), FakeOutcomes(FakeRuns())).remind(
        [ann], [Segment.model_validate({"did": "x"})]
    )
    assert ann.touches is None
