"""Which chunks of a run may be queued for sending, and what of each."""

from dangol.contracts import SendChunk
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
