"""The runs that events can count for, remembered for a few seconds."""

from typing import Final

from dangol.domain.errors import NotFoundError
from dangol.ports import Clock, Definition, Definitions, RunItem, Runs

# A run that has just started is known this many seconds later at most; its first event comes later still.
MEMORY: Final = 5.0


class KnownRuns:
    """Looks runs up by the number that entries and tokens carry."""

    def __init__(self, runs: Runs, definitions: Definitions, clock: Clock) -> None:
        self._runs = runs
        self._definitions = definitions
        self._clock = clock
        self._by_number: dict[int, tuple[RunItem, Definition] | None] = {}
        self._versions: dict[tuple[str, int], Definition] = {}
        self._forgotten = 0.0

    def get(self, number: int) -> tuple[RunItem, Definition] | None:
        """The run and its definition; None where there is no such run."""
        if self._clock.seconds() - self._forgotten > MEMORY:
            self._by_number = {n: known for n, known in self._by_number.items() if known}
            self._forgotten = self._clock.seconds()
        if number not in self._by_number:
            self._by_number[number] = self._look_up(number)
        return self._by_number[number]

    def _look_up(self, number: int) -> tuple[RunItem, Definition] | None:
        try:
            run = self._runs.by_number(number)
        except NotFoundError:
            return None
        key = (run.campaign_id, run.version)
        if key not in self._versions:
            self._versions[key] = self._definitions.version(*key)
        return run, self._versions[key]
