"""Send what failed again and again back to its queue, where its fences keep it from being done twice."""

from collections.abc import Callable
from typing import Any, Final

from cli.stack import Stack
from dangol.adapters.queues import DeadLetters

# The queues by the word their stage is known by, as the stack's outputs name them.
QUEUES: Final = {"segment": "Segment", "send": "Send", "event": "Event"}
_STEP: Final = 10
# A queue of many parts may answer with nothing although it holds something.
_EMPTY_ANSWERS: Final = 3


def dead_letters(stack: Stack, queue: str) -> DeadLetters:
    """The dead-letter queue of `segment`, `send` or `event`."""
    name = QUEUES[queue]
    url, back_to = stack.outputs[f"{name}DeadLetterQueueUrl"], stack.outputs[f"{name}QueueUrl"]
    return DeadLetters(stack.client("sqs"), url, back_to)


def redrive(letters: DeadLetters, most: int | None, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """Move what waits now, or `most` of it; `progress` is told how many of how many.

    What fails again meanwhile, and comes back, is not moved twice.
    """
    waiting = letters.waiting()
    wanted = waiting if most is None else min(most, waiting)
    moved = empty = 0
    while moved < wanted and empty < _EMPTY_ANSWERS:
        step = letters.redrive(min(_STEP, wanted - moved))
        empty = 0 if step else empty + 1
        moved += step
        progress(moved, wanted)
    return {"moved": moved, "left": waiting - moved}
