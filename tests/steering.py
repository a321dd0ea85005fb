"""A whole run on fakes: scanned, released, dispatched, paused, resumed, cancelled."""

from collections.abc import Callable
from typing import Any

from dangol.contracts import FallBack, Release, SendChunk, StartRun, segment_work
from dangol.domain.errors import ConflictError
from dangol.domain.profile import Profile
from dangol.pipeline.control import Controller
from dangol.pipeline.segment import Segmenter, Stores
from dangol.pipeline.touches import Reminder
from dangol.ports import RunItem
from tests.dispatching import RUN, World, consenting
from tests.fakes import (
    FakeDefinitions,
    FakeLists,
    FakeObjects,
    FakeOutcomes,
    FakeProfiles,
    FakeQueries,
    FakeQueue,
    FakeRuns,
    FakeThrottle,
)

ORDER = StartRun(campaign="launch", scheduled_at="2026-12-01T01:00:00+00:00")


class Stage(World):
    """A dispatcher's world with the stage before it, and a hand on the brake."""

    def __init__(self, people: int = 10, **told: Any) -> None:
        super().__init__(runs=FakeRuns(), **told)
        users = [f"u{n:03d}" for n in range(people)]
        self.users = users
        self.ledgers.ledgers |= {user: consenting(user) for user in users}
        self.objects, self.tasks = FakeObjects(), FakeQueue()
        self.profiles = FakeProfiles(*(Profile(u, traits={"email": f"{u}@example.com"}, rev=1) for u in users))
        self.segmenter = Segmenter(
            Stores(
                definitions=FakeDefinitions(self.definition),
                runs=self.runs,
                journals=self.journals,
                profiles=self.profiles,
                lists=FakeLists(),
                reminder=Reminder(self.ledgers, FakeOutcomes(self.runs)),
                objects=self.objects,
                tasks=self.tasks,
                sends=self.sends,
                throttle=FakeThrottle(),
                queries=FakeQueries(),
                clock=self.clock,
            )
        )
        self.controller = Controller(self.runs, self.tasks)

    @property
    def run(self) -> RunItem:
        """The run as it stands."""
        return self.runs.get(RUN)

    def scan(self) -> None:
        """Build the audience and queue its chunks."""
        self.segmenter.start(ORDER)
        self.segment()

    def segment(self) -> None:
        """Work off what waits for the stage before."""
        while bodies := self.tasks.take():
            for body in bodies:
                self.order(body)

    def ring(self) -> None:
        """Let time go on to the first timer's minute, which then delivers its message."""
        name = min(self.timer.set, key=lambda known: self.timer.set[known][1])
        body, at = self.timer.set.pop(name)
        self.clock.wait_until(at)
        self.order(body)

    def order(self, body: str) -> None:
        """Do what one message of SegmentQueue says."""
        match segment_work.validate_json(body):
            case StartRun() as order:
                self.segmenter.start(order)
            case Release() as order:
                self.segmenter.release(order)
            case FallBack() as order:
                self.segmenter.fall_back(order)
            case step:
                self.segmenter.scan(step, until=lambda: False)

    def deliver(self, body: str, name: str = "worker") -> None:
        """Dispatch one message, by a process that remembers nothing."""
        self.dispatcher(name).dispatch(SendChunk.model_validate_json(body))

    def work_off(self, die: Callable[[], type[BaseException]] | None = None) -> None:
        """Work off both queues; a message whose worker died comes again when every lease has run out."""
        deaths: tuple[type[BaseException], ...] = (ConflictError, *((die(),) if die else ()))
        for _ in range(60):
            self.segment_surviving(deaths)
            waiting, self.sends.sent = self.sends.sent, []
            if not waiting:
                return
            for body, delay in waiting:
                self.clock.pass_by(seconds=delay)
                try:
                    self.deliver(body)
                except deaths:
                    self.clock.pass_by(seconds=self.timeout + 10)
                    self.sends.sent.append((body, 0))
        raise AssertionError("the queues do not run dry")

    def segment_surviving(self, deaths: tuple[type[BaseException], ...]) -> None:
        """Like `segment`; an order whose worker died comes again."""
        while bodies := self.tasks.take():
            for body in bodies:
                try:
                    self.order(body)
                except deaths:
                    self.tasks.sent.append((body, 0))
