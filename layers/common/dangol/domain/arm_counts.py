"""A run's counters, arm by arm."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dangol.domain.campaign import Campaign, Goal
from dangol.domain.project import Project
from dangol.domain.statistics import Sums
from dangol.domain.variant import HOLDOUT, arms

Counts = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """One arm's counters, read by name."""

    key: str
    name: str
    counts: Counts

    def __getitem__(self, what: str) -> int:
        return int(self.counts.get(f"arm:{self.key}:{what}", 0))

    @property
    def held_out(self) -> bool:
        """Whether this arm got nothing."""
        return self.key == HOLDOUT

    @property
    def audience(self) -> int:
        """Everyone claimed for the arm."""
        return self["held_out"] if self.held_out else self["sent"] + self["failed"] + self["unknown"]

    def sums(self, event: str) -> Sums:
        """The value of an event over the arm's people."""
        total = self.counts.get(f"arm:{self.key}:{event}:sum", 0)
        squares = self.counts.get(f"arm:{self.key}:{event}:squares", 0)
        return Sums(self.audience, float(total), float(squares))

    def revenue(self, goal: Goal, project: Project) -> Sums:
        """What the goal brought: the events' own values, or the goal's worth for each who converted."""
        if goal.worth is None or project.event(goal.event).value is not None:
            return self.sums("goal")
        converted = self["goal:people"]
        return Sums(self.audience, goal.worth * converted, goal.worth**2 * converted)


def arm_counts(campaign: Campaign, counts: Counts) -> tuple[list[ArmCounts], ArmCounts]:
    """The treated arms in order, and the holdout."""
    treated = [ArmCounts(str(i), v.name, counts) for i, v in enumerate(arms(campaign))]
    return treated, ArmCounts(HOLDOUT, HOLDOUT, counts)
