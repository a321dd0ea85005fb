"""When a run pauses itself: too many failures or opt-outs among the last thousand hand-overs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dangol.domain.campaign import StopWhen

WINDOW: Final = 1_000
# A share of fewer people than this says nothing yet.
FEWEST: Final = 100
# Marks are no closer than this, so that the window is at most this and a chunk too long.
_SPACING: Final = 50


@dataclass(frozen=True, slots=True)
class Tally:
    """A run's counters at one moment, counted since its start: handed over, of those failed, and opted out."""

    handed: int = 0
    failed: int = 0
    unsubscribed: int = 0


def base(marks: Sequence[Tally], now: Tally) -> Tally:
    """Where the window begins: the newest mark at least a window ago, or the oldest there is."""
    return next((mark for mark in reversed(marks) if now.handed - mark.handed >= WINDOW), marks[0])


def slide(marks: Sequence[Tally], now: Tally) -> tuple[Tally, ...]:
    """The marks to keep: the window's beginning, all after it, and `now` where it is far enough from the last."""
    if now.handed - marks[-1].handed < _SPACING:
        return tuple(marks)
    return (*marks[marks.index(base(marks, now)) :], now)


def too_many(limits: StopWhen, marks: Sequence[Tally], now: Tally) -> str | None:
    """Which of the shares is passed in the window, as `too_many_failed`; None where none is, or too few tell.

    An opt-out counts in the window in which it came in, whenever its message went out.
    """
    since = base(marks, now)
    handed = now.handed - since.handed
    if handed < FEWEST:
        return None
    for what in ("failed", "unsubscribed"):
        share = getattr(limits, what)
        if share is not None and getattr(now, what) - getattr(since, what) > share * handed:
            return f"too_many_{what}"
    return None
