"""The one clock, and rates that are shared."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The one clock. Rates and leases are kept in real seconds, everything else in `now`."""

    def now(self) -> datetime:
        """The time of day, in UTC."""
        ...

    def seconds(self) -> float:
        """Real epoch seconds, which no test moves."""
        ...

    def wait_until(self, seconds: float) -> None:
        """Return when `seconds` has come."""
        ...


class Throttle(Protocol):
    """The shared rate of a provider."""

    def reserve(self, name: str, rate: float, count: int, now: float) -> float | None:
        """Reserve `count` calls at `rate` a second; when the first may start (epoch seconds), None if too far ahead."""
        ...
