"""SQS: at least once, in any order, again after the visibility timeout, ten times at most."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.simulation.faults import OutageError, Process, Trouble
from tests.simulation.loop import Loop

MOST_RECEIVES = 10


@dataclass(eq=False, slots=True)
class Letter:
    """A message in a queue."""

    body: str
    received: int = 0
    deleted: bool = False


@dataclass(eq=False)
class SimulatedQueue:
    """A queue in simulated time, with its dead letters."""

    loop: Loop
    rng: Random
    trouble: Trouble
    visibility: float
    dead: list[Letter] = field(default_factory=list)
    taken: int = 0
    _ready: list[Letter] = field(default_factory=list)
    _idle: list[Callable[[], Any]] = field(default_factory=list)

    def put(self, body: str, delay: float) -> None:
        """Take a message in; now and then twice, or later than it was told to."""
        self._in(Letter(body), delay)
        if self._strikes("duplicated message"):
            self._in(Letter(body), delay + self.rng.uniform(0.0, 2 * self.visibility))

    def take(self) -> Letter:
        """Wait for a message and take it; it comes back unless it is deleted in time."""
        while not self._ready:
            self.loop.park(self._idle)
        letter = self._ready.pop(self.rng.randrange(len(self._ready)))
        letter.received += 1
        self.taken += 1
        twice = self._strikes("delivered to two at once")
        self.loop.at(self.loop.time + (0.1 if twice else self.visibility), lambda: self._arrive(letter))
        return letter

    def take_some(self, most: int) -> list[Letter]:
        """Wait for a message, and take with it what else is there."""
        letters = [self.take()]
        while self._ready and len(letters) < most:
            letters.append(self.take())
        return letters

    def delete(self, letter: Letter) -> None:
        """The message was worked off; now and then SQS forgets that."""
        letter.deleted = not self._strikes("deletion lost")

    def redrive(self) -> int:
        """Queue the dead letters again; how many there were."""
        dead, self.dead = self.dead, []
        for letter in dead:
            self._in(Letter(letter.body), 0.0)
        return len(dead)

    def _in(self, letter: Letter, delay: float) -> None:
        late = self.rng.uniform(0.0, 30.0) if self._strikes("delayed message") else self.rng.uniform(0.0, 0.05)
        self.loop.at(self.loop.time + delay + late, lambda: self._arrive(letter))

    def _arrive(self, letter: Letter) -> None:
        if letter.deleted:
            return
        if letter.received >= MOST_RECEIVES:
            if letter not in self.dead:
                self.dead.append(letter)
            return
        if letter not in self._ready:
            self._ready.append(letter)
        if self._idle:
            self.loop.at(self.loop.time, self._idle.pop(self.rng.randrange(len(self._idle))))

    def _strikes(self, what: str) -> bool:
        struck = self.loop.time < self.trouble.until and self.rng.random() < self.trouble.share
        self.trouble.injected[what] += struck
        return struck


class Sender:
    """The queue as a process sends to it: ten messages a call, of which some may be refused."""

    def __init__(self, queue: SimulatedQueue, process: Process) -> None:
        self._queue = queue
        self._process = process

    def send(self, bodies: Sequence[str], *, delay: int = 0) -> None:
        # SQS's own limits.
        assert 0 <= delay <= 900
        assert all(0 < len(body.encode()) <= 1_048_576 for body in bodies)
        for position in range(0, len(bodies), 10):
            some = bodies[position : position + 10]
            if self._process.strikes():
                self._process.note("partial batch")
                self._process.call(lambda some=some: self._put(some[: len(some) // 2], delay))  # type: ignore[misc]
                raise OutageError("the queue does not take messages")
            self._process.call(lambda some=some: self._put(some, delay))  # type: ignore[misc]

    def _put(self, bodies: Sequence[str], delay: float) -> None:
        for body in bodies:
            self._queue.put(body, delay)


class SimulatedTimer:
    """One-time schedules: each name fires once, within the minute of its time, into SegmentQueue."""

    def __init__(self, queue: SimulatedQueue) -> None:
        self._queue = queue
        self._known: set[str] = set()

    def send(self, name: str, body: str, *, at: float) -> None:
        # EventBridge Scheduler's own limits.
        assert at % 60 == 0
        assert 0 < len(name) <= 64
        if name not in self._known:
            self._known.add(name)
            self._queue.put(body, max(0.0, at - self._queue.loop.time) + self._queue.rng.uniform(0.0, 60.0))
