"""Every count is exact among faults and duplicates, and a `record` that counts wrongly is found out.

`make chaos SCENARIO=counting` runs more seeds; `make test-full` a thousand.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from dangol.contracts import Identified, Performed
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.project import EventSpec
from dangol.domain.visitors import absorb
from dangol.pipeline import engagement, folding, visitors
from dangol.pipeline.identity import hashed
from dangol.ports import Outcome
from tests.fakes import FakeOutcomes, FakeProfiles
from tests.simulation.__main__ import several
from tests.simulation.counting.seed import simulate
from tests.simulation.promises import BrokenPromiseError
from tests.simulation.stores import SimulatedLedgers, SimulatedOutcomes

SEEDS = 100
# A break is found within so many seeds.
MOST = 200


@pytest.mark.parametrize("first", range(1, SEEDS + 1, 50))
def test_every_count_is_exact_among_faults(first):
    tally, problems = several("counting", range(first, first + 50))

    assert problems == []
    assert tally.seeds == 50
    assert tally.counts["delivered"] > 2 * tally.counts["happenings"] > 2_000
    assert tally.faults["crash after"] > 20
    assert tally.faults["timeout after"] > 20
    assert tally.faults["delivered to two at once"] > 20


def test_a_seed_is_the_same_every_time():
    first, second = simulate(7), simulate(7)

    assert first == second


def flags_first(self: SimulatedLedgers, changed: Sequence[Ledger], run: str, deltas: Mapping[str, int]) -> bool:
    """A flag that is stored in one call, and counted in the next."""
    nothing: dict[str, int] = {}
    stored = self.process.call(lambda: self.ledgers.put_counted(changed, run, nothing), idempotent=True)
    if stored:
        self.process.call(lambda: self.ledgers._runs.add(run, deltas), idempotent=True)
    return stored


def counted_first(self: SimulatedLedgers, changed: Sequence[Ledger], run: str, deltas: Mapping[str, int]) -> bool:
    """A flag that is counted in one call, and stored in the next."""
    self.process.call(lambda: self.ledgers._runs.add(run, deltas), idempotent=True)
    nothing: dict[str, int] = {}
    return self.process.call(lambda: self.ledgers.put_counted(changed, run, nothing), idempotent=True)


def forgetful(happenings: Sequence[Performed | Identified], profile: Profile) -> dict[bytes, Performed | Identified]:
    """A fold that knows the duplicates of its own batch, and none of those before."""
    return {hashed(happening.id): happening for happening in happenings}


def unconditional_outcomes(
    outcomes: FakeOutcomes, changed: Sequence[Outcome], run: str, deltas: Mapping[str, Decimal], expires: datetime
) -> bool:
    """A conversion without its condition on `rev`: the last one to write is right."""
    outcomes.outcomes |= {(outcome.user_id, outcome.run): outcome for outcome in changed}
    outcomes._runs.add(run, deltas)
    return True


def unconditional_profiles(profiles: FakeProfiles, changed: Sequence[Profile]) -> Sequence[str]:
    """A fold that writes over what another wrote."""
    profiles.people |= {profile.user_id: replace(profile, rev=profile.rev + 1) for profile in changed}
    return []


def absorbed_again(person: Profile, visitor: Profile, mark: bytes, spec_of: Callable[[str], EventSpec]) -> None:
    """A merge that does not know whom it has merged."""
    absorb(person, visitor, mark + len(person.absorbed).to_bytes(1), spec_of)


def repeated_by_the_client(self: SimulatedOutcomes, *told: object) -> bool:
    """A transaction without a token, whose second attempt finds its own first and is taken for a loss."""
    return bool(self._process.call(lambda: self._thing.put_counted(*told)) or True)


BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a flag set without its counter's transaction": lambda m: m.setattr(SimulatedLedgers, "put_counted", flags_first),
    "a counter raised before its flag is set": lambda m: m.setattr(SimulatedLedgers, "put_counted", counted_first),
    "a fold that is not idempotent by event id": lambda m: m.setattr(folding, "_fresh", forgetful),
    "a fold without its condition": lambda m: m.setattr(FakeProfiles, "put_many", unconditional_profiles),
    "a conversion counted without its condition": lambda m: m.setattr(
        FakeOutcomes, "put_counted", unconditional_outcomes
    ),
    "a conversion whose loss is not looked at": lambda m: m.setattr(
        SimulatedOutcomes, "put_counted", repeated_by_the_client
    ),
    "a merge that does not know whom it merged": lambda m: m.setattr(visitors, "absorb", absorbed_again),
    "a click that is judged by itself": lambda m: m.setattr(engagement, "bot_clicks", lambda *_: frozenset()),
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_wrong_count_is_found(broken, monkeypatch):
    BREAKS[broken](monkeypatch)

    seed, problem = found()

    print(f"{broken}: seed {seed}: {problem}")
    assert seed <= MOST


def found() -> tuple[int, str]:
    """The first seed that is not counted exactly, and what is wrong with it."""
    for seed in range(1, MOST + 1):
        try:
            simulate(seed)
        except BrokenPromiseError as error:
            return seed, str(error)
    return MOST + 1, "none"
