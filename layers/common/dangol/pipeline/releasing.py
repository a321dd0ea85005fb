"""Which chunks of a run may be queued for sending, and what of each."""

from collections.abc import Sequence

from dangol.contracts import SendChunk
from dangol.domain.reference import place_of
from dangol.pipeline.work import SENT
from dangol.ports import RunItem, Standing


def released(run: RunItem, *, again: bool) -> bool:
    """Whether the run's chunks may be queued: those of a cancelled one too, so that everybody's end is recorded."""
    scanned = run.tasks_closed >= run.tasks
    return (run.state == "running" and run.paused is None) or (run.state == "cancelled" and again and scanned)


def piece_of(chunk: SendChunk, known: Standing | None, due: float) -> SendChunk | None:
    """What is to be queued of a chunk: all of a new one, the rest of a parked one, where it is due."""
    if known is None:
        return chunk
    if known.done or known.parked is None or known.parked > due:
        return None
    left = [i for i, letter in enumerate(known.states) if not letter.isupper()]
    return chunk.model_copy(
        update={
            "generation": known.generation,
            "indexes": left,
            "recipients": [chunk.recipients[i] for i in left],
        }
    )


def counted_as_sent(standings: Sequence[Standing], chunk: str, index: int) -> bool | None:
    """Whether the recipient of a chunk is counted as sent to, by its journal; None where somebody still works on them.

    `standings` are those of the scan step, with the chunks of one in which other channels followed.
    """
    known = next((standing for standing in standings if standing.chunk == chunk), None)
    following = [standing for standing in standings if standing.chunk.startswith(f"{place_of(chunk, index)}.")]
    if known is None or not known.states[index].isupper() or not all(standing.done for standing in following):
        return None
    return known.states[index] == SENT.upper()
