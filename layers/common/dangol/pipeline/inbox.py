"""Messages for a session: they wait in an inbox, nothing claimed, until their person is there or their time is over.

Deciding and claiming is `showing`'s. Each person ends once: a claim holds only while the message waits, and whoever
ends a run takes the messages away first and reads the ledgers after that.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from dangol.domain.decision import Reason, Skip, arm_of, decide
from dangol.domain.ledger import Ledger, State
from dangol.domain.variant import weighted_variant
from dangol.pipeline.work import HELD_OUT, SENT, Stores, Work, person_of
from dangol.ports import Waiting
from dangol.rendering import MissingVariableError

# What may be otherwise by the time that the person is there.
_PASSING: Final = frozenset({Reason.FREQUENCY_CAP, Reason.QUIET_HOURS})
# In capitals: they were counted when they were claimed.
_CLAIMED: Final = {State.SENT: SENT.upper(), State.HELD_OUT: HELD_OUT.upper()}
# The moment before a run ends is the last at which anybody could be shown anything.
_LAST: Final = timedelta(seconds=1)
# For how long a message that nobody took away stays in the table.
_KEPT: Final = timedelta(days=1)


class Placer:
    """Puts chunks into the inbox, and ends them."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def place(self, work: Work) -> None:
        """Have a chunk's messages wait until the run ends; end them where it has, or was cancelled."""
        plan, now = self._s.plans(work.plan.name), self._s.clock.now()
        ends = plan.run.ends_at
        if plan.stopped:
            self._end(work, Reason.CAMPAIGN_STOPPED)
        elif now >= ends:
            self._end(work, None)
        elif plan.paused:
            work.paused = True
        else:
            self._wait(work)
            work.waiting.update(dict.fromkeys(work.left(), max(1.0, (ends - now).total_seconds())))
            work.held.update(dict.fromkeys(work.left(), ends))

    def _wait(self, work: Work) -> None:
        number, ends = work.plan.run.number, work.plan.run.ends_at
        ledgers = self._ledgers(work, work.open())
        placed = []
        for index, ledger in ledgers.items():
            # Who was shown it, or held out, before this chunk came again.
            if ledger.entry(number):
                continue
            if reason := self._never(work, index, ledger):
                work.skipped[index] = reason
                continue
            recipient, expires = work.recipient(index), int((ends + _KEPT).timestamp())
            placed.append(Waiting(work.plan.name, number, work.plan.run.campaign.channel, recipient, expires))
        work.check_lease(self._s.clock.seconds())
        self._s.inbox.put_many(placed)

    def _never(self, work: Work, index: int, ledger: Ledger) -> Reason | None:
        """Why nothing will come of it, whenever the person is there; None where something may."""
        run, recipient = work.plan.run, work.recipient(index)
        person = person_of(recipient)
        decision = decide(run, person, ledger, self._s.clock.now())
        if isinstance(decision, Skip) and decision.reason not in _PASSING:
            return decision.reason
        arm = arm_of(run, person)
        if arm is None:
            return Reason.NOT_ASSIGNED
        variant = (
            weighted_variant(person.user_id, run.campaign_id, run.campaign) if arm.variant is None else arm.variant
        )
        try:
            work.plan.ways[0].renderer.message(recipient, variant)
        except MissingVariableError:
            return Reason.MISSING_VARIABLE
        return None

    def _end(self, work: Work, why: Reason | None) -> None:
        """End everybody who is left: claimed when they were there, or skipped."""
        run, left = work.plan.run, work.left()
        work.check_lease(self._s.clock.seconds())
        # From now on no claim holds; one that did before is in the ledger.
        self._s.inbox.remove_many([(work.recipient(i).user_id, run.number) for i in left])
        for index, ledger in self._ledgers(work, left).items():
            entry = ledger.entry(run.number)
            if entry is not None:
                work.states[index] = _CLAIMED[entry.state]
            else:
                work.skipped[index] = why or self._at_last(work, index, ledger)

    def _at_last(self, work: Work, index: int, ledger: Ledger) -> Reason:
        """Why somebody was shown nothing: what stood in the way at the end, else that they never came."""
        run = work.plan.run
        decision = decide(run, person_of(work.recipient(index)), ledger, run.ends_at - _LAST)
        return decision.reason if isinstance(decision, Skip) else Reason.EXPIRED

    def _ledgers(self, work: Work, indexes: Sequence[int]) -> dict[int, Ledger]:
        found = self._s.ledgers.get_many([work.recipient(i).user_id for i in indexes])
        return {i: found[work.recipient(i).user_id] for i in indexes}
