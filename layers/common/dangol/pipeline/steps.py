"""What each scan step selected, as one object in the lake bucket: written once, and read by whoever comes later."""

import gzip
from collections.abc import Iterable, Sequence
from typing import Final

from dangol.contracts import Recipient, ScanStep, SendChunk, StepResult

CHUNK: Final = 100


def chunked(selected: Sequence[Recipient]) -> Iterable[list[Recipient]]:
    """Recipients in the chunks that are dispatched."""
    for position in range(0, len(selected), CHUNK):
        yield list(selected[position : position + CHUNK])


def steps_prefix(run: str) -> str:
    """Where the steps of a run are kept."""
    return f"runs/{run}/steps/"


def step_key(step: ScanStep) -> str:
    """Where what a step selected is kept."""
    return f"{steps_prefix(step.run)}{step.task:05d}-{step.step:05d}.json.gz"


def step_of(key: str) -> str:
    """The step that an object's key names; its chunks' names begin with it."""
    return key.rsplit("/", 1)[-1].partition(".")[0]


def packed(body: StepResult) -> bytes:
    """Pack what a step selected, the same for the same people."""
    return gzip.compress(body.model_dump_json().encode(), compresslevel=3, mtime=0)


def read_step(packed: bytes) -> StepResult:
    """Read what a step selected."""
    return StepResult.model_validate_json(gzip.decompress(packed))


def chunks_of(run: str, key: str, body: StepResult) -> list[SendChunk]:
    """The chunks of a step, each under a name of its own."""
    step = step_of(key)
    return [
        SendChunk(run=run, chunk=f"{step}-{n}", size=len(people), indexes=list(range(len(people))), recipients=people)
        for n, people in enumerate(body.chunks)
    ]
