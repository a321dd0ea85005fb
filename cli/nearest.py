"""The word that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def closest(word: str, words: Iterable[str]) -> str:
    """Ask whether the nearest of `words` was meant; empty where none is near."""
    near = get_close_matches(word, list(words), n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else ""
