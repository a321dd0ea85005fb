"""What somebody says about permission, and how the ledger takes it in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dangol.domain.ledger import Ledger
from dangol.domain.medium import permission


@dataclass(frozen=True, slots=True)
class Word:
    """One statement: per channel whether consent is given, the same for the night, and a pace.

    `at` is when it was said, in epoch seconds. `live` is said to us at this moment, so that nothing known can be
    newer: not a consent that an import dated into the future, nor one of the same second.
    """

    at: int
    consents: Mapping[str, bool] = field(default_factory=dict)
    night: bool | None = None
    pace: int | None = None
    live: bool = False


def hear(ledger: Ledger, word: Word) -> Ledger:
    """The ledger after `word`, one `rev` on; the same one where nothing changes.

    An older statement never undoes a newer one, each channel by itself.
    """
    after = ledger
    for channel, given in word.consents.items():
        known = ledger.consents.get(permission(channel), 0)
        if _already(known, given=given) and word.live:
            continue
        after = after.with_consent(channel, given=given, at=_when(word, known, given=given))
    if word.night is not None and not (word.live and _already(ledger.night, given=word.night)):
        after = after.with_night(given=word.night, at=_when(word, ledger.night, given=word.night))
    if word.pace is not None:
        after = after.with_pace(word.pace)
    return after if after is ledger else replace(after, rev=ledger.rev + 1)


def news(before: Ledger, after: Ledger) -> Word:
    """What is otherwise in `after`; a statement that only renews the date of what stood is none."""
    consents = {c: said > 0 for c, said in after.consents.items() if _sign(said) != _sign(before.consents.get(c, 0))}
    return Word(
        at=0,
        consents=consents,
        night=after.night > 0 if _sign(after.night) != _sign(before.night) else None,
        pace=after.pace if after.pace != before.pace else None,
    )


def _sign(said: int) -> int:
    return (said > 0) - (said < 0)


def _already(known: int, *, given: bool) -> bool:
    """Whether that is what is known; of somebody of whom nothing is known, nothing is."""
    return known > 0 if given else known < 0


def _when(word: Word, known: int, *, given: bool) -> int:
    # Of two statements of the same second the withdrawal stands, so a consent has to be later.
    return max(word.at, abs(known) + given) if word.live else word.at
