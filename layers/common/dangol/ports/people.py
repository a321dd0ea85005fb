"""Who people are, what they allowed, what they were sent, and what they did."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from dangol.domain.ledger import Ledger
from dangol.domain.listing import MemberList
from dangol.domain.profile import Profile
from dangol.domain.sieve import Columns, Sieve, Test


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


class People(Protocol):
    """One person's items in the tables that are keyed by person."""

    def outcomes(self, user_id: str) -> Sequence[Outcome]:
        """What a person did towards any run."""
        ...

    def erase(self, user_id: str) -> int:
        """Erase a person from the tables; how many outcomes that were."""
        ...


class Lists(Protocol):
    """The lists of people that were made elsewhere."""

    def get(self, name: str) -> MemberList:
        """A list; an empty one, rev 0, where there is none."""
        ...

    def put(self, changed: MemberList) -> bool:
        """Store where its `rev` is one above the stored; False where somebody else was quicker."""
        ...


class Catalogue(Protocol):
    """The names in use: which traits people have, which events they did."""

    def add(self, kind: str, names: Iterable[str]) -> None:
        """Remember names of a kind (`traits`, `events`, `goal_events`, `goal_properties`)."""
        ...

    def names(self, kind: str) -> frozenset[str]:
        """The names of a kind."""
        ...
