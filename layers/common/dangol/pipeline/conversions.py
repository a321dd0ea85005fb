"""Count goals and `also` events for the runs that touched the person before, and tell the lake of each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from dangol.contracts import Performed
from dangol.domain.conversion import GOAL, Touch, attributed, window
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.project import Project
from dangol.pipeline.counting import arm_key, arm_name, label_bits
from dangol.pipeline.folding import value_of
from dangol.pipeline.identity import hashed
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.lake import LakeWriter, stamps
from dangol.ports import Definition, Ledgers, Outcome, Outcomes, RunItem

PEOPLE_PER_TRANSACTION: Final = 50
# An imported file may bring a purchase long after the window; until then its outcome must be remembered.
KEPT_AFTER_WINDOW: Final = timedelta(days=100)


@dataclass(frozen=True, slots=True)
class Hit:
    """One event that counts for one run, as `kinds` (`goal`, `also:<event>`)."""

    said: Performed
    entry: Entry
    known: tuple[RunItem, Definition]
    kinds: tuple[str, ...]
    value: Decimal

    @property
    def event(self) -> bytes:
        """The event's id, hashed."""
        return hashed(self.said.id)


class Converter:
    """Counts conversions, each event once a run and each person once a run."""

    def __init__(self, ledgers: Ledgers, outcomes: Outcomes, known: KnownRuns, lake: LakeWriter) -> None:
        self._ledgers = ledgers
        self._outcomes = outcomes
        self._known = known
        self._lake = lake

    def convert(self, performed: Sequence[Performed], project: Project, now: datetime) -> None:
        """Count the events of people who were touched; whatever is counted is in the lake before."""
        events = [e for e in performed if e.user_id]
        if not events:
            return
        ledgers = self._ledgers.get_many(sorted({e.user_id for e in events}))
        by_run: dict[int, list[Hit]] = defaultdict(list)
        for event in events:
            for hit in self._hits(event, ledgers[event.user_id], project):
                by_run[hit.entry.run].append(hit)
        self._lake.put("conversions", [row for hits in by_run.values() for hit in hits for row in _rows(hit)], now)
        for number, hits in by_run.items():
            self._count_run(number, hits)

    def _hits(self, event: Performed, ledger: Ledger, project: Project) -> list[Hit]:
        runs = {entry.run: known for entry in ledger.entries if (known := self._known.get(entry.run))}
        touches = [Touch(entry, runs[entry.run][1].campaign) for entry in ledger.entries if entry.run in runs]
        found = attributed(touches, event.event, event.properties, event.at // 1000)
        value = value_of(event, project) or Decimal(0)
        return [Hit(event, touch.entry, runs[touch.entry.run], kinds, value) for touch, kinds in found]

    def _count_run(self, number: int, hits: Sequence[Hit]) -> None:
        by_person: dict[str, list[Hit]] = defaultdict(list)
        for hit in hits:
            by_person[hit.said.user_id].append(hit)
        people = list(by_person)
        for position in range(0, len(people), PEOPLE_PER_TRANSACTION):
            part = {user: by_person[user] for user in people[position : position + PEOPLE_PER_TRANSACTION]}
            while not self._store(number, hits[0].known, part):
                pass

    def _store(self, number: int, known: tuple[RunItem, Definition], by_person: Mapping[str, Sequence[Hit]]) -> bool:
        """Try once; False where somebody's outcome moved on in between."""
        stored = self._outcomes.get_many([(user, number) for user in by_person])
        changed: list[Outcome] = []
        deltas: dict[str, Decimal] = defaultdict(Decimal)
        for (user, _), outcome in stored.items():
            counted, added = _counted(outcome, by_person[user])
            if added:
                changed.append(replace(counted, rev=outcome.rev + 1))
                for name, value in added.items():
                    deltas[name] += value
        run, definition = known
        expires = run.scheduled_at + window(definition.campaign) + KEPT_AFTER_WINDOW
        return not changed or self._outcomes.put_counted(changed, run.run, deltas, expires)


def _rows(hit: Hit) -> list[dict[str, Any]]:
    """One row for each thing that the event is to the run: its `goal`, an `also`, or both."""
    run, definition = hit.known
    shared = {
        "id": hit.said.id,
        "user_id": hit.said.user_id,
        **stamps(hit.said.at),
        "run": run.run,
        "campaign": run.campaign_id,
        "arm": arm_name(definition.campaign, hit.entry),
        "event": hit.said.event,
        "value": float(hit.value),
    }
    return [{**shared, "counts_as": kind.partition(":")[0]} for kind in hit.kinds]


def _counted(outcome: Outcome, hits: Sequence[Hit]) -> tuple[Outcome, dict[str, Decimal]]:
    """The outcome with the hits that are new to it, and what they add to the run's counters."""
    sums, ids = dict(outcome.sums), dict(outcome.ids)
    added: dict[str, Decimal] = defaultdict(Decimal)
    for hit in hits:
        for kind in hit.kinds:
            known = ids.get(kind, frozenset())
            if hit.event in known:
                continue
            before = sums.get(kind, Decimal(0))
            ids[kind], sums[kind] = known | {hit.event}, before + hit.value
            _add(added, hit, kind, before=before, first=not known)
    return replace(outcome, sums=sums, ids=ids), dict(added)


def _add(added: dict[str, Decimal], hit: Hit, kind: str, *, before: Decimal, first: bool) -> None:
    arm = f"arm:{arm_key(hit.entry)}:{kind}"
    after = before + hit.value
    added[f"{arm}:sum"] += hit.value
    added[f"{arm}:squares"] += after * after - before * before
    if first:
        added[f"{arm}:people"] += 1
        for label in label_bits(hit.entry.labels) if kind == GOAL else ():
            added[f"label:{label}:converted"] += 1
