"""Leave a chunk: count what has ended, and see to it that the rest comes back."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import Final

from dangol.contracts import Release
from dangol.domain.errors import ConflictError
from dangol.domain.ledger import Flag
from dangol.pipeline.counting import kind_of, of_claim, of_fallback, of_flag, of_skip
from dangol.pipeline.work import ENDED, MAX_DELAY, SKIPPED, Stores, Work, decisions_of
from dangol.ports import Journal

_LONGEST: Final = timedelta(seconds=MAX_DELAY)
# Seconds after which a plan that is remembered has been read again.
_SOON: Final = 5.0
# How long somebody's next channel waits before it looks again whether the run goes on.
_PAUSED: Final = 60.0


class Leaver:
    """Leaves chunks: done, parked in the journal, or queued again."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def leave(self, work: Work) -> Counter[str]:
        """Count what has ended and store it in one transaction; queue again, before that, what has to wait."""
        deltas, states = self._counted(work)
        left, after = work.left(), work.snapshot(states)
        try:
            decisions = decisions_of(work, self._s.clock.now())
            if decisions.decided:
                self._s.events.send([decisions.model_dump_json()])
            if work.gone:
                self._s.events.send([told.model_dump_json() for told in work.gone])
            if left and self._park(work, after, deltas):
                return deltas
            if left:
                self._requeue(work, left)
            self._s.journals.finish(after, done=not left, deltas=deltas)
        except Exception:
            # Otherwise who was sent to a moment ago would come back as in doubt.
            self._s.journals.mark(work.snapshot())
            raise
        return deltas

    def _park(self, work: Work, after: Journal, deltas: Counter[str]) -> bool:
        """Leave who is left in the journal, where no message has to carry them; False where one has to."""
        if work.chunk.after:
            # Releases look for the chunks of the audience alone.
            work.waiting.update(dict.fromkeys(work.left(), _PAUSED) if work.paused else {})
            return False
        if work.paused:
            return self._s.journals.park(after, deltas=deltas, until=None)
        left, now = work.left(), self._s.clock.now()
        if not work.held.keys() >= set(left) or (until := min(work.held[i] for i in left)) <= now + _LONGEST:
            return False
        # Set before the chunk is parked: whoever dies in between leaves a release that finds nothing to do.
        self._release_at(work, until.timestamp())
        if self._s.journals.park(after, deltas=deltas, until=until.timestamp()):
            return True
        # Cancelled a moment ago, which is known here in a moment.
        work.waiting.update(dict.fromkeys(left, _SOON))
        return False

    def _release_at(self, work: Work, until: float) -> None:
        """Have the run's parked chunks queued again in the minute of `until`; the timer knows real time alone."""
        moved = round(self._s.clock.now().timestamp() - self._s.clock.seconds())
        minute = ceil((until - moved) / 60)
        order = Release(run=work.plan.name, again=True, due=minute * 60.0 + moved)
        self._s.timer.send(f"_{work.plan.run.number}-{minute}", order.model_dump_json(), at=minute * 60.0)

    def _counted(self, work: Work) -> tuple[Counter[str], str]:
        """What the chunk adds to the run's counters, and its states with the counted ones in capitals."""
        deltas: Counter[str] = Counter()
        ended = [i for i in work.chunk.indexes if work.states[i] in ENDED]
        self._recall(work, [i for i in ended if i not in work.entries])
        states = list(work.states)
        for index in ended:
            entry = replace(work.entries[index], state=ENDED[work.states[index]])
            why, first = work.why.get(index), work.chunk.after
            kind = work.kinds.get(index) or (kind_of(entry.channel) if len(work.plan.ways) > 1 else None)
            deltas.update(of_fallback(entry, first, why, kind) if first else of_claim(entry, why, kind))
            if index in work.overtaken:
                deltas.subtract(of_flag(entry, Flag.BOUNCED))
            states[index] = work.states[index].upper()
        for index, reason in work.skipped.items():
            if work.chunk.after is None:
                deltas.update(of_skip(reason, work.recipient(index).labels))
            states[index] = SKIPPED.upper()
        return deltas, "".join(states)

    def _recall(self, work: Work, indexes: list[int]) -> None:
        """Read back the entries of those whom a worker sent to and did not live to count."""
        users = work.users(indexes)
        for user_id, ledger in self._s.ledgers.get_many(list(users)).items():
            entry = ledger.entry(work.plan.run.number)
            if entry is None:
                raise ConflictError("a journal names a claim that the ledger does not have")
            work.entries[users[user_id]] = entry

    def _requeue(self, work: Work, left: list[int]) -> None:
        delay = min(work.waiting.get(i, 1.0) for i in left)
        piece = work.chunk.model_copy(
            update={
                "generation": work.journal.generation + 1,
                "tries": work.tries,
                "indexes": left,
                "recipients": [work.recipient(i) for i in left],
            }
        )
        self._s.sends.send([piece.model_dump_json()], delay=min(MAX_DELAY, ceil(delay)))
