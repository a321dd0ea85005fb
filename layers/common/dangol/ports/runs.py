"""The applied campaigns, and their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from dangol.domain.campaign import Campaign
from dangol.domain.project import Project
from dangol.domain.stopping import Tally
from dangol.domain.winner import Winner


@dataclass(frozen=True, slots=True)
class Definition:
    """An applied campaign: one version of it, with the project and the link base of that moment."""

    campaign_id: str
    version: int
    campaign: Campaign
    project: Project
    link_base: str


@dataclass(frozen=True, slots=True)
class RunName:
    """What never changes of a run: its name, the number that entries and tokens carry, and its time."""

    run: str
    number: int
    scheduled_at: datetime


@dataclass(frozen=True, slots=True)
class RunItem:
    """A run as stored; `state` is scanning, running or cancelled (finished is computed).

    `paused` says why nothing is handed over just now; None where the run may go on.
    """

    run: str
    number: int
    campaign_id: str
    version: int
    scheduled_at: datetime
    state: str
    tasks: int
    tasks_closed: int = 0
    scanned: int = 0
    audience: int = 0
    inexact: int = 0
    stopped_because: str | None = None
    paused: str | None = None
    # Where its counters stood on the way: what its last thousand hand-overs are measured from.
    marks: tuple[Tally, ...] = (Tally(),)
    # What its test came to; None until it is decided, and where there is none.
    winner: Winner | None = None


class Definitions(Protocol):
    """The applied campaigns."""

    def current(self, campaign_id: str) -> Definition:
        """The version in force. Raises `NotFoundError`."""
        ...

    def version(self, campaign_id: str, version: int) -> Definition:
        """One version. Raises `NotFoundError`."""
        ...

    def project(self) -> Project:
        """The project as last applied. Raises `NotFoundError`."""
        ...


class Runs(Protocol):
    """The runs and their scan steps."""

    def create(self, run: RunItem) -> RunItem:
        """Store a new run under its next number; the stored one where it exists already."""
        ...

    def get(self, run: str) -> RunItem:
        """A run by name. Raises `NotFoundError`."""
        ...

    def by_number(self, number: int) -> RunItem:
        """A run by the number that entries and tokens carry. Raises `NotFoundError`."""
        ...

    def of_campaign(self, campaign_id: str) -> Sequence[RunName]:
        """All runs of a campaign, the oldest first."""
        ...

    def close_step(self, run: str, step: str, *, scanned: int, selected: int, inexact: int, last: bool) -> RunItem:
        """Count a scan step once, however often it is closed; the run as it then stands."""
        ...

    def set_state(self, run: str, state: str, *, expected: str, because: str | None = None) -> bool:
        """Move a run from `expected` to `state`; False where it was in another state."""
        ...

    def pause(self, run: str, because: str) -> bool:
        """Hold back what is not handed over yet; False where the run is cancelled or paused already."""
        ...

    def resume(self, run: str, marks: Sequence[Tally]) -> bool:
        """Take the pause away and begin anew with `marks`; False where there was no pause."""
        ...

    def mark(self, run: RunItem, marks: Sequence[Tally]) -> bool:
        """Replace the run's marks; False where they are not those of `run` any more."""
        ...

    def settle(self, run: str, winner: Winner) -> bool:
        """Store what the run's test came to; False where that is decided already."""
        ...

    def counts(self, run: str) -> Mapping[str, Decimal]:
        """The run's counters, summed over the shards."""
        ...
