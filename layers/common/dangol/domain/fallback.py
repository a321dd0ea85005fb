"""One channel after the other: which step of a run comes next for a person, and what is decided there.

A step is followed by the next where it cannot reach the person, or where its failure is recorded in the ledger. What
is in doubt is never followed by anything.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from dangol.domain.channel import ChannelName
from dangol.domain.decision import Decision, Person, Reason, Skip, decide
from dangol.domain.ledger import Entry, Flag, Ledger, State
from dangol.domain.run import Run

# What is wrong with a channel, and says nothing of the next one.
_PASSES_ON: Final = frozenset({Reason.UNREACHABLE, Reason.SUPPRESSED, Reason.NO_CONSENT})


def failed(entry: Entry) -> bool:
    """Whether the ledger says that the step of an entry has failed: refused by its provider, or by a receipt."""
    return entry.state is State.FAILED or (entry.state is State.SENT and bool(entry.flags & Flag.BOUNCED))


def next_step(steps: Sequence[ChannelName], entry: Entry | None) -> int:
    """The place of the step that comes next, as the person's entry of the run says; `len(steps)` where none does."""
    if entry is None:
        return 0
    place = [str(step) for step in steps].index(entry.channel)
    return place + 1 if failed(entry) else place


def decide_first(steps: Mapping[int, tuple[Run, Person]], ledger: Ledger, now: datetime) -> tuple[int, Decision]:
    """The first of `steps` that can reach a person, and what is decided there; else the last one with its skip.

    Each step has the run and the person as it sees them; the ledger is without the run's own entry.
    """
    *before, last = steps
    for step in before:
        decision = decide(*steps[step], ledger, now)
        if not (isinstance(decision, Skip) and decision.reason in _PASSES_ON):
            return step, decision
    return last, decide(*steps[last], ledger, now)
