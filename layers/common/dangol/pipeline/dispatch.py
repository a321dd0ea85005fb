"""Dispatch a chunk of recipients: decide, claim, render, hand over, record.

At most one accepted hand-over per person and run: the journal lets one worker hold a chunk, a recipient is
marked in flight before the provider is called, and the claim in the ledger is conditional on its `rev`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dangol.contracts import SendChunk
from dangol.domain.channel import SESSION
from dangol.domain.errors import AccountError, ConflictError, DoubtError, SendError
from dangol.domain.ledger import State
from dangol.domain.short_links import LIFETIME
from dangol.pipeline.claiming import Claimer, Turn
from dangol.pipeline.inbox import Placer
from dangol.pipeline.leaving import Leaver
from dangol.pipeline.run_plan import Way
from dangol.pipeline.slots import Slots
from dangol.pipeline.work import HELD_OUT, IN_FLIGHT, PENDING, Stores, Work
from dangol.ports import Accepted, Answer, InDoubt, Journal, Message, Refused, Verdict

# A hand-over that would begin later than this after its claim is decided again.
PERMISSION_AGE: Final = 10.0
# What numbers refused is read again where that was so many seconds ago: no claim excludes a change of it.
FRESH: Final = 1.0
# What it takes to mark a call's recipients, in seconds: that much before the call's time.
MARKING: Final = 0.05


@dataclass(frozen=True, slots=True)
class Worker:
    """One process that dispatches: its name, and how long it can hold a chunk, in seconds."""

    name: str
    timeout: float

    @property
    def lease(self) -> float:
        """Longer than the function may run, so that only a dead worker's lease runs out."""
        return self.timeout + 5

    @property
    def longest_piece(self) -> float:
        """The seconds that a piece may take at its rate; permission is at most this old at the hand-over."""
        return min(10.0, self.timeout / 4)


class Dispatcher:
    """Dispatches chunks; one per process."""

    def __init__(self, stores: Stores, worker: Worker) -> None:
        self._s = stores
        self._worker = worker
        self._claimer = Claimer(stores)
        self._slots = Slots(stores)
        self._placer = Placer(stores)
        self._leaver = Leaver(stores)
        self._taken = 0

    def dispatch(self, chunk: SendChunk) -> Counter[str]:
        """Work a chunk to its end, or as far as the hour and the rate allow; what was counted.

        Raises:
            ConflictError: another worker holds the chunk; deliver it again later.
        """
        plan = self._s.plans(chunk.run)
        lease_until = self._s.clock.seconds() + self._worker.lease
        journal = self._take(chunk, lease_until)
        if journal is None:
            return Counter()
        work = Work(chunk, plan, journal, list(journal.states), dict(journal.why), lease_until)
        if plan.run.campaign.channel in SESSION:
            self._placer.place(work)
            return self._leaver.leave(work)
        doubtful = [i for i in chunk.indexes if work.states[i] == IN_FLIGHT]
        # Who was in flight when a worker died may have been sent to.
        self._claimer.doubt(work, doubtful)
        if chunk.after and work.open():
            self._claimer.follow(work)
        if not self._halted(work):
            self._work(work)
        counted = self._leaver.leave(work)
        if plan.review and any(name.endswith((":sent", ":failed")) for name in counted):
            plan.review()
        return counted

    def _halted(self, work: Work) -> bool:
        """Whether the run was cancelled or paused: who is not handed over yet gives the claimed place back."""
        plan = self._s.plans(work.plan.name)
        if plan.stopped:
            self._claimer.stop(work)
        elif plan.paused:
            work.paused = True
            self._claimer.withdraw(work, work.left())
        return plan.stopped or plan.paused

    def _take(self, chunk: SendChunk, lease_until: float) -> Journal | None:
        self._taken += 1
        now, owner = self._s.clock.seconds(), f"{self._worker.name}:{self._taken}"
        wanted = Journal(chunk.run, chunk.chunk, owner, chunk.generation, PENDING * chunk.size)
        verdict, journal = self._s.journals.take(wanted, lease_until=lease_until, now=now)
        if verdict is Verdict.BUSY:
            raise ConflictError("another worker holds the chunk")
        if journal and any(not letter.isupper() for i, letter in enumerate(journal.states) if i not in chunk.indexes):
            # A worker queued this piece and died; whoever came after queued one that misses nobody.
            raise ConflictError("another message carries more of the chunk")
        return journal if verdict is Verdict.TAKEN else None

    def _work(self, work: Work) -> None:
        """Work one step after the other; each comes twice at most, for whoever has changed steps meanwhile."""
        for _ in range(2 * len(work.plan.ways)):
            if work.paused or not work.open():
                return
            self._work_step(work)
        work.waiting.update(dict.fromkeys(work.open(), 1.0))

    def _work_step(self, work: Work) -> None:
        """Work the first step that somebody is to be sent to; whom later ones are for stays open."""
        clock, ledgers = self._s.clock, self._claimer.read(work, work.open())
        read_at = clock.seconds()
        # Those who would be sent to now take the rate up; everybody else needs no slot.
        sends = self._claimer.sends(work, ledgers)
        step = min(sends.values(), default=0)
        way, mine = work.plan.ways[step], [i for i, theirs in sends.items() if theirs == step]
        size = self._slots.most(way, self._worker.longest_piece)
        work.waiting.update(dict.fromkeys(mine[size:], 1.0))
        indexes = [i for i in work.open() if sends.get(i, step) == step]
        if not self._slots.reserve(way, len(mine[:size])):
            # Nothing is reserved far ahead: the piece comes back and asks again.
            work.waiting.update(dict.fromkeys(indexes, self._worker.longest_piece))
            return
        clock.wait_until(self._slots.due - way.pace.lead)
        if self._halted(work):
            return
        if work.refused and clock.seconds() - read_at > FRESH:
            ledgers = self._claimer.read(work, indexes)
        until = min(clock.seconds() + PERMISSION_AGE, work.lease_until)
        turn = Turn(step, indexes, clock.now())
        self._hand_over(work, step, self._claimer.claim(work, turn, ledgers), until)

    def _hand_over(self, work: Work, step: int, messages: Mapping[int, Message], until: float) -> None:
        way = work.plan.ways[step]
        size, order = way.pace.size, sorted(messages)
        for index, entry in work.entries.items():
            if entry.state is State.HELD_OUT:
                work.states[index] = HELD_OUT
        self._store_short_links(messages)
        for position in range(0, len(order), size):
            batch = order[position : position + size]
            if not self._begins(work, way, batch, (len(order) - position, until)):
                work.waiting.update(dict.fromkeys(order[position:], 1.0))
                return
            self._send(work, step, batch, messages)
            if work.paused:
                return
            if work.waiting.keys() & messages.keys():
                work.wait(order[position + size :])
                return

    def _store_short_links(self, messages: Mapping[int, Message]) -> None:
        """A link must lead somewhere before anybody can follow it."""
        paths = {code: path for message in messages.values() for code, path in message.short_links.items()}
        if paths:
            self._s.short_links.put_many(paths, expires_at=int(self._s.clock.now().timestamp()) + LIFETIME)

    def _begins(self, work: Work, way: Way, batch: Sequence[int], left: tuple[int, float]) -> bool:
        """Whether the call may begin now: marked, in its own time, of a run that nobody has halted.

        So many messages are `left`, the call's with all that follow, and it may begin until then.
        """
        slots, (count, until) = self._slots, left
        while slots.take(way, count, until):
            self._s.clock.wait_until(slots.due - MARKING)
            if self._halted(work):
                return False
            self._mark(work, batch, IN_FLIGHT)
            if slots.begin(way, until):
                return True
            # The mark, or what was before it, took too long: nobody was handed over.
            self._mark(work, batch, PENDING)
        return False

    def _mark(self, work: Work, batch: Sequence[int], letter: str) -> None:
        for index in batch:
            work.states[index] = letter
        self._s.journals.mark(work.snapshot())

    def _hold_back(self, work: Work, batch: Sequence[int], because: str) -> None:
        """Pause the run, which would fail everybody for what is none of theirs; whoever was left is still."""
        self._mark(work, batch, PENDING)
        work.plan.pause(because)
        work.paused = True
        self._claimer.withdraw(work, work.left())

    def _send(self, work: Work, step: int, batch: Sequence[int], messages: Mapping[int, Message]) -> None:
        way = work.plan.ways[step]
        try:
            answers: Sequence[Answer] = way.channel.send([messages[i] for i in batch])
        except DoubtError:
            work.wait(self._claimer.doubt(work, batch))
            return
        except AccountError as error:
            self._hold_back(work, batch, f"provider: {error}")
            return
        except SendError as error:
            answers = [Refused(str(error), retryable=error.retryable, after=error.after)] * len(batch)
        for index, answer in zip(batch, answers, strict=True):
            work.note(index, answer)
            if isinstance(answer, Accepted) and (kind := messages[index].kind):
                work.kinds[index] = kind
        if doubtful := [i for i, answer in zip(batch, answers, strict=True) if isinstance(answer, InDoubt)]:
            work.wait(self._claimer.doubt(work, doubtful))
        self._claimer.refused(work, step, batch)
