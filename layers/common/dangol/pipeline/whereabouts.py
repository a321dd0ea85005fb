"""Where in a run's audience somebody stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from dangol.contracts import Recipient, SendChunk
from dangol.pipeline.steps import chunks_of, read_step, step_of, steps_prefix
from dangol.pipeline.work import IN_FLIGHT, PENDING
from dangol.ports import Journals, Objects, RunItem, Standing

_STEPS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Place:
    """Somebody in the audience: the letter of their state, small, and until when their chunk is parked.

    `parked` is in epoch seconds, 0 until the run is resumed, None where a message carries the chunk.
    """

    recipient: Recipient
    letter: str
    parked: float | None

    def waits_for(self, run: RunItem) -> str:
        """Why nothing has become of them yet."""
        if self.letter == IN_FLIGHT:
            return "in_flight"
        if run.paused or self.parked == 0:
            return "paused"
        return "queued" if self.parked is None else "held"


class Whereabouts:
    """Looks people up in what the scan of a run selected, which is kept for 400 days."""

    def __init__(self, objects: Objects, journals: Journals) -> None:
        self._objects = objects
        self._journals = journals

    def find(self, run: str, user_id: str) -> Place | None:
        """The place of a person; None where the run did not select them, or has not yet."""
        for key, chunk in self._chunks(run):
            for index, recipient in enumerate(chunk.recipients):
                if recipient.user_id == user_id:
                    known = {standing.chunk: standing for standing in self._journals.of_step(run, step_of(key))}
                    return _place(recipient, index, known.get(chunk.chunk))
        return None

    def _chunks(self, run: str) -> Iterator[tuple[str, SendChunk]]:
        after = None
        while keys := self._objects.keys(steps_prefix(run), after, _STEPS_AT_ONCE):
            for key in keys:
                yield from ((key, chunk) for chunk in chunks_of(run, key, read_step(self._objects.get(key))))
            after = keys[-1]


def _place(recipient: Recipient, index: int, standing: Standing | None) -> Place:
    if standing is None:
        return Place(recipient, PENDING, None)
    return Place(recipient, standing.states[index].lower(), standing.parked)
