"""A test of variants on a share of the audience; the rest gets what did best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal

from pydantic import Field

from dangol.domain.draw import point
from dangol.domain.node import Node
from dangol.domain.quantities import PositiveDuration, Share
from dangol.domain.statistics import shares

Measure = Literal["click_rate", "conversion_rate"]
# The counter of an arm that each measure counts people by.
_HITS: Final[Mapping[str, str]] = {"click_rate": "clicked", "conversion_rate": "goal:people"}

_HITS_TOLD: Final[Mapping[str, str]] = {"click_rate": "clicked", "conversion_rate": "converted"}


class WinnerTest(Node):
    """`test:` of a campaign: a share of the audience gets the variants by weight, the rest waits for the winner."""

    share: Share = Field(gt=0, lt=1)
    decide_after: PositiveDuration = Field(description="after the scheduled time; the rest is sent to from then on")
    by: Measure = "click_rate"


@dataclass(frozen=True, slots=True)
class Tried:
    """Where one variant stood when the winner was decided, in people."""

    audience: int
    sent: int
    hits: int

    @property
    def rate(self) -> float:
        """Hits among those who were sent to; nobody sent to counts as no hit."""
        return self.hits / self.sent if self.sent else 0.0


@dataclass(frozen=True, slots=True)
class Winner:
    """Which variant the rest gets, and the numbers that it was decided on; later clicks change neither."""

    variant: int
    decided_at: datetime
    arms: tuple[Tried, ...]

    @property
    def tied(self) -> bool:
        """Whether another variant did as well; then the first of them in the file was taken."""
        best = self.arms[self.variant].rate
        return sum(arm.sent > 0 and arm.rate == best for arm in self.arms) > 1

    @property
    def p(self) -> float | None:
        """How often chance alone makes a difference like that to the next best; None where that cannot be told."""
        others = [arm for index, arm in enumerate(self.arms) if index != self.variant and arm.sent]
        if not others:
            return None
        best, second = self.arms[self.variant], max(others, key=lambda arm: arm.rate)
        found = shares(best.hits, best.sent, second.hits, second.sent)
        return found.p if found else None

    def told(self) -> Mapping[str, Any]:
        """As stored: plain values."""
        arms = [[arm.audience, arm.sent, arm.hits] for arm in self.arms]
        return {"variant": self.variant, "decided_at": self.decided_at.isoformat(), "arms": arms}

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Winner":
        """Read what `told` gave."""
        arms = tuple(Tried(*(int(number) for number in arm)) for arm in told["arms"])
        return cls(int(told["variant"]), datetime.fromisoformat(told["decided_at"]), arms)


def outcome(test: WinnerTest, names: Sequence[str], scheduled_at: datetime, winner: Winner | None) -> dict[str, Any]:
    """The test in a report: its rule, and once it is decided its winner with the numbers that decided."""
    rule = {"share": test.share, "by": test.by, "decides_at": (scheduled_at + test.decide_after).isoformat()}
    if winner is None:
        return {**rule, "decided_at": None, "winner": None, "tied": None, "p": None, "variants": []}
    tested = [
        {"name": name, "sent": arm.sent, _HITS_TOLD[test.by]: arm.hits, "rate": arm.rate if arm.sent else None}
        for name, arm in zip(names, winner.arms, strict=True)
    ]
    decided_at = winner.decided_at.astimezone(scheduled_at.tzinfo).isoformat()
    named = {"winner": names[winner.variant], "tied": winner.tied, "p": winner.p}
    return {**rule, "decided_at": decided_at, **named, "variants": tested}


def in_test(user_id: str, campaign_id: str, test: WinnerTest) -> bool:
    """Whether a person is in the share that gets the variants by weight; drawn apart from holdout and variant."""
    return point(f"{campaign_id}:test", user_id) < test.share


def decided(test: WinnerTest, weights: Sequence[int], counts: Mapping[str, Decimal], now: datetime) -> Winner:
    """The winner by the run's counters as they stand; only a variant that was tried can win."""

    def people(index: int, what: str) -> int:
        return int(counts.get(f"arm:{index}:{what}", 0))

    tested = tuple(
        Tried(
            sum(people(index, state) for state in ("sent", "failed", "unknown")),
            people(index, "sent"),
            people(index, _HITS[test.by]),
        )
        for index in range(len(weights))
    )
    # Of those who did equally well the first, so that every worker that counts the same decides the same.
    best = max((index for index, weight in enumerate(weights) if weight), key=lambda index: tested[index].rate)
    return Winner(best, now, tested)
