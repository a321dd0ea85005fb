"""Short codes for links in texts that are counted by the byte. Standard library alone: `track` reads them.

A code stands for a path of the API, `c/TOKEN` or `u/TOKEN`, and is made from it: the same link of the same person
has the same code, so that storing it again changes nothing. Nobody can guess one, since nobody can make a token.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Final

# Without those that look alike, and without signs that a phone would not take for part of an address.
_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
# 64 bits: among a hundred million live codes the chance that any two are the same is 1 in 5,000.
CODE_LENGTH: Final = 11
# As long as a person's ledger remembers the message: 400 days, in seconds.
LIFETIME: Final = 400 * 86_400
# Channels whose text is too short for a token of sixty characters.
SHORTENED: Final = frozenset({"sms", "lms", "mms", "alimtalk"})


def code_of(path: str) -> str:
    """The code that stands for a path."""
    number = int.from_bytes(hashlib.sha256(path.encode()).digest())
    digits = []
    for _ in range(CODE_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(digits)


def is_code(text: str) -> bool:
    """Whether `text` could be a code; nothing is looked up for what could not."""
    return len(text) == CODE_LENGTH and all(letter in _ALPHABET for letter in text)


@dataclass(slots=True)
class Shortener:
    """Makes the short addresses of one message and keeps what they stand for, by code."""

    base: str
    paths: dict[str, str] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """The short address of a path."""
        code = code_of(path)
        self.paths[code] = path
        return f"{self.base}/s/{code}"
