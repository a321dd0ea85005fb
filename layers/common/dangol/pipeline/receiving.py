"""Receipts of providers: deliveries and bounces counted, addresses that refuse suppressed, in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from dangol.contracts import Received
from dangol.domain.ledger import NO_FLAG, Flag, Ledger
from dangol.pipeline.counting import of_flag
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.mirroring import mirror
from dangol.ports import Ledgers, Profiles

PEOPLE_PER_TRANSACTION: Final = 50
# A complaint is an opt-out by another door.
_FLAGS: Final = {"delivered": Flag.DELIVERED, "bounced": Flag.BOUNCED, "complained": Flag.UNSUBSCRIBED}


class Receiver:
    """Records receipts; each person counts once a run."""

    def __init__(self, ledgers: Ledgers, profiles: Profiles, known: KnownRuns) -> None:
        self._ledgers = ledgers
        self._profiles = profiles
        self._known = known

    def record(self, received: Sequence[Received]) -> None:
        """Record receipts in any order and however often they come; those of runs that nobody knows are left out."""
        by_run: dict[int, dict[str, list[Received]]] = defaultdict(lambda: defaultdict(list))
        for receipt in received:
            by_run[receipt.run][receipt.user_id].append(receipt)
        for number, by_person in by_run.items():
            known = self._known.get(number)
            if known:
                self._record_run(known[0].run, number, by_person)
        mirror((r.user_id for r in received if r.kind == "complained"), self._ledgers, self._profiles)

    def _record_run(self, run: str, number: int, by_person: Mapping[str, Sequence[Received]]) -> None:
        people = list(by_person)
        for position in range(0, len(people), PEOPLE_PER_TRANSACTION):
            part = {user: by_person[user] for user in people[position : position + PEOPLE_PER_TRANSACTION]}
            while not self._store(run, number, part):
                pass

    def _store(self, run: str, number: int, by_person: Mapping[str, Sequence[Received]]) -> bool:
        """Try once; False where somebody's ledger moved on in between."""
        changed: list[Ledger] = []
        deltas: Counter[str] = Counter()
        for user_id, ledger in self._ledgers.get_many(list(by_person)).items():
            after, counted = _received(ledger, number, by_person[user_id])
            deltas.update(counted)
            if after != ledger:
                changed.append(replace(after, rev=ledger.rev + 1))
        return not changed or self._ledgers.put_counted(changed, run, deltas)


def _received(ledger: Ledger, number: int, receipts: Sequence[Received]) -> tuple[Ledger, Counter[str]]:
    """The ledger after the receipts, and what they add to the run's counters.

    Whoever was not sent the run (by their ledger, which is kept for 400 days) is left as they are.
    """
    entry = ledger.entry(number)
    counted: Counter[str] = Counter()
    if entry is None:
        return ledger, counted
    flags = NO_FLAG
    after = ledger
    for receipt in receipts:
        flags |= _FLAGS[receipt.kind]
        if receipt.address_hash and (receipt.permanent or receipt.kind == "complained"):
            after = after.with_suppressed(receipt.address_hash)
        if receipt.kind == "complained":
            after = after.with_consent(entry.channel, given=False, at=receipt.at // 1000)
    for flag in flags & ~entry.flags:
        counted.update(of_flag(entry, flag))
    return (after.with_flag(number, flags), counted)
