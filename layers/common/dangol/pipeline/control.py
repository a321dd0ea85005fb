"""Pause, resume and cancel runs."""

from dataclasses import dataclass
from typing import Final

from dangol.contracts import Release
from dangol.domain.errors import ConflictError
from dangol.pipeline.counting import tally
from dangol.ports import Queue, RunItem, Runs

# Somebody asked for it on the command line.
BY_HAND: Final = "by_hand"
CANCELLED: Final = "cancelled"


@dataclass(frozen=True, slots=True)
class Controller:
    """Steers runs that have started; `tasks` is SegmentQueue."""

    runs: Runs
    tasks: Queue

    def pause(self, run: RunItem) -> None:
        """Hold back everybody who is not handed over yet, within five seconds; nothing changes where it is paused.

        Raises:
            ConflictError: the run is cancelled.
        """
        if not self.runs.pause(run.run, BY_HAND) and self.runs.get(run.run).state == CANCELLED:
            raise ConflictError(f"{run.run} is cancelled: dangol run starts another")

    def resume(self, run: RunItem) -> None:
        """Let the run go on, its last thousand hand-overs forgotten; asked again, it queues again what it could not.

        Raises:
            ConflictError: the run is cancelled.
        """
        if run.state == CANCELLED:
            raise ConflictError(f"{run.run} is cancelled: dangol run starts another")
        # The pause goes first: a chunk is parked only while it is there, so none is parked behind the release.
        self.runs.resume(run.run, [tally(self.runs.counts(run.run))])
        self._release(run)

    def cancel(self, run: RunItem) -> None:
        """End the run: whoever is not handed over yet is skipped. Asked again, it goes on where it left off."""
        for state in ("scanning", "running"):
            self.runs.set_state(run.run, CANCELLED, expected=state, because=BY_HAND)
        # No chunk may be parked any more: nobody would come for it.
        self.runs.resume(run.run, [tally(self.runs.counts(run.run))])
        self._release(run)

    def _release(self, run: RunItem) -> None:
        self.tasks.send([Release(run=run.run, again=True).model_dump_json()])
