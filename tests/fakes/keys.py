"""Secrets that need no fetching."""

from typing import TypeVar

from dangol.pipeline.remembering import Remembered

T = TypeVar("T")


def known(secret: T) -> Remembered[T]:
    """A secret that is there, on a clock that stands."""
    return Remembered(lambda: secret, lambda: 0.0)
