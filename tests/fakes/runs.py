"""Definitions, runs, counters and journals in memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from dangol.domain.errors import ConflictError, NotFoundError
from dangol.domain.project import Project
from dangol.domain.stopping import Tally
from dangol.domain.winner import Winner
from dangol.ports import Definition, Journal, RunItem, RunName, Standing, Verdict


class FakeDefinitions:
    """Applied campaigns, one version each."""

    def __init__(self, *definitions: Definition) -> None:
        self._definitions = {d.campaign_id: d for d in definitions}

    def current(self, campaign_id: str) -> Definition:
        if campaign_id not in self._definitions:
            raise NotFoundError(campaign_id)
        return self._definitions[campaign_id]

    def version(self, campaign_id: str, version: int) -> Definition:
        return self.current(campaign_id)

    def project(self) -> Project:
        if not self._definitions:
            raise NotFoundError("no project is applied: dangol apply")
        return next(iter(self._definitions.values())).project


class FakeRuns:
    """Runs, their steps and their counters."""

    def __init__(self, *runs: RunItem) -> None:
        self.runs = {run.run: run for run in runs}
        self.counters: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        self._steps: set[tuple[str, str]] = set()

    def create(self, run: RunItem) -> RunItem:
        return self.runs.setdefault(run.run, replace(run, number=len(self.runs) + 1))

    def get(self, run: str) -> RunItem:
        if run not in self.runs:
            raise NotFoundError(run)
        return self.runs[run]

    def by_number(self, number: int) -> RunItem:
        found = next((run for run in self.runs.values() if run.number == number), None)
        if found is None:
            raise NotFoundError(str(number))
        return found

    def of_campaign(self, campaign_id: str) -> Sequence[RunName]:
        runs = self.runs.values()
        found = [RunName(run.run, run.number, run.scheduled_at) for run in runs if run.campaign_id == campaign_id]
        return sorted(found, key=lambda run: run.scheduled_at)

    def close_step(self, run: str, step: str, *, scanned: int, selected: int, inexact: int, last: bool) -> RunItem:
        if (run, step) not in self._steps:
            self._steps.add((run, step))
            known = self.runs[run]
            self.runs[run] = replace(
                known,
                scanned=known.scanned + scanned,
                audience=known.audience + selected,
                inexact=known.inexact + inexact,
                tasks_closed=known.tasks_closed + last,
            )
        return self.runs[run]

    def set_state(self, run: str, state: str, *, expected: str, because: str | None = None) -> bool:
        if self.runs[run].state != expected:
            return False
        self.runs[run] = replace(self.runs[run], state=state, stopped_because=because)
        return True

    def pause(self, run: str, because: str) -> bool:
        if self.runs[run].state == "cancelled" or self.runs[run].paused:
            return False
        self.runs[run] = replace(self.runs[run], paused=because)
        return True

    def resume(self, run: str, marks: Sequence[Tally]) -> bool:
        if self.runs[run].paused is None:
            return False
        self.runs[run] = replace(self.runs[run], paused=None, marks=tuple(marks))
        return True

    def mark(self, run: RunItem, marks: Sequence[Tally]) -> bool:
        if self.runs[run.run].marks != run.marks:
            return False
        self.runs[run.run] = replace(self.runs[run.run], marks=tuple(marks))
        return True

    def settle(self, run: str, winner: Winner) -> bool:
        if self.runs[run].winner is not None:
            return False
        self.runs[run] = replace(self.runs[run], winner=winner)
        return True

    def counts(self, run: str) -> Mapping[str, Decimal]:
        return dict(self.counters[run])

    def add(self, run: str, deltas: Mapping[str, Decimal] | Mapping[str, int]) -> None:
        for name, value in deltas.items():
            self.counters[run][name] += value


class FakeJournals:
    """Journals, fenced in the way of the adapter."""

    def __init__(self, runs: FakeRuns) -> None:
        self._runs = runs
        self._journals: dict[tuple[str, str], tuple[Journal, float]] = {}
        self._done: set[tuple[str, str]] = set()
        self._parked: dict[tuple[str, str], float] = {}

    def take(self, wanted: Journal, *, lease_until: float, now: float) -> tuple[Verdict, Journal | None]:
        key = (wanted.run, wanted.chunk)
        known, lease = self._journals.get(key, (replace(wanted, owner=""), 0.0))
        if key in self._done or known.generation > wanted.generation:
            return Verdict.DONE, None
        if known.generation < wanted.generation or (known.owner and lease >= now):
            return Verdict.BUSY, None
        taken = replace(known, owner=wanted.owner)
        self._parked.pop(key, None)
        self._journals[key] = (taken, lease_until)
        return Verdict.TAKEN, taken

    def mark(self, journal: Journal) -> None:
        lease = self._held(journal)
        self._journals[journal.run, journal.chunk] = (journal, lease)

    def finish(self, journal: Journal, *, done: bool, deltas: Mapping[str, int]) -> None:
        self._held(journal)
        key = (journal.run, journal.chunk)
        self._journals[key] = (replace(journal, owner="", generation=journal.generation + (not done)), 0.0)
        if done:
            self._done.add(key)
        self._runs.add(journal.run, deltas)

    def park(self, journal: Journal, *, deltas: Mapping[str, int], until: float | None) -> bool:
        self._held(journal)
        run = self._runs.runs.get(journal.run)
        if (run is None or not run.paused) if until is None else (run is not None and run.state == "cancelled"):
            return False
        key = (journal.run, journal.chunk)
        self._journals[key] = (replace(journal, owner="", generation=journal.generation + 2), 0.0)
        self._parked[key] = until or 0.0
        self._runs.add(journal.run, deltas)
        return True

    def of_step(self, run: str, step: str) -> Sequence[Standing]:
        return [
            Standing(key[1], journal.generation, journal.states, key in self._done, self._parked.get(key))
            for key, (journal, _) in sorted(self._journals.items(), key=lambda known: known[0])
            if key[0] == run and key[1].startswith(f"{step}-")
        ]

    def _held(self, journal: Journal) -> float:
        known, lease = self._journals[journal.run, journal.chunk]
        if (known.owner, known.generation) != (journal.owner, journal.generation):
            raise ConflictError("in other hands")
        return lease
