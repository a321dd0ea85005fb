"""Report on a run: what it came to, against its goal."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from dangol.domain.errors import NotFoundError
from dangol.domain.report import RunResult, report
from dangol.domain.schedule import campaign_of
from dangol.pipeline.counting import arm_total
from dangol.ports import Clock, Definitions, LakeReader, RunItem, Runs

_REASONED: Final = ("skipped", "failed")


@dataclass(frozen=True, slots=True)
class Stores:
    """What the stage works on."""

    definitions: Definitions
    runs: Runs
    lake: LakeReader
    clock: Clock


class Reporter:
    """Reports on runs."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def status(self, name: str) -> dict[str, Any]:
        """Where a run stands; its states add up to the audience.

        Raises:
            NotFoundError: there is no such run.
        """
        run = self.find(name)
        counts = self._s.runs.counts(run.run)
        by_reason = {what: reasons(counts, what) for what in _REASONED}
        sent, held = arm_total(counts, "sent"), arm_total(counts, "held_out")
        unknown = arm_total(counts, "unknown")
        ended = sent + held + unknown + sum(sum(r.values()) for r in by_reason.values())
        audience = run.audience
        if run.stopped_because:
            skipped = by_reason["skipped"]
            skipped["campaign_stopped"] = skipped.get("campaign_stopped", 0) + audience - ended
            ended = audience
        return {
            "run": run.run,
            "campaign": run.campaign_id,
            "state": state_of(run, pending=audience - ended),
            "stopped_because": run.stopped_because or run.paused,
            "scheduled_at": run.scheduled_at.isoformat(),
            "audience": audience,
            "scanned": run.scanned,
            "sent": sent,
            "held_out": held,
            **by_reason,
            "unknown": unknown,
            "pending": audience - ended,
            # Of those who were sent to; null until a receipt of that kind comes.
            "delivered": arm_total(counts, "delivered") or None,
            "bounced": arm_total(counts, "bounced") or None,
        }

    def report(self, name: str) -> dict[str, Any]:
        """The report of a run, or of a campaign's latest.

        Raises:
            NotFoundError: there is no such run.
        """
        run = self.find(name)
        definition = self._s.definitions.version(run.campaign_id, run.version)
        return report(
            RunResult(
                run=run.run,
                campaign_id=run.campaign_id,
                campaign=definition.campaign,
                project=definition.project,
                scheduled_at=run.scheduled_at,
                counts=self._s.runs.counts(run.run),
                totals=self._s.lake.totals(run.run),
                data_until=self._s.clock.now(),
                winner=run.winner,
            )
        )

    def find(self, name: str) -> RunItem:
        """A run by its name, or the latest run of the campaign of that name.

        Raises:
            NotFoundError: there is neither.
        """
        if campaign_of(name):
            return self._s.runs.get(name)
        runs = self._s.runs.of_campaign(name)
        if not runs:
            raise NotFoundError(f"no run of {name}")
        return self._s.runs.get(max(runs, key=lambda run: run.scheduled_at).run)


def state_of(run: RunItem, *, pending: int) -> str:
    """The run's state in the product's words: a running run with nobody left is finished."""
    if run.state == "running" and not pending:
        return "finished"
    if run.state in ("scanning", "running"):
        return "paused" if run.paused else "running"
    return run.state


def reasons(counts: Mapping[str, Decimal], what: str) -> dict[str, int]:
    """The counters of one kind by reason."""
    return {key.partition(":")[2]: int(n) for key, n in counts.items() if key.startswith(f"{what}:") and n}
