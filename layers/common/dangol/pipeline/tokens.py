"""Tokens against the keys that a function has kept. Standard library alone."""

from dangol.domain.tracking import Keys, Mark, key_of, verify
from dangol.pipeline.remembering import Remembered


def verified(token: str, keys: Remembered[Keys]) -> tuple[Mark, str]:
    """Read a token that we signed, with its destination; a key that was made a moment ago is known after another look.

    Raises:
        ForgeryError: it is not ours, or not whole.
        OSError: the keys were never fetched, and cannot be.
    """
    known, claimed = keys(), key_of(token)
    if claimed is not None and claimed not in known.secrets:
        known = keys.again()
    return verify(token, known)
