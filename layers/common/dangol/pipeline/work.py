"""A chunk of recipients in the hands of one dispatcher."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from dangol.contracts import Decided, Decisions, DevicesGone, Recipient, SendChunk
from dangol.domain.decision import Person, Reason
from dangol.domain.draw import point
from dangol.domain.errors import ConflictError
from dangol.domain.ledger import Entry, State
from dangol.domain.run import Run
from dangol.pipeline.counting import arm_name
from dangol.pipeline.messages import Renderer
from dangol.pipeline.pacing import Pace
from dangol.ports import (
    Accepted,
    Answer,
    Channel,
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
# One letter per recipient in the journal; a capital is counted already.
PENDING, IN_FLIGHT, SENT, FAILED, UNKNOWN, HELD_OUT, SKIPPED = ".fsxuhk"
ENDED: Final = {SENT: State.SENT, FAILED: State.FAILED, UNKNOWN: State.UNKNOWN, HELD_OUT: State.HELD_OUT}


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Everything a dispatcher needs to know of a run.

    `stopped` and `paused` are as old as the plan: seconds.
    """

    run: Run
    name: str
    stopped: bool
    paused: bool
    renderer: Renderer
    channel: Channel
    provider: str
    pace: Pace
    # Looks at the last hand-overs, after some more of them; None where the campaign has no `limits.stop_when`.
    review: Callable[[], None] | None = None


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
    # Whose address the provider says is wrong.
    wrong_address: set[int] = field(default_factory=set)
    # Which of their devices take nothing any more.
    gone: dict[int, tuple[str, ...]] = field(default_factory=dict)
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
            self.gone[index] = answer.gone
        if isinstance(answer, InDoubt):
            return
        if isinstance(answer, Accepted):
            self.states[index] = SENT
            self.provider_ids[index] = answer.provider_id
        elif answer.retryable:
            self.states[index] = PENDING
            self.wait([index], answer.after)
        else:
            # The hand-over before that is still in doubt.
            self.states[index] = UNKNOWN if self.why.get(index) == RESENT else FAILED
            self.why[index] = answer.reason
            if answer.suppress:
                self.wrong_address.add(index)

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


def person_of(recipient: Recipient) -> Person:
    """What deciding needs of a recipient."""
    zone = ZoneInfo(recipient.zone) if recipient.zone else None
    return Person(
        recipient.user_id,
        recipient.address,
        zone,
        recipient.assigned,
        recipient.labels,
        shared=recipient.shared,
        country=recipient.country,
    )


def decisions_of(work: Work, now: datetime) -> Decisions:
    """What became of each recipient that was worked on, for the lake."""
    run = work.plan.run
    return Decisions(
        run=work.plan.name,
        campaign=run.campaign_id,
        channel=run.campaign.channel,
        at=int(now.timestamp() * 1000),
        decided=[
            *(Decided(user_id=work.recipient(i).user_id, outcome="skipped", reason=r) for i, r in work.skipped.items()),
            *(_ended(work, i, entry) for i, entry in work.entries.items() if work.states[i] in ENDED),
        ],
    )


def gone_of(work: Work) -> list[DevicesGone]:
    """The devices that took nothing any more, as of their people's claims: which was before they were asked."""
    return [
        DevicesGone(
            id=f"{work.plan.name}:{user}:gone",
            user_id=user,
            channel=work.plan.run.campaign.channel,
            devices=list(work.gone[i]),
            at=work.entries[i].claimed_at * 1000,
        )
        for user, i in work.users(list(work.gone)).items()
        if i in work.entries
    ]


def _ended(work: Work, index: int, entry: Entry) -> Decided:
    return Decided(
        user_id=work.recipient(index).user_id,
        outcome=ENDED[work.states[index]].name.lower(),
        reason=work.why.get(index),
        variant=entry.variant,
        arm=arm_name(work.plan.run.campaign, entry),
        claimed_ms=entry.claimed_at * 1000,
        provider_id=work.provider_ids.get(index),
    )
