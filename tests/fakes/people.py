"""Profiles, ledgers and outcomes in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from dangol.domain.ledger import Ledger
from dangol.domain.listing import MemberList
from dangol.domain.profile import Profile
from dangol.domain.sieve import Test, passes
from dangol.ports import Outcome, Page, Search
from tests.fakes.runs import FakeRuns
from tests.fakes.sieving import asking, seen

PAGE = 3


class FakeProfiles:
    """People, in pages of three."""

    def __init__(self, *people: Profile) -> None:
        self.people = {p.user_id: replace(p, rev=max(1, p.rev)) for p in people}
        self.number_of_tasks = 1
        # Called before each write: a test's chance to let somebody else be quicker.
        self.before_write = lambda: None

    def tasks(self) -> int:
        return self.number_of_tasks

    def scan(self, task: int, tasks: int, start: str | None, search: Search) -> Iterator[Page]:
        mine, position = self._share(task, tasks), int(start or 0)
        while True:
            page, position = mine[position : position + PAGE], position + PAGE
            found = [p for p in page if not p.merged_into and passes(search.sieve.may, asking(p))]
            people = [(seen(p, search.columns), passes(search.sieve.must, asking(p))) for p in found]
            more = str(position) if position < len(mine) else None
            yield Page(deepcopy(people), len(page), more)
            if more is None:
                return

    def count(self, task: int, tasks: int, test: Test) -> Iterator[tuple[int, int]]:
        mine = self._share(task, tasks)
        for position in range(0, max(1, len(mine)), PAGE):
            page = mine[position : position + PAGE]
            yield sum(not p.merged_into and passes(test, asking(p)) for p in page), len(page)

    def _share(self, task: int, tasks: int) -> list[Profile]:
        return [p for n, p in enumerate(sorted(self.people.values(), key=lambda p: p.user_id)) if n % tasks == task]

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Profile]:
        return {user: deepcopy(self.people.get(user)) or Profile(user) for user in user_ids}

    def put_many(self, changed: Sequence[Profile]) -> Sequence[str]:
        self.before_write()
        losers = []
        for profile in changed:
            stored = self.people.get(profile.user_id)
            if (stored.rev if stored else 0) != profile.rev:
                losers.append(profile.user_id)
            else:
                self.people[profile.user_id] = deepcopy(replace(profile, rev=profile.rev + 1))
        return losers


class FakeLedgers:
    """Ledgers, each guarded by its `rev`."""

    def __init__(self, runs: FakeRuns, *ledgers: Ledger) -> None:
        self._runs = runs
        self.ledgers = {ledger.user_id: ledger for ledger in ledgers}
        self.before_write = lambda: None
        # Told of each ledger as it was and as it is now stored.
        self.watch: Callable[[Ledger, Ledger], None] = lambda _before, _after: None
        self.writes = 0

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Ledger]:
        return {user: self._stored(user) for user in user_ids}

    def put_many(self, changed: Sequence[Ledger]) -> Mapping[str, Ledger]:
        self.before_write()
        refused = [ledger for ledger in changed if not self.store(ledger)]
        return {r.user_id: stored for r in refused if (stored := self._stored(r.user_id)) != r}

    def store(self, ledger: Ledger) -> bool:
        """Store one ledger where its `rev` is one above the stored."""
        before = self._stored(ledger.user_id)
        if before.rev != ledger.rev - 1:
            return False
        self._put(ledger)
        return True

    def put_counted(self, changed: Sequence[Ledger], run: str, deltas: Mapping[str, int]) -> bool:
        self.before_write()
        if any(self._stored(c.user_id).rev != c.rev - 1 for c in changed):
            return False
        for ledger in changed:
            self._put(ledger)
        self._runs.add(run, deltas)
        return True

    def _stored(self, user_id: str) -> Ledger:
        return self.ledgers.get(user_id) or Ledger(user_id)

    def _put(self, ledger: Ledger) -> None:
        before = self._stored(ledger.user_id)
        self.ledgers[ledger.user_id] = ledger
        self.writes += 1
        self.watch(before, ledger)


class FakeOutcomes:
    """Outcomes, each guarded by its `rev`."""

    def __init__(self, runs: FakeRuns) -> None:
        self._runs = runs
        self.outcomes: dict[tuple[str, int], Outcome] = {}
        self.before_write = lambda: None

    def get_many(self, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Outcome]:
        return {key: self.outcomes.get(key) or Outcome(*key) for key in keys}

    def put_counted(
        self, changed: Sequence[Outcome], run: str, deltas: Mapping[str, Decimal], expires: datetime
    ) -> bool:
        self.before_write()
        keys = [(outcome.user_id, outcome.run) for outcome in changed]
        stored = self.get_many(keys)
        if any(stored[key].rev != outcome.rev - 1 for key, outcome in zip(keys, changed, strict=True)):
            return False
        self.outcomes |= dict(zip(keys, changed, strict=True))
        self._runs.add(run, deltas)
        return True


class FakeLists:
    """Lists, each guarded by its `rev`."""

    def __init__(self, *lists: MemberList) -> None:
        self.lists = {known.name: known for known in lists}
        self.before_write = lambda: None

    def get(self, name: str) -> MemberList:
        return self.lists.get(name) or MemberList(name)

    def put(self, changed: MemberList) -> bool:
        self.before_write()
        if self.get(changed.name).rev != changed.rev - 1:
            return False
        self.lists[changed.name] = changed
        return True

    def names(self) -> frozenset[str]:
        return frozenset(self.lists)


class FakePeople:
    """One person in the stores that are keyed by person."""

    def __init__(self, profiles: FakeProfiles, ledgers: FakeLedgers, outcomes: FakeOutcomes) -> None:
        self._profiles = profiles
        self._ledgers = ledgers
        self._outcomes = outcomes

    def outcomes(self, user_id: str) -> Sequence[Outcome]:
        return [outcome for (user, _), outcome in sorted(self._outcomes.outcomes.items()) if user == user_id]

    def erase(self, user_id: str) -> int:
        theirs = self.outcomes(user_id)
        for outcome in theirs:
            del self._outcomes.outcomes[outcome.user_id, outcome.run]
        self._ledgers.ledgers.pop(user_id, None)
        self._profiles.people.pop(user_id, None)
        return len(theirs)
