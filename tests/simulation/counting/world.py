"""The stage of one seed: what all processes of a run share, and who works on it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.schedule import run_id
from dangol.domain.suppression import forgotten_key
from dangol.pipeline.goal_names import EVENTS, PROPERTIES, goals_of
from dangol.pipeline.record import Recorder, Stores
from dangol.ports import Definition, RunItem
from functions.record.app import parse, record_all
from tests.fakes import (
    FakeCatalogue,
    FakeDefinitions,
    FakeLedgers,
    FakeLists,
    FakeObjects,
    FakeOutcomes,
    FakeProfiles,
    FakeRuns,
    FakeWebhooks,
)
from tests.fakes.world import NOW
from tests.shop_campaign import LINK_BASE
from tests.simulation.counting.scenario import START, Scenario
from tests.simulation.faults import Far, KilledError, OutageError, Process, Trouble
from tests.simulation.loop import Loop
from tests.simulation.queues import Letter, Sender, SimulatedQueue
from tests.simulation.stores import SimulatedClock, SimulatedLedgers, SimulatedOutcomes, SimulatedProfiles

RECORDERS = 4
# The most messages that a recorder takes at once.
BATCH = 10


@dataclass
class World:
    """What all processes of a run share."""

    scenario: Scenario
    rng: Random

    def __post_init__(self) -> None:
        s = self.scenario
        self.loop = Loop(NOW)
        self.trouble = Trouble(s.trouble, s.faults_until, Counter())
        definitions = [Definition(name, 1, campaign, s.project, LINK_BASE) for name, campaign in s.campaigns.items()]
        self.definitions = FakeDefinitions(*definitions)
        self.runs = FakeRuns()
        for name in s.campaigns:
            self.runs.create(RunItem(run_id(name, NOW), 0, name, 1, NOW, "running", tasks=1))
        forgotten = [Ledger(forgotten_key(user), rev=1) for user in s.forgotten]
        self.ledgers = FakeLedgers(self.runs, *map(self._ledger, s.entries), *forgotten)
        # Some are known before they do anything.
        known = [user for user in s.entries if self.rng.random() < 0.5]
        self.profiles = FakeProfiles(*(Profile(user, traits={"member": True}, rev=1) for user in known))
        self.known = frozenset(known)
        self.outcomes = FakeOutcomes(self.runs)
        self.objects = FakeObjects()
        self.catalogue = FakeCatalogue()
        goals = goals_of(s.campaigns.values())
        self.catalogue.add(EVENTS, goals.events)
        self.catalogue.add(PROPERTIES, goals.properties)
        self.events = SimulatedQueue(self.loop, self.rng, self.trouble, 6 * s.timeout)

    def _ledger(self, user: str) -> Ledger:
        entries = tuple(sorted(self.scenario.entries[user], key=lambda e: (e.claimed_at, e.run)))
        return Ledger(user, rev=1, consents={"email": START - 9_000_000}, entries=entries)

    def process(self, timeout: float) -> Process:
        return Process(self.loop, self.rng, self.trouble, timeout)


@dataclass
class RecordFunction:
    """A recorder's process, after a crash the next one; it works off EventQueue."""

    world: World
    process: Process = field(init=False)
    recorder: Recorder = field(init=False)

    def __post_init__(self) -> None:
        self._start()

    def work(self) -> None:
        """Take batches, one after the other, for ever; what is not told to have failed is deleted."""
        queue = self.world.events
        while True:
            letters = queue.take_some(self.world.rng.randint(1, BATCH))
            self.process.begin()
            try:
                failed = self._record(letters)
            except KilledError:
                self._start()
                continue
            for place, letter in enumerate(letters):
                if str(place) not in failed:
                    queue.delete(letter)

    def _record(self, letters: list[Letter]) -> list[str]:
        return record_all(self.recorder, {str(place): parse(letter.body) for place, letter in enumerate(letters)})

    def _start(self) -> None:
        world = self.world
        self.process = process = world.process(world.scenario.timeout)
        self.recorder = Recorder(
            Stores(
                definitions=Far(world.definitions, process),
                runs=Far(world.runs, process),
                profiles=SimulatedProfiles(world.profiles, process),
                ledgers=SimulatedLedgers(world.ledgers, process),
                outcomes=SimulatedOutcomes(world.outcomes, process),
                lists=FakeLists(),
                objects=Far(world.objects, process),
                catalogue=Far(world.catalogue, process),
                clock=SimulatedClock(world.loop, process),
                webhooks=FakeWebhooks(),
                events=Sender(world.events, process),
                sends=Sender(world.events, process),
                tasks=Sender(world.events, process),
            )
        )


@dataclass
class OtherWriters:
    """Whoever else changes ledgers and profiles meanwhile: people's word on push, an import of traits."""

    world: World
    words: dict[str, int] = field(default_factory=dict)
    imported: dict[str, int] = field(default_factory=dict)

    def act(self, times: int) -> None:
        """Act at so many moments, each time until it is stored."""
        world, rng = self.world, self.world.rng
        for number in range(1, times + 1):
            world.loop.sleep_until(world.loop.time + rng.expovariate(times / world.scenario.spread))
            user = rng.choice(list(world.scenario.entries))
            rng.choice((self._say, self._import))(user, number)

    def _say(self, user: str, number: int) -> None:
        process, given = self.world.process(60.0), self.world.rng.random() < 0.5
        ledgers = SimulatedLedgers(self.world.ledgers, process)
        self.words[user] = (START + number) * (1 if given else -1)
        self._until_stored(
            process,
            lambda: (
                not ledgers.put_many(
                    [ledgers.get_many([user])[user].with_consent("push", given=given, at=START + number)]
                )
            ),
        )

    def _import(self, user: str, number: int) -> None:
        process = self.world.process(60.0)
        profiles = SimulatedProfiles(self.world.profiles, process)
        self.imported[user] = number

        def put() -> bool:
            profile = profiles.get_many([user])[user]
            profile.traits["imported"] = number
            return not profiles.put_many([profile])

        self._until_stored(process, put)

    def _until_stored(self, process: Process, store: Callable[[], bool]) -> None:
        while True:
            process.begin()
            try:
                if store():
                    return
            except (KilledError, OutageError):
                self.world.loop.sleep_until(self.world.loop.time + 1.0)
