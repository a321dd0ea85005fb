"""A dispatcher on fakes, for the tests of sending."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from dangol.contracts import Recipient, SendChunk
from dangol.domain.errors import ConflictError
from dangol.domain.ledger import Ledger, State
from dangol.domain.tracking import Keys
from dangol.pipeline.dispatch import Dispatcher, Worker
from dangol.pipeline.plans import Plans
from dangol.pipeline.work import Stores
from dangol.ports import Definition, RunItem
from tests.fakes import (
    FakeClock,
    FakeDefinitions,
    FakeInbox,
    FakeJournals,
    FakeLedgers,
    FakeQueue,
    FakeRuns,
    FakeShortLinks,
    FakeThrottle,
    FakeTimer,
    RecordingChannel,
)
from tests.fakes.world import NOW
from tests.shop_campaign import definition, recipient

RUN = "launch-20261201T010000Z"
KEYS = Keys(1, {1: b"k" * 32})


def running(number: int = 1, run: str = RUN, campaign_id: str = "launch", **changed: Any) -> RunItem:
    """A run whose audience is known."""
    told: dict[str, Any] = {"scheduled_at": NOW, "state": "running", "tasks": 1}
    return RunItem(run, number, campaign_id, 1, **{**told, **changed})


def consenting(user_id: str) -> Ledger:
    """The ledger of somebody who consented to e-mail a year ago."""
    return Ledger(user_id, rev=1, consents={"email": int(NOW.timestamp()) - 365 * 86_400})


@dataclass
class World:
    """Everything that a dispatcher works on."""

    definition: Definition = field(default_factory=definition)
    runs: FakeRuns = field(default_factory=lambda: FakeRuns(running()))
    clock: FakeClock = field(default_factory=FakeClock)
    sends: FakeQueue = field(default_factory=FakeQueue)
    events: FakeQueue = field(default_factory=FakeQueue)
    channel: RecordingChannel = field(default_factory=RecordingChannel)
    # Where a campaign has several, each by its name.
    channels: dict[str, RecordingChannel] = field(default_factory=dict)
    throttle: FakeThrottle = field(default_factory=FakeThrottle)
    timer: FakeTimer = field(default_factory=FakeTimer)
    timeout: float = 60.0

    def __post_init__(self) -> None:
        self.ledgers = FakeLedgers(self.runs)
        self.journals = FakeJournals(self.runs)
        self.short_links = FakeShortLinks()
        self.inbox = FakeInbox(self.ledgers, self.runs)

    def people(self, *user_ids: str) -> list[Recipient]:
        """Consenting recipients, with their ledgers."""
        self.ledgers.ledgers |= {user: consenting(user) for user in user_ids}
        return [recipient(user) for user in user_ids]

    def dispatcher(self, name: str = "worker") -> Dispatcher:
        plans = Plans(
            runs=self.runs,
            definitions=FakeDefinitions(self.definition),
            keys=lambda: KEYS,
            channel=lambda name, _: self.channels.get(name, self.channel),
            clock=self.clock,
            memory=5.0,
        )
        stores = Stores(
            plans=plans.of,
            journals=self.journals,
            ledgers=self.ledgers,
            throttle=self.throttle,
            sends=self.sends,
            timer=self.timer,
            short_links=self.short_links,
            inbox=self.inbox,
            events=self.events,
            clock=self.clock,
        )
        return Dispatcher(stores, Worker(name, self.timeout))

    def drain(self, rounds: int = 50) -> None:
        """Dispatch what was queued again, each after its delay, until nothing is left."""
        for number in range(rounds):
            waiting, self.sends.sent = self.sends.sent, []
            if not waiting:
                return
            for body, delay in waiting:
                self.clock.pass_by(seconds=delay)
                self.dispatcher(f"drain-{number}").dispatch(SendChunk.model_validate_json(body))
        raise AssertionError("the queue does not run dry")

    def redeliver(self, piece: SendChunk, name: str = "other") -> None:
        """Deliver a chunk again after every lease has run out, and whatever is queued after it."""
        self.clock.pass_by(seconds=self.timeout + 10)
        self.dispatcher(name).dispatch(piece)
        self.drain()

    def state(self, user_id: str, run: int = 1) -> State | None:
        entry = self.ledgers.ledgers[user_id].entry(run)
        return entry.state if entry else None

    def counted(self, run: str = RUN) -> Counter[str]:
        """The run's counters, by outcome."""
        found: Counter[str] = Counter()
        for name, value in self.runs.counters[run].items():
            kind, _, rest = name.partition(":")
            if kind == "arm":
                found[rest.partition(":")[2]] += int(value)
            elif kind == "skipped":
                found[rest] += int(value)
        return found

    def decided(self) -> dict[str, str]:
        """Each person's outcome as it went to the lake."""
        told = [json.loads(body) for body in self.events.bodies]
        return {
            d["user_id"]: d["reason"] if d["outcome"] == "skipped" else d["outcome"] for t in told for d in t["decided"]
        }


def chunk(recipients: list[Recipient], run: str = RUN, name: str = "00000-00000-0") -> SendChunk:
    """A fresh chunk of these recipients."""
    places = list(range(len(recipients)))
    return SendChunk(run=run, chunk=name, size=len(recipients), indexes=places, recipients=recipients)


__all__ = ["KEYS", "NOW", "RUN", "ConflictError", "World", "chunk", "consenting", "running"]
