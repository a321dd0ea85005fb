"""The journal of a chunk: the fence between two workers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


class Verdict(Enum):
    """What taking a chunk's journal came to."""

    TAKEN = "taken"
    DONE = "done"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Journal:
    """A chunk's journal in our hands: one letter per recipient, and why some of them failed."""

    run: str
    chunk: str
    owner: str
    generation: int
    states: str
    why: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a chunk is: its generation and states, and whether it is done.

    `parked` says until when no message carries it, in epoch seconds; 0 while the run is paused, None where one does.
    """

    chunk: str
    generation: int
    states: str
    done: bool
    parked: float | None


class Journals(Protocol):
    """The fence: one worker at a time holds a chunk."""

    def take(self, wanted: Journal, *, lease_until: float, now: float) -> tuple[Verdict, Journal | None]:
        """Take a chunk for `wanted.owner`: new, freed at this generation, or after its lease ran out."""
        ...

    def mark(self, journal: Journal) -> None:
        """Store the states. Raises `ConflictError` where another worker holds the chunk by now."""
        ...

    def finish(self, journal: Journal, *, done: bool, deltas: Mapping[str, int]) -> None:
        """Store states and count `deltas` in one transaction, and let the chunk go. Raises `ConflictError`."""
        ...

    def park(self, journal: Journal, *, deltas: Mapping[str, int], until: float | None) -> bool:
        """Like `finish`, for a chunk that no message carries on until `until`, or until the run is resumed (None).

        The chunk goes on two generations later: messages of the next one may be about, left by a worker who died.
        False, with nothing stored, where the run is not paused any more, or, with a time, where it is cancelled.
        Raises `ConflictError`.
        """
        ...

    def of_step(self, run: str, step: str) -> Sequence[Standing]:
        """Where the chunks of a scan step stand, those that anybody ever took."""
        ...
