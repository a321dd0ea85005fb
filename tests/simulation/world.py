"""The stage of one seed: what all processes of a run share."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.tracking import Keys
from dangol.ports import Definition
from tests.fakes import (
    FakeDefinitions,
    FakeInbox,
    FakeJournals,
    FakeLedgers,
    FakeObjects,
    FakeProfiles,
    FakeRuns,
    FakeShortLinks,
    FakeThrottle,
)
from tests.shop_campaign import LINK_BASE
from tests.simulation.faults import Process, Trouble
from tests.simulation.loop import Loop
from tests.simulation.promises import RunTerms, Truth
from tests.simulation.queues import SimulatedQueue, SimulatedTimer
from tests.simulation.scenario import Scenario

KEYS = Keys(1, {1: b"k" * 32})
SEGMENT_TIMEOUT = 30.0


class WatchedRuns(FakeRuns):
    """Runs that tell the truth's keeper when one is halted."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def pause(self, run: str, because: str) -> bool:
        paused = super().pause(run, because)
        if paused:
            self._halted(run)
        return paused

    def set_state(self, run: str, state: str, *, expected: str, because: str | None = None) -> bool:
        changed = super().set_state(run, state, expected=expected, because=because)
        if changed and state == "cancelled":
            self._halted(run)
        return changed

    def resume(self, run: str, marks: Sequence[Any]) -> bool:
        if self.runs[run].state != "cancelled":
            self._world.truth.halted.pop(self.runs[run].campaign_id, None)
        return super().resume(run, marks)

    def _halted(self, run: str) -> None:
        self._world.truth.halts += 1
        self._world.truth.halted.setdefault(self.runs[run].campaign_id, self._world.loop.time)


@dataclass
class World:
    """What all processes of a run share."""

    scenario: Scenario
    rng: Random

    def __post_init__(self) -> None:
        s = self.scenario
        self.loop = Loop(s.start)
        self.trouble = Trouble(s.trouble, s.faults_until, Counter())
        self.runs = WatchedRuns(self)
        self.definitions = FakeDefinitions(
            *(Definition(name, 1, campaign, s.project, LINK_BASE) for name, campaign in s.campaigns.items())
        )
        self.ledgers = FakeLedgers(self.runs, *map(self._ledger, s.people))
        self.journals = FakeJournals(self.runs)
        self.objects = FakeObjects()
        self.short_links = FakeShortLinks()
        self.inbox = FakeInbox(self.ledgers, self.runs)
        self.profiles = FakeProfiles(*map(self._profile, s.people))
        self.profiles.number_of_tasks = s.tasks
        self.reads = FakeThrottle(horizon=2.0)
        self.throttle = FakeThrottle(horizon=min(10.0, s.timeout / 4))
        queue = partial(SimulatedQueue, self.loop, self.rng, self.trouble)
        self.tasks = queue(6 * SEGMENT_TIMEOUT)
        self.sends = queue(6 * s.timeout)
        self.events = queue(6 * s.timeout)
        self.receipts = queue(6 * s.timeout)
        self.timer = SimulatedTimer(self.tasks)
        self.truth = Truth(
            project=s.project,
            zone_of={user: s.zone_of(user) for user in s.people},
            night=s.night,
            rates=self._rates(),
            terms=self._terms,
            consents={(user, name): user in some for name, some in s.consenting.items() for user in s.people},
        )
        self.ledgers.watch = lambda before, after: self.truth.ledger_stored(before, after, self.loop.time)

    def _rates(self) -> dict[str, int]:
        own = {name: c.limits.rate for name, c in self.scenario.campaigns.items() if c.limits.rate}
        channels = self.scenario.project.channels
        return {**{str(name): told.messages_per_second for name, told in channels.items()}, **own}

    def _terms(self, number: int) -> RunTerms:
        run = self.runs.by_number(number)
        return RunTerms(run.campaign_id, self.scenario.campaigns[run.campaign_id], run.scheduled_at)

    def _ledger(self, user: str) -> Ledger:
        given = int(self.scenario.start.timestamp()) - 86_400 * 100
        ledger = Ledger(user)
        for channel, some in self.scenario.consenting.items():
            ledger = ledger.with_consent(channel, given=user in some, at=given)
        return ledger.with_night(given=True, at=given) if user in self.scenario.night else ledger

    def _profile(self, user: str) -> Profile:
        zone = self.scenario.zones[user]
        addresses = {"email": f"{user}@example.com", "sms": f"+82100000{user[1:]:0>4}"}
        reached = {name: user not in some for name, some in self.scenario.unreachable.items()}
        traits = {{"sms": "phone"}.get(name, name): at for name, at in addresses.items() if reached[name]}
        return Profile(user, traits={**traits, "member": True, **({"timezone": zone} if zone else {})})

    def process(self, timeout: float) -> Process:
        return Process(self.loop, self.rng, self.trouble, timeout)
