"""The promises hold among faults, and a pipeline that breaks one is found out.

`make chaos` runs more seeds; `make test-full` two thousand. Counting has a scenario of its own:
test_counting_simulation.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dangol.domain import fallback
from dangol.domain.campaign import Campaign
from dangol.domain.ledger import Ledger
from dangol.domain.winner import decided
from dangol.pipeline.claiming import Claimer, Turn
from dangol.pipeline.dispatch import Dispatcher
from dangol.pipeline.plans import Plans
from dangol.pipeline.work import Work
from dangol.ports import Journal, Message, RunItem, Verdict
from tests.fakes import FakeJournals, FakeLedgers, FakeThrottle
from tests.simulation.__main__ import several
from tests.simulation.promises import BrokenPromiseError
from tests.simulation.seed import simulate

SEEDS = 100
# A break is found within so many seeds.
MOST = 200


@pytest.mark.parametrize("first", range(1, SEEDS + 1, 20))
def test_the_promises_hold_among_faults(first):
    tally, problems = several("sending", range(first, first + 20))

    assert problems == []
    assert tally.seeds == 20
    assert tally.faults.total() > 20


def unconditional(ledgers: FakeLedgers, ledger: Ledger) -> bool:
    """A claim without its condition on `rev`: the last one to write is right."""
    ledgers._put(replace(ledger, rev=ledgers._stored(ledger.user_id).rev + 1))
    return True


STORE = FakeLedgers.store


def undecided(ledgers: FakeLedgers, ledger: Ledger) -> bool:
    """A cap that is read without the condition: a claim that was too slow is written beside the quicker one."""
    stored = ledgers._stored(ledger.user_id)
    known = {entry.run for entry in stored.entries}
    new = [entry for entry in ledger.entries if entry.run not in known]
    if stored.rev == ledger.rev - 1 or not new:
        return STORE(ledgers, ledger)
    for entry in new:
        stored = stored.with_entry(entry, datetime.fromtimestamp(entry.claimed_at, tz=UTC))
    return STORE(ledgers, replace(stored, rev=ledgers._stored(ledger.user_id).rev + 1))


def ageless(take: Callable[..., tuple[Verdict, Journal | None]]) -> Callable[..., tuple[Verdict, Journal | None]]:
    """A journal that takes a message of any generation."""

    def took(
        journals: FakeJournals, wanted: Journal, *, lease_until: float, now: float
    ) -> tuple[Verdict, Journal | None]:
        known, _ = journals._journals.get((wanted.run, wanted.chunk), (wanted, 0.0))
        return take(journals, replace(wanted, generation=known.generation), lease_until=lease_until, now=now)

    return took


def claimed_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims are written once the messages are handed over."""
    hand_over = Dispatcher._hand_over
    waiting: list[Ledger] = []

    def claim(self: Claimer, work: Work, turn: Turn, known: Mapping[str, Ledger]) -> dict[int, Message]:
        claims = (self._decided(work, turn, i, known[work.recipient(i).user_id]) for i in turn.indexes)
        waiting.extend(claim for claim in claims if claim)
        return turn.messages

    def then_claim(self: Dispatcher, work: Work, step: int, messages: Mapping[int, Message], until: float) -> None:
        hand_over(self, work, step, messages, until)
        self._s.ledgers.put_many(waiting)
        waiting.clear()

    monkeypatch.setattr(Claimer, "claim", claim)
    monkeypatch.setattr(Dispatcher, "_hand_over", then_claim)


def decided_by_each(plans: Plans, item: RunItem, campaign: Campaign) -> RunItem:
    """A winner that every worker decides for itself, by the numbers as they stand then."""
    test, now = campaign.test, plans.clock.now()
    if test is None or now < item.scheduled_at + test.decide_after:
        return item
    weights = [variant.weight for variant in campaign.variants]
    return replace(item, winner=decided(test, weights, plans.runs.counts(item.run), now))


def unleased(throttle: FakeThrottle, name: str, rate: float, count: int, now: float) -> float:
    """A rate that nobody keeps for the next one."""
    return now


BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a claim without its condition": lambda m: m.setattr(FakeLedgers, "store", unconditional),
    "a claim after the send": claimed_afterwards,
    "a journal without its generation": lambda m: m.setattr(FakeJournals, "take", ageless(FakeJournals.take)),
    "a cap read without the condition": lambda m: m.setattr(FakeLedgers, "store", undecided),
    "a rate without its lease": lambda m: m.setattr(FakeThrottle, "reserve", unleased),
    "a halt that nobody looks at": lambda m: m.setattr(Dispatcher, "_halted", lambda *_: False),
    "a next channel after doubt": lambda m: m.setattr(fallback, "failed", lambda entry: bool(entry.state)),
    "a winner that every worker decides": lambda m: m.setattr(Plans, "_settled", decided_by_each),
}


# What is to be said of it, where the break would be found by another promise as well.
BROKEN = {
    "a cap read without the condition": "beyond the cap",
    "a rate without its lease": "within a second",
    "a halt that nobody looks at": "after it was paused or cancelled",
    "a winner that every worker decides": "another variant than the rest",
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_promise_is_found(broken, monkeypatch):
    BREAKS[broken](monkeypatch)

    seed, problem = found(BROKEN.get(broken, ""))

    print(f"{broken}: seed {seed}: {problem}")
    assert seed <= MOST


def found(promise: str) -> tuple[int, str]:
    """The first seed that breaks this promise, whatever else breaks before."""
    for seed in range(1, MOST + 1):
        try:
            simulate(seed)
        except BrokenPromiseError as error:
            if promise in str(error):
                return seed, str(error)
    return MOST + 1, "none"
