"""What a process has one of: its clock, and the secrets it remembers."""

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from dangol.adapters.clock import SystemClock
from dangol.config import Settings, settings

T = TypeVar("T")
_PARAMETERS_FOR = 300.0


@cache
def clock() -> SystemClock:
    """The one clock."""
    return SystemClock(settings().clock_file)


def clock_of(config: Settings) -> SystemClock:
    """The clock of any stack."""
    return SystemClock(config.clock_file)


def remembered(fetch: Callable[[], T]) -> Callable[[], T]:
    """Fetch when first needed, and again after five minutes, so that a rotated key is taken up."""
    kept: list[tuple[float, T]] = []

    def get() -> T:
        now = clock().seconds()
        if not kept or now - kept[0][0] > _PARAMETERS_FOR:
            kept[:] = [(now, fetch())]
        return kept[0][1]

    return get
