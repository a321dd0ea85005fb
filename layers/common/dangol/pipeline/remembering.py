"""Secrets that a function keeps instead of fetching them for each request. Standard library alone."""

import logging
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
logger = logging.getLogger(__name__)

# Seconds after which a secret is fetched again: so long may a retired key go on.
MEMORY: Final = 300.0
# Whoever shows a key that is not known makes it be fetched, but not for each forged one.
AT_MOST_EVERY: Final = 60.0


class Remembered(Generic[T]):
    """Fetches when first needed and again after five minutes; what is known stays where that fails."""

    def __init__(self, fetch: Callable[[], T], seconds: Callable[[], float]) -> None:
        self._fetch = fetch
        self._seconds = seconds
        self._kept: list[T] = []
        self._fetched_at = self._tried_at = 0.0
        self._asked_again_at = -AT_MOST_EVERY

    def __call__(self) -> T:
        """What is known, not older than five minutes where it can be had.

        Raises:
            OSError: it was never fetched, and cannot be.
        """
        now = self._seconds()
        old, tried = now - self._fetched_at > MEMORY, now - self._tried_at < AT_MOST_EVERY
        if not self._kept or (old and not tried):
            self._try(now)
        return self._kept[0]

    def again(self) -> T:
        """Fetched anew, which is done for the asking at most once a minute; in between what is known.

        Raises:
            OSError: it was never fetched, and cannot be.
        """
        now = self._seconds()
        if not self._kept or now - self._asked_again_at >= AT_MOST_EVERY:
            self._asked_again_at = now
            self._try(now)
        return self._kept[0]

    def _try(self, now: float) -> None:
        self._tried_at = now
        try:
            self._kept = [self._fetch()]
        except OSError as error:
            if not self._kept:
                raise
            logger.warning("a secret could not be fetched again, the known one stays: %s", error)
        else:
            self._fetched_at = now
