"""How much of a push a phone shows before it is opened. Phones differ; what is assumed of them stands here alone."""

from typing import Final
from unicodedata import east_asian_width

# Columns of a line of the body, where a Hangul syllable takes two: 22 syllables, on a phone 360 points wide.
LINE: Final = 44
# Of the title, which is cut off behind its one line.
TITLE: Final = 36
# What is read at a glance; the rest is folded away.
LINES: Final = 2
_WIDE: Final = frozenset({"W", "F", "A"})


def columns(text: str) -> int:
    """How many columns a text is wide."""
    return sum(2 if east_asian_width(character) in _WIDE else 1 for character in text)


def lines(text: str) -> int:
    """How many lines a body takes, broken between words where it can be."""
    return sum(_broken(line) for line in text.splitlines())


def _broken(line: str) -> int:
    count, used = 1, 0
    for word in line.split():
        width = columns(word)
        if used and used + 1 + width > LINE:
            count, used = count + 1, 0
        used += width + (1 if used else 0)
        # A word that is longer than a line goes on in the next ones.
        more = (used - 1) // LINE
        count, used = count + more, used - more * LINE
    return count
