"""What recording a batch came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recorded:
    """How many people and events a batch held; `duplicates` were known already and changed nothing."""

    people: int
    events: int
    duplicates: int
