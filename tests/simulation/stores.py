"""The ports of one process, each on the shared fakes, with everything between that a network does."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from dangol.contracts import Received
from dangol.domain.errors import DoubtError, RejectedError, ThrottledError, UnavailableError
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.reference import read_reference
from dangol.ports import Accepted, Journal, Message, Refused, Search, Standing, Verdict
from tests.fakes import FakeJournals, FakeLedgers, FakeProfiles
from tests.simulation.faults import Far, KilledError, Process
from tests.simulation.loop import Loop
from tests.simulation.promises import Truth
from tests.simulation.queues import SimulatedQueue

# AWS takes 25 statements a request; few people here need several requests all the same.
STATEMENTS = 5


class SimulatedClock:
    """The clock of one process."""

    def __init__(self, loop: Loop, process: Process) -> None:
        self._loop = loop
        self._process = process

    def now(self) -> datetime:
        return self._loop.now()

    def seconds(self) -> float:
        return self._loop.time

    def wait_until(self, seconds: float) -> None:
        self._process.wait_until(seconds)


@dataclass(slots=True)
class SimulatedLedgers:
    """Ledgers behind batches whose statements succeed and fail one by one."""

    ledgers: FakeLedgers
    process: Process

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Ledger]:
        return self.process.call(lambda: self.ledgers.get_many(user_ids))

    def put_many(self, changed: Sequence[Ledger]) -> Mapping[str, Ledger]:
        wanted = {ledger.user_id: ledger for ledger in changed}
        refused: list[str] = []
        for position in range(0, len(changed), STATEMENTS):
            some = changed[position : position + STATEMENTS]
            refused += self.process.call(lambda some=some: self._execute(some))  # type: ignore[misc]
        stored = self.get_many(refused) if refused else {}
        return {user: ledger for user, ledger in stored.items() if ledger != wanted[user]}

    def put_counted(self, changed: Sequence[Ledger], run: str, deltas: Mapping[str, int]) -> bool:
        return self.process.call(lambda: self.ledgers.put_counted(changed, run, deltas), idempotent=True)

    def _execute(self, some: Sequence[Ledger]) -> list[str]:
        refused = []
        for ledger in some:
            throttled = self.process.strikes()
            stored = not (throttled and self.process.rng.random() < 0.5) and self.ledgers.store(ledger)
            self.process.trouble.injected["statement of a batch refused"] += throttled
            if throttled or not stored:
                refused.append(ledger.user_id)
        return refused


@dataclass(slots=True)
class SimulatedJournals:
    """Journals that tell the truth's keeper who holds what."""

    journals: FakeJournals
    process: Process
    truth: Truth

    def take(self, wanted: Journal, *, lease_until: float, now: float) -> tuple[Verdict, Journal | None]:
        return self.process.call(lambda: self._take(wanted, lease_until, now))

    def mark(self, journal: Journal) -> None:
        self.process.call(lambda: self._mark(journal))

    def finish(self, journal: Journal, *, done: bool, deltas: Mapping[str, int]) -> None:
        self.process.call(lambda: self._finish(journal, done, deltas), idempotent=True)

    def park(self, journal: Journal, *, deltas: Mapping[str, int], until: float | None) -> bool:
        return self.process.call(lambda: self._park(journal, deltas, until), idempotent=True)

    def of_step(self, run: str, step: str) -> Sequence[Standing]:
        return self.process.call(lambda: self.journals.of_step(run, step))

    def _take(self, wanted: Journal, lease_until: float, now: float) -> tuple[Verdict, Journal | None]:
        verdict, journal = self.journals.take(wanted, lease_until=lease_until, now=now)
        if verdict is Verdict.TAKEN:
            self.truth.chunk_taken(_chunk(wanted), wanted.owner, wanted.generation, (now, lease_until))
        return verdict, journal

    def _mark(self, journal: Journal) -> None:
        self.journals.mark(journal)
        self.truth.chunk_changed(_chunk(journal), journal.owner)

    def _finish(self, journal: Journal, done: bool, deltas: Mapping[str, int]) -> None:
        self.journals.finish(journal, done=done, deltas=deltas)
        self.truth.chunk_left(_chunk(journal), journal.owner, journal.generation + 1)

    def _park(self, journal: Journal, deltas: Mapping[str, int], until: float | None) -> bool:
        parked = self.journals.park(journal, deltas=deltas, until=until)
        if parked:
            self.truth.chunk_left(_chunk(journal), journal.owner, journal.generation + 2)
        return parked


def _chunk(journal: Journal) -> tuple[str, str]:
    return journal.run, journal.chunk


class SimulatedProfiles(Far):
    """The people, read page by page, and written in batches whose statements succeed and fail one by one."""

    def put_many(self, changed: Sequence[Profile]) -> Sequence[str]:
        people: FakeProfiles = self._thing
        losers: list[str] = []
        for position in range(0, len(changed), STATEMENTS):
            some = changed[position : position + STATEMENTS]
            losers += self._process.call(lambda some=some: self._execute(people, some))  # type: ignore[misc]
        if not losers:
            return []
        wanted = {profile.user_id: replace(profile, rev=profile.rev + 1) for profile in changed}
        stored = self._process.call(lambda: people.get_many(losers))
        return [user for user, profile in stored.items() if profile != wanted[user]]

    def _execute(self, people: FakeProfiles, some: Sequence[Profile]) -> list[str]:
        refused = []
        for profile in some:
            if self._process.strikes():
                self._process.note("statement of a batch refused")
                refused.append(profile.user_id)
                if self._process.rng.random() < 0.5:
                    continue
            refused += people.put_many([profile])
        return list(dict.fromkeys(refused))

    def scan(self, task: int, tasks: int, start: str | None, search: Search) -> Iterator[Any]:
        people: FakeProfiles = self._thing
        pages = people.scan(task, tasks, start, search)
        while page := self._process.call(lambda: next(pages, None), idempotent=True):
            yield page


class SimulatedOutcomes(Far):
    """Outcomes, whose transactions carry a token."""

    def put_counted(self, *told: Any) -> bool:
        return bool(self._process.call(lambda: self._thing.put_counted(*told), idempotent=True))


@dataclass(slots=True)
class SimulatedChannel:
    """A provider with a log of its own; `refuses` for good, and now and then for a while.

    Of what it took for those in `bounces` it says later, by `receipts`, that it did not arrive.
    """

    process: Process
    worker: str
    truth: Truth
    name: str
    refuses: frozenset[str]
    bounces: frozenset[str]
    receipts: SimulatedQueue
    batch_size: int
    _places: dict[str, str] = field(default_factory=dict)

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        assert 0 < len(messages) <= self.batch_size
        whose = [read_reference(m.reference) for m in messages]
        assert whose[0] is not None
        run = whose[0].run
        self._places = {one.user_id: one.place for one in whose if one}
        process, users = self.process, [m.user_id for m in messages]
        self.truth.hand_over_starts(self.worker, (run, self.name), users, process.loop.time)
        process.wait_until(process.loop.time + process.rng.uniform(0.005, 0.1))
        fault = self._fault()
        self._go_wrong_before(fault, run, users)
        answers = [self._answer(run, user) for user in users]
        process.wait_until(process.loop.time + process.rng.uniform(0.005, 0.1))
        self._go_wrong_after(fault)
        return answers

    def _go_wrong_before(self, fault: str | None, run: int, users: list[str]) -> None:
        if fault == "crash before":
            raise KilledError
        if fault in REFUSALS:
            raise REFUSALS[fault](fault)
        if fault == "doubt within":
            for user in users[: len(users) // 2]:
                self._answer(run, user)
        if fault in ("doubt before", "doubt within"):
            self._no_answer()

    def _go_wrong_after(self, fault: str | None) -> None:
        if fault == "crash after":
            raise KilledError
        if fault == "doubt after":
            self._no_answer()
        if fault == "provider slow":
            self.process.wait_until(self.process.loop.time + self.process.rng.uniform(1.0, 40.0))

    def _no_answer(self) -> None:
        self.process.wait_until(self.process.loop.time + 5.0)
        raise DoubtError("no answer")

    def _answer(self, run: int, user: str) -> Accepted | Refused:
        if user in self.refuses:
            return Refused("bad_address")
        if self.process.strikes():
            self.process.note("refused for a while")
            return Refused("busy", retryable=True)
        self.truth.provider_accepted(run, user, self.name)
        if user in self.bounces:
            self._bounce(run, user)
        return Accepted(f"{run}-{user}")

    def _bounce(self, run: int, user: str) -> None:
        """Say after a while that it did not arrive, and now and then before the answer is there."""
        told = self.process.rng.choice((0.0, 1.5, 20.0, 200.0))
        at = self.process.loop.time + told
        receipt = Received(
            kind="bounced",
            id=f"{self.name}-{run}-{user}",
            run=run,
            user_id=user,
            channel=self.name,
            at=int(at * 1000),
            place=self._places[user],
        )
        self.truth.bounced.add((run, user, self.name))
        self.receipts.put(receipt.model_dump_json(), told)

    def _fault(self) -> str | None:
        if not self.process.strikes(2.0):
            return None
        fault = self.process.rng.choice(PROVIDER_FAULTS)
        self.process.note(fault)
        return fault


REFUSALS = {
    "provider throttled": ThrottledError,
    "provider down": UnavailableError,
    "provider rejects": RejectedError,
}
PROVIDER_FAULTS = (
    "crash before",
    "crash after",
    *REFUSALS,
    "provider slow",
    "doubt before",
    "doubt within",
    "doubt after",
)
