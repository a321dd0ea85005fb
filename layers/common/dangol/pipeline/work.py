"""A chunk of recipients in the hands of one dispatcher."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from dangol.contracts import Decided, Decisions, DevicesGone, Recipient, SendChunk
from dangol.domain.decision import Reason
from dangol.domain.draw import point
from dangol.domain.errors import ConflictError
from dangol.domain.fallback import failed, next_step
from dangol.domain.ledger import Entry, Flag, State
from dangol.domain.reference import place_of
from dangol.pipeline.counting import arm_name
from dangol.pipeline.run_plan import RunPlan
from dangol.ports import (
    Accepted,
    Answer,
    Clock,
    Inbox,
    InDoubt,
    Journal,
    Journals,
    Ledgers,
    Queue,
    ShortLinks,
    Throttle,
    Timer,
)

# A provider that asks to wait is tried again after so many seconds, twice as many each time, at most an SQS delay.
FIRST_BACK_OFF: Final = 5.0
MAX_DELAY: Final = 900
# Why somebody is sent to although an earlier hand-over is in doubt; it stays in the journal, so that it is once.
RESENT: Final = "resent"
# That a chunk of one whom a receipt says a channel has failed for was begun: whatever stands further on is its own.
FOLLOWS: Final = "follows"
# One letter per recipient in the journal; a capital is counted already.
PENDING, IN_FLIGHT, SENT, FAILED, UNKNOWN, HELD_OUT, SKIPPED = ".fsxuhk"
ENDED: Final = {SENT: State.SENT, FAILED: State.FAILED, UNKNOWN: State.UNKNOWN, HELD_OUT: State.HELD_OUT}


@dataclass(frozen=True, slots=True)
class Stores:
    """What a dispatcher works on."""

    plans: Callable[[str], RunPlan]
    journals: Journals
    ledgers: Ledgers
    throttle: Throttle
    sends: Queue
    timer: Timer
    events: Queue
    short_links: ShortLinks
    inbox: Inbox
    clock: Clock


@dataclass(slots=True)
class Work:
    """What is known of each recipient by their place in the chunk."""

    chunk: SendChunk
    plan: RunPlan
    journal: Journal
    states: list[str]
    why: dict[int, str]
    # Until when nobody else takes the chunk, in epoch seconds.
    lease_until: float
    entries: dict[int, Entry] = field(default_factory=dict)
    skipped: dict[int, Reason] = field(default_factory=dict)
    provider_ids: dict[int, str] = field(default_factory=dict)
    # What a carrier calls the messages that were taken, where a channel has several kinds.
    kinds: dict[int, str] = field(default_factory=dict)
    # Seconds until the recipient is worth another try.
    waiting: dict[int, float] = field(default_factory=dict)
    # Until when, for those whom the decision itself holds.
    held: dict[int, datetime] = field(default_factory=dict)
    # The steps that have failed where another one follows, for the trail.
    fallen: list[Decided] = field(default_factory=list)
    # What numbers refused, by person and channel of consent; epoch seconds, negative as in a ledger.
    refused: dict[tuple[str, str], int] = field(default_factory=dict)
    # Whom a receipt said it had failed for, before the provider's refusal and the next step came.
    overtaken: set[int] = field(default_factory=set)
    # Whose address the provider says is wrong.
    wrong_address: set[int] = field(default_factory=set)
    # Which of their devices take nothing any more.
    gone: list[DevicesGone] = field(default_factory=list)
    # Whoever is left waits for the run to be resumed.
    paused: bool = False
    # The provider asked to wait.
    backing_off: bool = False

    def check_lease(self, now: float) -> None:
        """Go on only while the chunk is ours.

        What is written to a ledger after this was read before somebody else could take the chunk, so that
        whatever they wrote meanwhile refuses it.

        Raises:
            ConflictError: the lease has run out.
        """
        if now >= self.lease_until:
            raise ConflictError("the lease on the chunk has run out")

    @property
    def back_off(self) -> float:
        """How long to leave the provider alone, in seconds: longer each time, and different for each chunk."""
        longest = min(MAX_DELAY, FIRST_BACK_OFF * (1 << min(self.chunk.tries, 10)))
        return longest * (1 + point(f"{self.chunk.run}:{self.chunk.chunk}", str(self.journal.generation))) / 2

    @property
    def tries(self) -> int:
        """How often in a row the provider has asked to wait, this time included; what it took begins a new row."""
        before = 0 if self.provider_ids else self.chunk.tries
        return before + 1 if self.backing_off else 0

    def wait(self, indexes: Iterable[int], after: float = 0.0) -> None:
        """Leave these until the provider may be asked again, for at least `after` seconds."""
        waits = dict.fromkeys(indexes, max(self.back_off, min(after, MAX_DELAY)))
        self.waiting.update(waits)
        self.backing_off |= bool(waits)

    def note(self, index: int, answer: Answer) -> None:
        """Note what the provider said of one message; one that is in doubt stays in flight."""
        if answer.gone:
            self._part(index, answer.gone)
        if isinstance(answer, InDoubt):
            return
        if isinstance(answer, Accepted):
            self.states[index] = SENT
            self.provider_ids[index] = answer.provider_id
            if self.why.get(index) != RESENT:
                # Why the step before failed; it is told of its own.
                self.why.pop(index, None)
        elif answer.retryable:
            self.states[index] = PENDING
            self.wait([index], answer.after)
        else:
            # The hand-over before that is still in doubt.
            self.states[index] = UNKNOWN if self.why.get(index) == RESENT else FAILED
            self.why[index] = answer.reason
            if answer.suppress:
                self.wrong_address.add(index)

    def _part(self, index: int, devices: Sequence[str]) -> None:
        """Note devices that took nothing any more, as of their person's claim: which was before they were asked."""
        entry, user = self.entries[index], self.recipient(index).user_id
        told = {"user_id": user, "channel": entry.channel, "devices": list(devices), "at": entry.claimed_at * 1000}
        self.gone.append(DevicesGone(id=f"{self.plan.name}:{user}:{entry.channel}:gone", **told))

    def fall(self, indexes: Iterable[int]) -> None:
        """Note that the step of these has failed, and that another one follows."""
        for index in indexes:
            entry = self.entries[index]
            told = _ended(self, index, entry)
            self.fallen.append(told.model_copy(update={"channel": entry.channel, "at": entry.claimed_at * 1000}))

    def step_of(self, entry: Entry) -> int:
        """The place of an entry's channel among the run's."""
        return next(n for n, way in enumerate(self.plan.ways) if way.run.campaign.channel == entry.channel)

    def steps(self, index: int, ours: Entry | None) -> range:
        """The steps that may come next for somebody with this entry; where that is in doubt, the same alone."""
        if ours is not None and self.why.get(index) == RESENT:
            return range(self.step_of(ours), self.step_of(ours) + 1)
        return range(next_step(self.plan.run.campaign.steps, ours), len(self.plan.ways))

    def moot(self, ours: Entry | None) -> bool:
        """Whether a chunk that a receipt has ordered, as the channel before has failed, comes too late."""
        begun = bool(self.why)
        return ours is None or (not failed(ours) if ours.channel == self.chunk.after else not begun)

    def kept(self, ours: Entry | None, claimed: Entry) -> Entry:
        """A claim with what receipts say already of an earlier one by the same channel."""
        return replace(claimed, flags=ours.flags) if ours and ours.channel == claimed.channel else claimed

    def corrected(self, index: int, entry: Entry, state: State) -> Entry:
        """A claim of ours in another state; taken back, it is what it was before, and a failure stays one."""
        if state is not State.CANCELLED:
            return replace(entry, state=state)
        if failed(entry):
            return entry
        # What is to be sent once more is in doubt by this very channel.
        if self.chunk.after is None or self.why.get(index) == RESENT:
            return replace(entry, state=state)
        return replace(entry, channel=self.chunk.after, state=State.SENT, flags=entry.flags | Flag.BOUNCED)

    def place(self, index: int, step: int) -> str:
        """The place in the run that a receipt of this step brings back; empty where no other step follows."""
        if step + 1 >= len(self.plan.ways):
            return ""
        return self.chunk.chunk.partition(".")[0] if self.chunk.after else place_of(self.chunk.chunk, index)

    def recipient(self, index: int) -> Recipient:
        """The recipient at a place in the chunk."""
        return self.chunk.recipients[self.chunk.indexes.index(index)]

    def users(self, indexes: list[int]) -> dict[str, int]:
        """The places by user id."""
        return {self.recipient(i).user_id: i for i in indexes}

    def open(self) -> list[int]:
        """The places that are neither ended, skipped nor waiting."""
        done = self.waiting.keys() | self.skipped.keys()
        return [i for i in self.chunk.indexes if self.states[i] == PENDING and i not in done]

    def left(self) -> list[int]:
        """The places that have to come back."""
        return [i for i in self.chunk.indexes if self.states[i] == PENDING and i not in self.skipped]

    def snapshot(self, states: str | None = None) -> Journal:
        """The journal as it stands, or with these states."""
        return replace(self.journal, states=states or "".join(self.states), why=dict(self.why))


def decisions_of(work: Work, now: datetime) -> Decisions:
    """What became of each recipient that was worked on, for the lake."""
    run = work.plan.run
    # Whoever was sent to before stays so where another channel cannot take them.
    skipped = {} if work.chunk.after else work.skipped
    return Decisions(
        run=work.plan.name,
        campaign=run.campaign_id,
        channel=run.campaign.channel,
        at=int(now.timestamp() * 1000),
        decided=[
            *work.fallen,
            *(Decided(user_id=work.recipient(i).user_id, outcome="skipped", reason=r) for i, r in skipped.items()),
            *(_ended(work, i, entry) for i, entry in work.entries.items() if work.states[i] in ENDED),
        ],
    )


def _ended(work: Work, index: int, entry: Entry) -> Decided:
    return Decided(
        user_id=work.recipient(index).user_id,
        channel=entry.channel if len(work.plan.ways) > 1 else None,
        outcome=ENDED[work.states[index]].name.lower(),
        reason=None if (why := work.why.get(index)) == FOLLOWS else why,
        variant=entry.variant,
        arm=arm_name(work.plan.run.campaign, entry),
        claimed_ms=entry.claimed_at * 1000,
        provider_id=work.provider_ids.get(index),
    )
