"""What happened in one seed, or in many, in one line."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What happened in one seed, or in many."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Tally") -> None:
        """Add what happened elsewhere."""
        self.seeds += other.seeds
        self.faults.update(other.faults)
        self.counts.update(other.counts)

    def line(self) -> str:
        """One line that says it all."""
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()) if count)
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()) if count)
        return f"{self.seeds} seeds; {counts}; {sum(self.faults.values())} faults ({faults})"
