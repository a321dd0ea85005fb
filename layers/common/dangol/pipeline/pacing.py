"""How fast messages are handed over, so that no sliding second sees more than the rate.

A call has a time of its own in the provider's lease, and begins at most `late` after it. So the calls of any
second have their times within `1 + late` seconds, and with `interval` between two of them, these are at most
`calls`, of at most `size` messages each.
"""

from dataclasses import dataclass
from typing import Final

# A tenth of a second's worth is the most that one call carries.
_CALLS: Final = 10
# Messages that do not divide evenly into calls give this share of the rate away at most.
_UNEVEN: Final = 0.02
# What a claim takes, in seconds: a slot begins so much later than it is asked for.
_CLAIMING: Final = 0.25
# And what reserving itself takes.
_RESERVING: Final = 0.08
# By how much a call may be late, in seconds, at a rate of a thousand; a higher rate has more to give away.
_LATE: Final = 0.04


@dataclass(frozen=True, slots=True)
class Pace:
    """At most `calls` calls a second, each of at most `size` messages, each at most `late` seconds late."""

    size: int
    calls: int
    late: float

    @property
    def interval(self) -> float:
        """Seconds from the time of one call to the next's."""
        return (1 + self.late) / self.calls

    @property
    def lead(self) -> float:
        """How long before its first call a slot has to be asked for, in seconds."""
        return max(0.0, _CLAIMING - self.late)

    @property
    def next_lead(self) -> float:
        """The same for a call whose recipients are claimed and marked already."""
        return max(0.0, _RESERVING - self.late)


def pace_of(rate: int, batch_size: int) -> Pace:
    """The pace that keeps to `rate` messages a second with calls of at most `batch_size`."""
    most = max(1, min(batch_size, rate // _CALLS))
    size = next(n for n in range(most, 0, -1) if n * (rate // n) >= (1 - _UNEVEN) * rate)
    return Pace(size, rate // size, min(1.0, _LATE * max(1.0, rate / 1_000)))


def slower(pace: Pace, rate: int) -> Pace:
    """The pace of a campaign with a lower `rate` of its own: no larger calls, and no more of them a second."""
    sizes = [n for n in range(1, min(pace.size, rate) + 1) if rate // n <= pace.calls]
    size = max(sizes or [1], key=lambda n: (n * (rate // n), n))
    return Pace(size, min(pace.calls, rate // size), pace.late)
