"""Who acts in a run: the functions, the schedule, and people who change their minds."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dangol.adapters.opt_outs import LedgerPreferences
from dangol.contracts import FallBack, Received, Release, ScanStep, SendChunk, StartRun, segment_work
from dangol.domain.errors import ConflictError
from dangol.domain.ledger import State
from dangol.domain.suppression import address_hash
from dangol.domain.tracking import Mark
from dangol.pipeline.control import Controller
from dangol.pipeline.dispatch import Dispatcher, Worker
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.plans import Plans
from dangol.pipeline.receiving import Receiver
from dangol.pipeline.segment import Segmenter, Stores as SegmentStores
from dangol.pipeline.touches import Reminder
from dangol.pipeline.wishes import Wish
from dangol.pipeline.work import Stores
from dangol.ports import RunItem
from tests.fakes import FakeLists, FakeOutcomes, FakeProfiles, FakeQueries
from tests.simulation.faults import Far, KilledError, OutageError, Process
from tests.simulation.queues import Letter, Sender, SimulatedQueue
from tests.simulation.stores import (
    SimulatedChannel,
    SimulatedClock,
    SimulatedJournals,
    SimulatedLedgers,
    SimulatedProfiles,
)
from tests.simulation.world import KEYS, SEGMENT_TIMEOUT, World

DISPATCHERS = 8
SEGMENTERS = 2
# A schedule that was not answered fires again.
FIRES = 5
ZOMBIES = 0.2
CANCELS = 0.3
# As in bootstrap/dispatch.py.
RUN_STATE_FOR = 3.5


@dataclass
class DispatchFunction:
    """A dispatcher's process, after a crash the next one; it works off SendQueue."""

    world: World
    number: int
    lives: int = 0
    process: Process = field(init=False)
    dispatcher: Dispatcher = field(init=False)

    def __post_init__(self) -> None:
        self._start()

    @property
    def name(self) -> str:
        return f"worker-{self.number}.{self.lives}"

    def work(self) -> None:
        """Take messages, one after the other, for ever."""
        while True:
            letter = self.world.sends.take()
            self.process.begin(zombie=self.process.strikes(ZOMBIES / max(1e-9, self.world.trouble.share)))
            if not attempt(self.world.sends, letter, self._dispatch):
                self.lives += 1
                self._start()

    def _dispatch(self, body: str) -> None:
        self.dispatcher.dispatch(SendChunk.model_validate_json(body))

    def _start(self) -> None:
        world, s = self.world, self.world.scenario
        self.process = process = world.process(s.timeout)
        clock, worker = SimulatedClock(world.loop, process), Worker(self.name, s.timeout)

        def channel(name: str, _: object) -> SimulatedChannel:
            told = (name, s.refused[name], s.bouncing[name], world.receipts, s.batch_size)
            return SimulatedChannel(process, worker.name, world.truth, *told)

        plans = Plans(
            runs=Far(world.runs, process),
            definitions=Far(world.definitions, process),
            keys=lambda: KEYS,
            channel=channel,
            clock=clock,
            memory=RUN_STATE_FOR,
        )
        stores = Stores(
            plans=plans.of,
            journals=SimulatedJournals(world.journals, process, world.truth),
            ledgers=SimulatedLedgers(world.ledgers, process),
            throttle=Far(world.throttle, process),
            sends=Sender(world.sends, process),
            events=Sender(world.events, process),
            timer=Far(world.timer, process),
            short_links=Far(world.short_links, process),
            inbox=Far(world.inbox, process),
            clock=clock,
        )
        self.dispatcher = Dispatcher(stores, worker)


@dataclass
class SegmentFunction:
    """A segmenter's process; it works off SegmentQueue."""

    world: World
    process: Process = field(init=False)
    segmenter: Segmenter = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        self.process = process = world.process(SEGMENT_TIMEOUT)
        self.segmenter = Segmenter(
            SegmentStores(
                definitions=Far(world.definitions, process),
                runs=Far(world.runs, process),
                journals=SimulatedJournals(world.journals, process, world.truth),
                profiles=SimulatedProfiles(world.profiles, process),
                lists=FakeLists(),
                reminder=Reminder(world.ledgers, FakeOutcomes(world.runs)),
                queries=FakeQueries(),
                objects=Far(world.objects, process),
                tasks=Sender(world.tasks, process),
                sends=Sender(world.sends, process),
                throttle=Far(world.reads, process),
                clock=SimulatedClock(world.loop, process),
            )
        )

    def work(self) -> None:
        """Take messages, one after the other, for ever."""
        while True:
            letter = self.world.tasks.take()
            self.process.begin()
            attempt(self.world.tasks, letter, self._work)

    def start(self, campaign: str) -> None:
        """Fire a campaign's schedule, at least once; an order that fails again and again is a dead letter."""
        order = StartRun(campaign=campaign, scheduled_at=self.world.scenario.start.isoformat())
        for _ in range(FIRES):
            self.process.begin()
            try:
                self.segmenter.start(order)
            except (KilledError, OutageError):
                self.world.loop.sleep_until(self.world.loop.time + 60.0)
            else:
                if not self.process.strikes():
                    return
        self.world.tasks.dead.append(Letter(order.model_dump_json()))

    def _work(self, body: str) -> None:
        order = segment_work.validate_json(body)
        if isinstance(order, Release):
            self.segmenter.release(order)
        elif isinstance(order, ScanStep):
            self.segmenter.scan(order, until=lambda: self.process.rng.random() < 0.4)
        elif isinstance(order, FallBack):
            self.segmenter.fall_back(order)
        else:
            self.segmenter.start(order)


@dataclass
class RecordFunction:
    """A recorder's process, as far as receipts go; it works off their queue."""

    world: World
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.process = self.world.process(SEGMENT_TIMEOUT)

    def work(self) -> None:
        """Take receipts, one after the other, for ever."""
        while True:
            letter = self.world.receipts.take()
            self.process.begin()
            attempt(self.world.receipts, letter, self._record)

    def _record(self, body: str) -> None:
        world, clock = self.world, SimulatedClock(self.world.loop, self.process)
        known = KnownRuns(Far(world.runs, self.process), Far(world.definitions, self.process), clock)
        ledgers = SimulatedLedgers(world.ledgers, self.process)
        receiver = Receiver(ledgers, world.profiles, known, Sender(world.tasks, self.process))
        receiver.record([Received.model_validate_json(body)])


def attempt(queue: SimulatedQueue, letter: Letter, work: Callable[[str], Any]) -> bool:
    """Do what a message asks for and delete it, as Lambda does; whether the process lived."""
    try:
        work(letter.body)
    except (ConflictError, OutageError):
        return True
    except KilledError:
        return False
    queue.delete(letter)
    return True


@dataclass
class People:
    """People who opt out, consent again, complain, or open what they got."""

    world: World

    def act(self, times: int) -> None:
        """Act at so many moments."""
        world, rng = self.world, self.world.rng
        for _ in range(times):
            world.loop.sleep_until(world.loop.time + rng.expovariate(1 / 6))
            user = rng.choice(world.scenario.people)
            rng.choice((self._opt_out, self._change_consent, self._complain, self._click))(user)

    def _opt_out(self, user: str) -> None:
        """By the link in a message, through `track`'s own code."""
        world = self.world
        entries = world.ledgers.ledgers[user].entries
        if not entries:
            return
        process = world.process(10.0)
        out = LedgerPreferences(SimulatedLedgers(world.ledgers, process), FakeProfiles(), world.definitions)
        entry = world.rng.choice(entries)
        try:
            out.apply(Mark(entry.run, user, entry.variant, 0), Wish({entry.channel: False}), world.loop.now())
        except (KilledError, OutageError):
            return

    def _click(self, user: str) -> None:
        """Counted as `record` counts it: the winner of a test is decided by such numbers."""
        entries = [e for e in self.world.ledgers.ledgers[user].entries if e.state is State.SENT]
        if entries:
            entry = self.world.rng.choice(entries)
            run = self.world.runs.by_number(entry.run).run
            self.world.runs.add(run, {f"arm:{entry.variant}:clicked": 1})

    def _change_consent(self, user: str) -> None:
        ledger = self.world.ledgers.ledgers[user]
        changed = ledger.with_consent("email", given=not ledger.consented("email"), at=int(self.world.loop.time))
        self.world.ledgers.put_many([changed] if changed is not ledger else [])

    def _complain(self, user: str) -> None:
        ledger = self.world.ledgers.ledgers[user]
        hashed = address_hash("email", f"{user}@example.com")
        if hashed in ledger.suppressed:
            return
        changed = type(ledger)(
            user, ledger.rev + 1, ledger.consents, ledger.night, ledger.suppressed | {hashed}, ledger.entries
        )
        self.world.ledgers.put_many([changed])


@dataclass
class Operator:
    """Somebody who pauses, resumes and cancels a run, each until the command succeeds."""

    world: World
    campaign: str

    def act(self) -> None:
        """Pause and resume a few times; now and then cancel."""
        world, rng = self.world, self.world.rng
        world.loop.sleep_until(world.loop.time + rng.uniform(0.5, 40.0))
        for _ in range(rng.randint(1, 2)):
            if self._try(lambda c, run: c.pause(run)):
                world.loop.sleep_until(world.loop.time + rng.uniform(0.5, 120.0))
                if rng.random() < CANCELS:
                    break
                self._try(lambda c, run: c.resume(run))
                world.loop.sleep_until(world.loop.time + rng.uniform(0.5, 60.0))
        if rng.random() < CANCELS:
            self._try(lambda c, run: c.cancel(run))
        self._try(lambda c, run: c.resume(run))

    def _try(self, command: Callable[[Controller, RunItem], None]) -> bool:
        world = self.world
        process = world.process(60.0)
        controller = Controller(Far(world.runs, process), Sender(world.tasks, process))
        while True:
            process.begin()
            runs = world.runs.of_campaign(self.campaign)
            if not runs:
                return False
            try:
                command(controller, world.runs.get(runs[0].run))
            except ConflictError:
                return False
            except (KilledError, OutageError):
                world.loop.sleep_until(world.loop.time + 5.0)
            else:
                return True
