"""What the pipeline needs from the world, each protocol as small as its caller's need."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Protocol

from dangol.domain.approved_template import ApprovedTemplate
from dangol.domain.campaign import Campaign
from dangol.domain.fate import Fate
from dangol.domain.ledger import Ledger
from dangol.domain.listing import MemberList
from dangol.domain.profile import Profile
from dangol.domain.project import Project
from dangol.domain.sieve import Columns, Sieve, Test
from dangol.domain.stopping import Tally


class Clock(Protocol):
    """The one clock. Rates and leases are kept in real seconds, everything else in `now`."""

    def now(self) -> datetime:
        """The time of day, in UTC."""
        ...

    def seconds(self) -> float:
        """Real epoch seconds, which no test moves."""
        ...

    def wait_until(self, seconds: float) -> None:
        """Return when `seconds` has come."""
        ...


@dataclass(frozen=True, slots=True)
class Definition:
    """An applied campaign: one version of it, with the project and the link base of that moment."""

    campaign_id: str
    version: int
    campaign: Campaign
    project: Project
    link_base: str


@dataclass(frozen=True, slots=True)
class RunName:
    """What never changes of a run: its name, the number that entries and tokens carry, and its time."""

    run: str
    number: int
    scheduled_at: datetime


@dataclass(frozen=True, slots=True)
class RunItem:
    """A run as stored; `state` is scanning, running or cancelled (finished is computed).

    `paused` says why nothing is handed over just now; None where the run may go on.
    """

    run: str
    number: int
    campaign_id: str
    version: int
    scheduled_at: datetime
    state: str
    tasks: int
    tasks_closed: int = 0
    scanned: int = 0
    audience: int = 0
    inexact: int = 0
    stopped_because: str | None = None
    paused: str | None = None
    # Where its counters stood on the way: what its last thousand hand-overs are measured from.
    marks: tuple[Tally, ...] = (Tally(),)


class Definitions(Protocol):
    """The applied campaigns."""

    def current(self, campaign_id: str) -> Definition:
        """The version in force. Raises `NotFoundError`."""
        ...

    def version(self, campaign_id: str, version: int) -> Definition:
        """One version. Raises `NotFoundError`."""
        ...

    def project(self) -> Project:
        """The project as last applied. Raises `NotFoundError`."""
        ...


class Runs(Protocol):
    """The runs and their scan steps."""

    def create(self, run: RunItem) -> RunItem:
        """Store a new run under its next number; the stored one where it exists already."""
        ...

    def get(self, run: str) -> RunItem:
        """A run by name. Raises `NotFoundError`."""
        ...

    def by_number(self, number: int) -> RunItem:
        """A run by the number that entries and tokens carry. Raises `NotFoundError`."""
        ...

    def of_campaign(self, campaign_id: str) -> Sequence[RunName]:
        """All runs of a campaign, the oldest first."""
        ...

    def close_step(self, run: str, step: str, *, scanned: int, selected: int, inexact: int, last: bool) -> RunItem:
        """Count a scan step once, however often it is closed; the run as it then stands."""
        ...

    def set_state(self, run: str, state: str, *, expected: str, because: str | None = None) -> bool:
        """Move a run from `expected` to `state`; False where it was in another state."""
        ...

    def pause(self, run: str, because: str) -> bool:
        """Hold back what is not handed over yet; False where the run is cancelled or paused already."""
        ...

    def resume(self, run: str, marks: Sequence[Tally]) -> bool:
        """Take the pause away and begin anew with `marks`; False where there was no pause."""
        ...

    def mark(self, run: RunItem, marks: Sequence[Tally]) -> bool:
        """Replace the run's marks; False where they are not those of `run` any more."""
        ...

    def counts(self, run: str) -> Mapping[str, Decimal]:
        """The run's counters, summed over the shards."""
        ...


class Verdict(Enum):
    """What taking a chunk's journal came to."""

    TAKEN = "taken"
    DONE = "done"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Journal:
    """A chunk's journal in our hands: one letter per recipient, and why some of them failed."""

    run: str
    chunk: str
    owner: str
    generation: int
    states: str
    why: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a chunk is: its generation and states, and whether it is done.

    `parked` says until when no message carries it, in epoch seconds; 0 while the run is paused, None where one does.
    """

    chunk: str
    generation: int
    states: str
    done: bool
    parked: float | None


class Journals(Protocol):
    """The fence: one worker at a time holds a chunk."""

    def take(self, wanted: Journal, *, lease_until: float, now: float) -> tuple[Verdict, Journal | None]:
        """Take a chunk for `wanted.owner`: new, freed at this generation, or after its lease ran out."""
        ...

    def mark(self, journal: Journal) -> None:
        """Store the states. Raises `ConflictError` where another worker holds the chunk by now."""
        ...

    def finish(self, journal: Journal, *, done: bool, deltas: Mapping[str, int]) -> None:
        """Store states and count `deltas` in one transaction, and let the chunk go. Raises `ConflictError`."""
        ...

    def park(self, journal: Journal, *, deltas: Mapping[str, int], until: float | None) -> bool:
        """Like `finish`, for a chunk that no message carries on until `until`, or until the run is resumed (None).

        The chunk goes on two generations later: messages of the next one may be about, left by a worker who died.
        False, with nothing stored, where the run is not paused any more. Raises `ConflictError`.
        """
        ...

    def of_step(self, run: str, step: str) -> Sequence[Standing]:
        """Where the chunks of a scan step stand, those that anybody ever took."""
        ...


class Ledgers(Protocol):
    """The authority on permission and contact."""

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Ledger]:
        """The ledgers of these people; an empty one, rev 0, where there is none."""
        ...

    def put_many(self, changed: Sequence[Ledger]) -> Mapping[str, Ledger]:
        """Store each where its `rev` is one above the stored; those who lost, as they stand now."""
        ...

    def put_counted(self, changed: Sequence[Ledger], run: str, deltas: Mapping[str, int]) -> bool:
        """Store all, and count, in one transaction; False where a `rev` had moved on and nothing was stored."""
        ...


@dataclass(frozen=True, slots=True)
class Search:
    """Whom a scan looks for, and what it reads of them."""

    sieve: Sieve
    columns: Columns


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a scan: who may be selected, each with whether that is certain; the key that continues after it.

    `scanned` counts everybody who was looked at; `last` is None at the end.
    """

    people: Sequence[tuple[Profile, bool]]
    scanned: int
    last: str | None


class Profiles(Protocol):
    """The people."""

    def scan(self, task: int, tasks: int, start: str | None, search: Search) -> Iterable[Page]:
        """Pages of one scan task; people hold what `search` reads of them, and whom its sieve drops are left out."""
        ...

    def count(self, task: int, tasks: int, test: Test) -> Iterable[tuple[int, int]]:
        """Pages of one scan task: how many people pass an exact test, and how many were looked at."""
        ...

    def tasks(self) -> int:
        """Into how many tasks a scan of the table is worth splitting."""
        ...

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Profile]:
        """The profiles of these people; an empty one, rev 0, where there is none."""
        ...

    def put_many(self, changed: Sequence[Profile]) -> Sequence[str]:
        """Store each where nobody changed it since it was read; the user ids that lost."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one person did towards one run: per counted event, how often, for how much, and which events."""

    user_id: str
    run: int
    sums: Mapping[str, Decimal] = field(default_factory=dict)
    ids: Mapping[str, frozenset[bytes]] = field(default_factory=dict)
    rev: int = 0


class Outcomes(Protocol):
    """Conversions, counted once."""

    def get_many(self, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Outcome]:
        """The outcomes of these people and runs; an empty one, rev 0, where there is none."""
        ...

    def put_counted(
        self, changed: Sequence[Outcome], run: str, deltas: Mapping[str, Decimal], expires: datetime
    ) -> bool:
        """Store all, and count, in one transaction; False where a `rev` had moved on and nothing was stored."""
        ...


class Lists(Protocol):
    """The lists of people that were made elsewhere."""

    def get(self, name: str) -> MemberList:
        """A list; an empty one, rev 0, where there is none."""
        ...

    def put(self, changed: MemberList) -> bool:
        """Store where its `rev` is one above the stored; False where somebody else was quicker."""
        ...


class Queries(Protocol):
    """Audiences said in SQL over the lake."""

    def start(self, query: str, token: str) -> str:
        """Begin a query, once for each `token` of 32 to 128 characters; the query's name."""
        ...

    def done(self, name: str) -> bool:
        """Whether a query is done. Raises `DefinitionError` where it failed."""
        ...

    def page(self, name: str, start: str | None) -> tuple[Sequence[str], str | None]:
        """The first column of a page of results, and where the next one begins; None at the end."""
        ...


class Catalogue(Protocol):
    """The names in use: which traits people have, which events they did."""

    def add(self, kind: str, names: Iterable[str]) -> None:
        """Remember names of a kind (`traits`, `events`)."""
        ...


class Queue(Protocol):
    """A queue of JSON messages."""

    def send(self, bodies: Sequence[str], *, delay: int = 0) -> None:
        """Queue the bodies, each after `delay` seconds (at most 900). Raises where one was not taken."""
        ...


class Timer(Protocol):
    """Messages for the segment stage, for later than a queue can delay them."""

    def send(self, name: str, body: str, *, at: float) -> None:
        """Deliver `body` at `at` (real epoch seconds, a whole minute); once, however often `name` is asked for."""
        ...


class Objects(Protocol):
    """The lake bucket."""

    def put_once(self, key: str, body: bytes) -> bool:
        """Store under a new key; False where the key exists, which stays as it is."""
        ...

    def get(self, key: str) -> bytes:
        """Read an object. Raises `NotFoundError`."""
        ...

    def keys(self, prefix: str, after: str | None, limit: int) -> Sequence[str]:
        """Up to `limit` keys under `prefix` in order, after `after`."""
        ...


class StoredObjects(Objects, Protocol):
    """The lake bucket, whose objects can be rewritten where somebody is to be forgotten."""

    def replace(self, key: str, body: bytes) -> None:
        """Store under a key, whatever is there."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        ...

    def drop_old_versions(self, prefix: str) -> None:
        """Remove for good what was replaced or removed under `prefix`."""
        ...


class People(Protocol):
    """One person's items in the tables that are keyed by person."""

    def outcomes(self, user_id: str) -> Sequence[Outcome]:
        """What a person did towards any run."""
        ...

    def erase(self, user_id: str) -> int:
        """Erase a person from the tables; how many outcomes that were."""
        ...


class Throttle(Protocol):
    """The shared rate of a provider."""

    def reserve(self, name: str, rate: float, count: int, now: float) -> float | None:
        """Reserve `count` calls at `rate` a second; when the first may start (epoch seconds), None if too far ahead."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered message for one person; its address and text stay out of its repr."""

    user_id: str
    reference: str
    address: str = field(repr=False)
    subject: str = field(repr=False, default="")
    text: str = field(repr=False, default="")
    html: str = field(repr=False, default="")
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    # What an app or a service worker says it was shown or clicked by.
    send_id: str = field(repr=False, default="")
    # What a carrier calls it where a channel has several: sms, lms.
    kind: str = ""
    advertising: bool = False
    # The code of a template that the provider knows, and its variables.
    template: str = ""
    values: Mapping[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider refused this one: for good, or for now (`retryable`).

    `suppress` where it is the address that is wrong, so that nothing more is sent there.
    """

    reason: str
    retryable: bool = False
    suppress: bool = False

    @classmethod
    def by(cls, reason: str, fate: Fate) -> "Refused":
        """The refusal that a provider's code means."""
        return cls(reason, retryable=fate is Fate.LATER, suppress=fate in (Fate.DEAD, Fate.OPTED_OUT))


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a provider answered: a status, and its JSON; empty where that is no object."""

    status: int
    content: Mapping[str, Any] = field(repr=False, default_factory=dict)


class Http(Protocol):
    """A provider's HTTP API."""

    def post(self, path: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> HttpAnswer:
        """Post JSON. Raises `UnavailableError` where nothing was taken, `DoubtError` where that is not certain."""
        ...

    def get(self, path: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask for JSON. Raises `UnavailableError` or `DoubtError` where no answer came."""
        ...


class Templates(Protocol):
    """The templates that a provider knows."""

    def template(self, code: str) -> ApprovedTemplate:
        """A template by its code. Raises `NotFoundError`, and `SendError` where the provider does not answer."""
        ...


class Channel(Protocol):
    """Hands messages to a provider."""

    batch_size: int

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Hand at most `batch_size` messages over; one answer each, in order.

        Raises:
            SendError: none was accepted (`retryable` or not), or `DoubtError` where that is not certain.
        """
        ...


class LakeReader(Protocol):
    """Questions to the lake."""

    def totals(self, run: str) -> Mapping[str, int]:
        """How many clicks and opens there were in all, each event once."""
        ...


class Traces(Protocol):
    """What the lake tells of one person in one run."""

    def of_person(self, user_id: str, run: str, since: date) -> Sequence[Mapping[str, str]]:
        """What was decided about them and what they did, learned of since that day (UTC), the oldest first.

        Each has `at` and `kind` (`decided`, `clicked`, `opened`, `unsubscribed`), and, where there is one,
        `outcome`, `reason` and `verdict`; each once, however often it was delivered.
        """
        ...


class Delivery(Enum):
    """What became of a webhook: taken, worth another try, or refused for good."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"


class Webhooks(Protocol):
    """Signed webhooks to the public internet."""

    def deliver(self, url: str, hook_id: str, body: bytes, at: datetime) -> Delivery:
        """Post `body` to an address, signed as of `at`; refused where the address leads to no public one."""
        ...
