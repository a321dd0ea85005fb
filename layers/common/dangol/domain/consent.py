"""What somebody says about permission, and how the ledger takes it in."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dangol.domain.ledger import Ledger


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
        known = ledger.consents.get(channel, 0)
        if _already(known, given=given) and word.live:
            continue
        after = after.with_consent(channel, given=given, at=_when(word, known, given=given))
    if word.night is not None and not (word.live and _already(ledger.night, given=word.night)):
        after = after.with_night(given=word.night, at=_when(word, ledger.night, given=word.night))
    if word.pace is not None:
        after = after.with_pace(word.pace)
    return after if after is ledger else replace(after, rev=ledger.rev + 1)


def stands(ledger: Ledger, word: Word) -> Word:
    """What of `word` is what the ledger holds today; the rest was overtaken by something newer."""
    consents = {c: given for c, given in word.consents.items() if _already(ledger.consents.get(c, 0), given=given)}
    night = word.night if word.night is not None and _already(ledger.night, given=word.night) else None
    return replace(word, consents=consents, night=night, pace=word.pace if word.pace == ledger.pace else None)


def _already(known: int, *, given: bool) -> bool:
    """Whether that is what is known; of somebody of whom nothing is known, nothing is."""
    return known > 0 if given else known < 0


def _when(word: Word, known: int, *, given: bool) -> int:
    # Of two statements of the same second the withdrawal stands, so a consent has to be later.
    return max(word.at, abs(known) + given) if word.live else word.at
