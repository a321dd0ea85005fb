"""What a process has one of: its clock, and the secrets it remembers."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from dangol.adapters.clock import SystemClock
from dangol.config import Settings, settings
from dangol.pipeline.remembering import Remembered

T = TypeVar("T")


@cache
def clock() -> SystemClock:
    """The one clock."""
    return SystemClock(settings().clock_file)


def clock_of(config: Settings) -> SystemClock:
    """The clock of any stack."""
    return SystemClock(config.clock_file)


def remembered(fetch: Callable[[], T]) -> Remembered[T]:
    """A secret that is kept for minutes, so that a rotated one is taken up."""
    return Remembered(fetch, lambda: clock().seconds())
