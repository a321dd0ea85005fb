"""Simulated time: every actor is a greenlet, and time passes only while all of them wait."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from greenlet import getcurrent, greenlet

# More events than this, and something goes round in circles.
MOST_EVENTS = 400_000


class EndlessError(Exception):
    """The run does not come to an end."""


class Loop:
    """The one clock and the order in which things happen; the same calls give the same order."""

    def __init__(self, start: datetime) -> None:
        self.time = start.timestamp()
        self.events = 0
        self._heap: list[tuple[float, int, Callable[[], Any]]] = []
        self._made = 0
        self._hub = getcurrent()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.time, tz=UTC)

    def at(self, time: float, act: Callable[[], Any]) -> None:
        """Do `act` when `time` has come."""
        self._made += 1
        heapq.heappush(self._heap, (max(time, self.time), self._made, act))

    def spawn(self, act: Callable[[], Any], *, at: float | None = None) -> None:
        """Start an actor."""
        self.at(self.time if at is None else at, greenlet(act, self._hub).switch)

    def sleep_until(self, time: float) -> None:
        """Let others go on until `time` has come."""
        self.at(time, getcurrent().switch)
        self._hub.switch()

    def park(self, waiting: list[Callable[[], Any]]) -> None:
        """Wait among `waiting` until somebody calls what is left there."""
        waiting.append(getcurrent().switch)
        self._hub.switch()

    def run(self) -> None:
        """Go on until nothing is left to happen.

        Raises:
            EndlessError: it does not end.
        """
        while self._heap:
            self.events += 1
            if self.events > MOST_EVENTS:
                raise EndlessError("the run does not end")
            self.time, _, act = heapq.heappop(self._heap)
            act()
