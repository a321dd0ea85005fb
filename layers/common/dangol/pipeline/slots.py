"""Give each call of a worker its time in the provider's lease."""

from math import ceil

from dangol.pipeline.work import RunPlan, Stores


class Slots:
    """The calls that one worker has reserved; `due` is the time of the next, in epoch seconds."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores
        self.due = 0.0
        self._calls = 0
        self._begun = 0.0
        # Where a call takes longer than its time, one is reserved at a time: the rest of a slot would be lost.
        self._quick = True

    def most(self, plan: RunPlan, seconds: float) -> int:
        """How many messages may be handed over in so many seconds; at least those of one call."""
        return max(1, int((seconds - plan.pace.lead) / plan.pace.interval)) * plan.pace.size

    def reserve(self, plan: RunPlan, count: int) -> bool:
        """Reserve the calls that `count` messages take; False where they would begin too far ahead."""
        self._begun = 0.0
        return self._reserve(plan, count, plan.pace.lead)

    def begin(self, plan: RunPlan, count: int, until: float) -> bool:
        """Wait for the time of the next call, of `count` messages with all that follow; it has to begin at once then.

        A call whose time has passed takes another. False where that comes after `until`, or too far ahead.
        """
        clock, pace = self._s.clock, plan.pace
        if self._begun:
            self._quick = clock.seconds() - self._begun < pace.interval
        while self._calls or self._reserve(plan, count, pace.next_lead):
            if self.due > until:
                return False
            clock.wait_until(self.due)
            now = clock.seconds()
            if now > until:
                return False
            self._calls -= 1
            if now <= self.due + pace.late:
                self.due += pace.interval
                self._begun = now
                return True
            self._calls = 0
        return False

    def _reserve(self, plan: RunPlan, count: int, lead: float) -> bool:
        calls = ceil(count / plan.pace.size) if self._quick else 1
        asked = self._s.clock.seconds() + lead
        start = self._s.throttle.reserve(plan.provider, 1 / plan.pace.interval, calls, asked)
        if start is None:
            return False
        self.due, self._calls = start, calls
        return True
