"""Receipts of providers: deliveries and bounces counted, addresses that refuse suppressed, in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from dangol.contracts import FallBack, Received
from dangol.domain.campaign import Campaign
from dangol.domain.fallback import failed
from dangol.domain.ledger import NO_FLAG, Entry, Flag, Ledger, State
from dangol.domain.medium import medium
from dangol.domain.reference import read_place
from dangol.pipeline.counting import of_flag
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.mirroring import mirror
from dangol.ports import Ledgers, Profiles, Queue

PEOPLE_PER_TRANSACTION: Final = 50
# A complaint is an opt-out by another door.
_FLAGS: Final = {"delivered": Flag.DELIVERED, "bounced": Flag.BOUNCED, "complained": Flag.UNSUBSCRIBED}


class Receiver:
    """Records receipts; each person counts once a run."""

    def __init__(self, ledgers: Ledgers, profiles: Profiles, known: KnownRuns, tasks: Queue) -> None:
        """`tasks` is the queue of `segment`, which knows the recipients of a run."""
        self._ledgers = ledgers
        self._profiles = profiles
        self._known = known
        self._tasks = tasks

    def record(self, received: Sequence[Received]) -> None:
        """Record receipts in any order and however often they come; those of runs that nobody knows are left out."""
        by_run: dict[int, dict[str, list[Received]]] = defaultdict(lambda: defaultdict(list))
        for receipt in received:
            by_run[receipt.run][receipt.user_id].append(receipt)
        for number, by_person in by_run.items():
            known = self._known.get(number)
            if known:
                self._record_run(known[0].run, known[1].campaign, number, by_person)
        mirror((r.user_id for r in received if r.kind == "complained"), self._ledgers, self._profiles)

    def _record_run(
        self, run: str, campaign: Campaign, number: int, by_person: Mapping[str, Sequence[Received]]
    ) -> None:
        people = list(by_person)
        for position in range(0, len(people), PEOPLE_PER_TRANSACTION):
            part = {user: by_person[user] for user in people[position : position + PEOPLE_PER_TRANSACTION]}
            while (orders := self._store(run, campaign, number, part)) is None:
                pass
            # After the failure is recorded; a receipt that comes again says it again.
            if orders:
                self._tasks.send([order.model_dump_json() for order in orders])

    def _store(
        self, run: str, campaign: Campaign, number: int, by_person: Mapping[str, Sequence[Received]]
    ) -> list[FallBack] | None:
        """Try once, and say for whom the next channel comes; None where somebody's ledger moved on in between."""
        changed: list[Ledger] = []
        orders: list[FallBack] = []
        deltas: Counter[str] = Counter()
        for user_id, ledger in self._ledgers.get_many(list(by_person)).items():
            receipts = by_person[user_id]
            after, counted = _received(ledger, number, receipts, campaign)
            deltas.update(counted)
            if after != ledger:
                changed.append(replace(after, rev=ledger.rev + 1))
            orders += _orders(after.entry(number), receipts, campaign, run)
        return orders if not changed or self._ledgers.put_counted(changed, run, deltas) else None


def _stands(receipt: Received, entry: Entry, campaign: Campaign) -> bool:
    """Whether a receipt is of the message that stands, where one channel came after another."""
    if campaign.channels and entry.state is State.FAILED:
        # Refused in the provider's answer, which the next channel follows at once.
        return False
    others = {medium(channel) for channel in campaign.channels} - {medium(entry.channel)}
    return medium(receipt.channel) not in others


def _orders(entry: Entry | None, receipts: Sequence[Received], campaign: Campaign, run: str) -> list[FallBack]:
    """The order to try the next channel, where there is one, the failure is recorded, and it came in time."""
    if entry is None or not failed(entry) or entry.flags & Flag.UNSUBSCRIBED:
        return []
    if entry.channel not in campaign.channels[:-1]:
        return []
    latest = entry.claimed_at + campaign.fallback_within.total_seconds()
    failures = [r for r in receipts if r.kind == "bounced" and r.at / 1000 <= latest and _stands(r, entry, campaign)]
    places = [read_place(receipt.place) for receipt in failures]
    return [FallBack(run=run, chunk=p[0], index=p[1], after=entry.channel) for p in places[:1] if p]


def _received(
    ledger: Ledger, number: int, receipts: Sequence[Received], campaign: Campaign
) -> tuple[Ledger, Counter[str]]:
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
        if receipt.kind == "complained" or _stands(receipt, entry, campaign):
            flags |= _FLAGS[receipt.kind]
        if receipt.address_hash and (receipt.permanent or receipt.kind == "complained"):
            after = after.with_suppressed(receipt.address_hash)
        if receipt.kind == "complained":
            ours = any(medium(receipt.channel) == medium(step) for step in campaign.steps)
            refused = receipt.channel if ours else entry.channel
            after = after.with_consent(refused, given=False, at=receipt.at // 1000)
    for flag in flags & ~entry.flags:
        counted.update(of_flag(entry, flag))
    return (after.with_flag(number, flags), counted)
