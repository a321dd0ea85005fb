"""The way out, and back, straight into the ledger."""

from datetime import datetime
from typing import Final

from dangol.adapters.reaching import reached
from dangol.domain.consent import Word, hear, news
from dangol.domain.medium import permission
from dangol.domain.tracking import NO_RUN, Mark
from dangol.pipeline.wishes import Standing, Wish
from dangol.ports import Definitions, Ledgers, Profiles

# Where a person's language may stand among their traits.
_LANGUAGES: Final = ("locale", "language")
# Somebody else writes the same ledger at most a few times in a row; a table that refuses goes on refusing.
_TRIES: Final = 10


class LedgerPreferences:
    """Preferences that are effective before the answer; the newest word counts, and it is this one."""

    def __init__(self, ledgers: Ledgers, profiles: Profiles, definitions: Definitions) -> None:
        self._ledgers = ledgers
        self._profiles = profiles
        self._definitions = definitions

    def standing(self, mark: Mark) -> Standing:
        """How things stand for the person of a link. Raises `OSError` where DynamoDB does not answer."""
        with reached("preferences"):
            return self._standing(mark)

    def apply(self, mark: Mark, wish: Wish, at: datetime) -> Wish:
        """Store what is wished; what of it changed anything. Raises `OSError` where DynamoDB does not answer."""
        # Whoever tries out the links of a preview or a test send speaks for nobody.
        if mark.run == NO_RUN:
            return Wish()
        with reached("preferences"):
            return self._apply(mark, wish, at)

    def languages(self, user_id: str) -> tuple[str, str]:
        """The person's own language, empty where it is not known, and the project's.

        Raises:
            OSError: DynamoDB does not answer.
        """
        with reached("preferences"):
            traits = self._profiles.get_many([user_id])[user_id].traits
            theirs = next((str(traits[name]) for name in _LANGUAGES if traits.get(name)), "")
            return theirs, self._definitions.project().locale

    def _standing(self, mark: Mark) -> Standing:
        ledger = self._ledgers.get_many([mark.user_id])[mark.user_id]
        project = self._definitions.project()
        entry = ledger.entry(mark.run)
        channel = permission(entry.channel) if entry else None
        known = {name: said > 0 for name, said in ledger.consents.items()}
        return Standing(
            sender=project.sender.name,
            zone=project.zone,
            channel=channel,
            consents={**({channel: False} if channel else {}), **known},
            night=ledger.night > 0,
            pace=ledger.pace,
        )

    def _apply(self, mark: Mark, wish: Wish, at: datetime) -> Wish:
        word = Word(int(at.timestamp()), wish.consents, wish.night, wish.pace, live=True)
        ledger = self._ledgers.get_many([mark.user_id])[mark.user_id]
        for _ in range(_TRIES):
            after = hear(ledger, word)
            if after is ledger:
                return Wish()
            newer = self._ledgers.put_many([after]).get(mark.user_id)
            if newer is None:
                changed = news(ledger, after)
                return Wish(changed.consents, changed.night, changed.pace)
            ledger = newer
        raise OSError("DynamoDB: the ledger is busy")
