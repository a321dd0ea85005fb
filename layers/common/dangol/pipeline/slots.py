"""Give each call of a worker its time in the provider's lease."""

from math import ceil

from dangol.pipeline.run_plan import Way
from dangol.pipeline.work import Stores


class Slots:
    """The calls that one worker has reserved; `due` is the time of the next, in epoch seconds."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores
        self.due = 0.0
        self._calls = 0
        self._begun = 0.0
        # What the last call took, in seconds.
        self._took = 0.0

    def most(self, way: Way, seconds: float) -> int:
        """How many messages may be handed over in so many seconds; at least those of one call."""
        return max(1, int((seconds - way.pace.lead) / way.pace.interval)) * way.pace.size

    def reserve(self, way: Way, count: int) -> bool:
        """Reserve the calls that `count` messages take, if any; False where they would begin too far ahead."""
        self.due, self._calls, self._begun = 0.0, 0, 0.0
        return not count or self._reserve(way, count, way.pace.lead)

    def take(self, way: Way, count: int, until: float) -> bool:
        """See to it that the next call has a time: `due`. False where that comes after `until`, or too far ahead.

        `count` messages are left, those of the call with all that follow.
        """
        if self._begun:
            self._took = self._s.clock.seconds() - self._begun
        return (self._calls > 0 or self._reserve(way, count, way.pace.next_lead)) and self.due <= until

    def begin(self, way: Way, until: float) -> bool:
        """Wait for the time of the next call, which has to begin at once then; False where the time has passed."""
        self._s.clock.wait_until(self.due)
        now = self._s.clock.seconds()
        if now > min(until, self.due + way.pace.late):
            self._calls = 0
            return False
        self._calls -= 1
        self.due += way.pace.interval
        self._begun = now
        return True

    def _reserve(self, way: Way, count: int, lead: float) -> bool:
        calls = ceil(count / way.pace.size)
        # Where a call takes longer than its time, each begins later than the one before: what would be too late is
        # not reserved, since it would be lost.
        behind = self._took - way.pace.interval
        if behind > 0:
            calls = min(calls, 1 + int(way.pace.late / behind))
        asked = self._s.clock.seconds() + lead
        start = self._s.throttle.reserve(way.provider, 1 / way.pace.interval, calls, asked)
        if start is None:
            return False
        self.due, self._calls = start, calls
        return True
