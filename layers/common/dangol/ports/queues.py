"""Messages to another stage, now or later."""

from collections.abc import Sequence
from typing import Protocol


class Queue(Protocol):
    """A queue of JSON messages."""

    def send(self, bodies: Sequence[str], *, delay: int = 0) -> None:
        """Queue the bodies, each after `delay` seconds (at most 900). Raises where one was not taken."""
        ...


class Timer(Protocol):
    """Messages for the segment stage, for later than a queue can delay them."""

    def send(self, name: str, body: str, *, at: float) -> None:
        """Deliver `body` at `at` (real epoch seconds, a whole minute); once, however often `name` is asked for."""
        ...
