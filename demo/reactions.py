"""How people answer: opens, clicks, opt-outs and purchases, with a truth that is known.

Each person has one number between 0 and 1, and buys if it lies below the rate of what they got: so everybody who
buys untouched would also have bought with a message, and the true effect is the difference of the rates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

# Purchase of the launched course within seven days, by what a person got.
UNTOUCHED: Final = 0.04
BUYS: Final = {"혜택": 0.08, "결과": 0.10}
CLICKS: Final = {"혜택": 0.18, "결과": 0.22}
OPTS_OUT: Final = 0.003
SCANNED: Final = 0.04
OPENS: Final = 0.15
# Mail programs that fetch images by themselves.
MACHINE_OPENS: Final = 0.08
LOOKS_UNTOUCHED: Final = 0.06
_HOURS: Final = 24 * 7
SALT: Final = "단골 1"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person, or a machine on their behalf, does so many hours after the send."""

    hours: float
    kind: str  # open, machine_open, click, scan, opt_out, view, buy
    user_id: str


def true_uplift() -> float:
    """The true effect on purchases: the mean of the two variants over the untouched."""
    return sum(BUYS.values()) / len(BUYS) - UNTOUCHED


def draw(user_id: str, what: str) -> float:
    """A person's own number between 0 and 1 for `what`, always the same."""
    return int.from_bytes(sha256(f"{SALT}:{what}:{user_id}".encode()).digest()[:8]) / 2**64


def buys(user_id: str, variant: str | None) -> bool:
    """Whether this person buys within the seven days if they get `variant`, or nothing: all three are known."""
    return draw(user_id, "buys") < (BUYS[variant] if variant else UNTOUCHED)


def reactions(user_id: str, variant: str | None) -> Iterator[Act]:
    """All that one person does within the seven days; `variant` is None for those who got nothing."""
    bought = buys(user_id, variant)
    when = 1 + draw(user_id, "buys when") ** 2 * (_HOURS - 8)
    if variant is None:
        if bought or draw(user_id, "looks") < LOOKS_UNTOUCHED:
            yield Act(when, "view", user_id)
    else:
        yield from _answers(user_id, variant, when, convinced=bought and not buys(user_id, None))
    if bought:
        yield Act(when + 0.5, "buy", user_id)


def _answers(user_id: str, variant: str, when: float, *, convinced: bool) -> Iterator[Act]:
    if draw(user_id, "scanned") < SCANNED:
        yield Act(0.0005, "scan", user_id)
    if draw(user_id, "machine") < MACHINE_OPENS:
        yield Act(0.05, "machine_open", user_id)
    clicks = convinced or draw(user_id, "clicks") < _clicks_anyway(variant)
    opens = clicks or draw(user_id, "opens") < OPENS
    early = min(when, 0.2 + draw(user_id, "opens when") ** 3 * 72)
    if opens:
        yield Act(early, "open", user_id)
    if clicks:
        yield Act(early + 0.01, "click", user_id)
        yield Act(early + 0.02, "view", user_id)
    if draw(user_id, "opts out") < OPTS_OUT:
        yield Act(early + 0.1, "opt_out", user_id)


def _clicks_anyway(variant: str) -> float:
    """Who was convinced clicks first; so many of the others click that the whole is as stated."""
    convinced = BUYS[variant] - UNTOUCHED
    return (CLICKS[variant] - convinced) / (1 - convinced)
