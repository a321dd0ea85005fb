"""The words by which somebody who answers a text message revokes their consent.

47 CFR 64.1200(a)(10) names seven; the rest are spellings of them that AWS takes as well, and Korea's own. An answer
that says more than the word is for people to read.
"""

from typing import Final

_WORDS: Final = frozenset(
    {
        *("stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"),
        *("opt-out", "optout", "stop all", "stopall"),
        *("수신거부", "수신 거부", "거부", "중지"),
    }
)
_AROUND: Final = " \t\r\n.,!?\"'“”‘’()[]"


def is_stop_word(text: str) -> bool:
    """Whether an answer is nothing but such a word, however it is written."""
    return " ".join(text.casefold().strip(_AROUND).split()) in _WORDS
