"""What may go wrong at a call outside, and the process that makes the call."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from tests.simulation.loop import Loop

T = TypeVar("T")


class KilledError(BaseException):
    """The process is gone: no handler of its own runs any more."""


class OutageError(Exception):
    """A call outside failed, as a client of AWS says it: refused, or no answer."""


@dataclass(slots=True)
class Trouble:
    """How often a call goes wrong, until the faults stop."""

    share: float
    until: float
    injected: Counter[str]


# Each with its weight.
FAULTS = {
    "crash before": 2,
    "crash after": 2,
    "throttled": 3,
    "timeout before": 2,
    "timeout after": 2,
    "repeated": 2,
    "slow": 3,
    "frozen": 1,
}


class Process:
    """One running function: its calls take time and may go wrong; it is killed when its time is over."""

    def __init__(self, loop: Loop, rng: Random, trouble: Trouble, timeout: float) -> None:
        self.loop = loop
        self.rng = rng
        self.trouble = trouble
        self.timeout = timeout
        self.ends_at = float("inf")

    def begin(self, *, zombie: bool = False) -> None:
        """Begin an invocation; a zombie is one that nobody kills when its time is over."""
        self.ends_at = float("inf") if zombie else self.loop.time + self.timeout

    def strikes(self, weight: float = 1.0) -> bool:
        """Whether something goes wrong now."""
        return self.loop.time < self.trouble.until and self.rng.random() < self.trouble.share * weight

    def wait_until(self, time: float) -> None:
        """Wait, or be killed while waiting."""
        if time > self.ends_at:
            self.loop.sleep_until(self.ends_at)
            self.note("killed at its timeout")
            raise KilledError
        if time > self.loop.time:
            self.loop.sleep_until(time)

    def note(self, fault: str) -> None:
        self.trouble.injected[fault] += 1

    def call(self, effect: Callable[[], T], *, idempotent: bool = False) -> T:
        """Make a call whose `effect` happens at one moment, amid all else that happens.

        `idempotent` calls carry a token by which the service recognises the SDK's own second attempt.
        """
        fault = self._fault()
        self._travel(fault)
        self._go_wrong_before(fault)
        answer = effect()
        if fault == "repeated":
            self._travel(None)
            answer = answer if idempotent else effect()
        self._go_wrong_after(fault)
        self._travel(None)
        return answer

    def _go_wrong_before(self, fault: str | None) -> None:
        if fault == "crash before":
            raise KilledError
        if fault == "throttled":
            raise OutageError("throttled")
        if fault == "timeout before":
            self._no_answer()

    def _go_wrong_after(self, fault: str | None) -> None:
        if fault == "crash after":
            raise KilledError
        if fault == "timeout after":
            self._no_answer()
        if fault == "frozen":
            self.wait_until(self.loop.time + self.rng.uniform(5.0, 2.5 * self.timeout))

    def _no_answer(self) -> None:
        self.wait_until(self.loop.time + 2.0)
        raise OutageError("no answer")

    def _fault(self) -> str | None:
        if not self.strikes():
            return None
        fault = self.rng.choices(list(FAULTS), list(FAULTS.values()))[0]
        self.note(fault)
        return fault

    def _travel(self, fault: str | None) -> None:
        slow = self.rng.uniform(0.5, 3.0) if fault == "slow" else 0.0
        self.wait_until(self.loop.time + slow + self.rng.uniform(0.001, 0.012))


class Far:
    """Something behind the network, every method of which is a call outside."""

    def __init__(self, thing: Any, process: Process) -> None:
        self._thing = thing
        self._process = process

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._thing, name)
        return lambda *args, **kwargs: self._process.call(lambda: method(*args, **kwargs))
