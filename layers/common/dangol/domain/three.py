"""Logic with three answers: yes, no, and None where it cannot be told."""

from collections.abc import Sequence

Answer = bool | None


def every(answers: Sequence[Answer]) -> Answer:
    """Whether all hold: one no is enough for no."""
    if False in answers:
        return False
    return None if None in answers else True


def some(answers: Sequence[Answer]) -> Answer:
    """Whether any holds: one yes is enough for yes."""
    if True in answers:
        return True
    return None if None in answers else False


def negated(answer: Answer) -> Answer:
    """The opposite; what cannot be told stays untold."""
    return None if answer is None else not answer
