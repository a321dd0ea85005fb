"""What people said of consent, taken into the ledger where it is not there yet."""

from collections.abc import Sequence
from dataclasses import replace

from dangol.contracts import Consented
from dangol.domain.consent import Word, hear
from dangol.domain.ledger import Ledger
from dangol.pipeline.mirroring import mirror
from dangol.ports import Ledgers, Profiles


def word_of(said: Consented) -> Word:
    """The statement that evidence is of."""
    return Word(said.at // 1000, said.consents, said.night, said.pace)


class Consents:
    """Takes statements in, in any order and however often they come: the newest stands."""

    def __init__(self, ledgers: Ledgers, profiles: Profiles) -> None:
        self._ledgers = ledgers
        self._profiles = profiles

    def record(self, said: Sequence[Consented]) -> None:
        """Take in what came through the API; what was said on a page is in the ledger already."""
        by_person: dict[str, list[Word]] = {}
        for statement in said:
            if statement.method == "api":
                by_person.setdefault(statement.user_id, []).append(word_of(statement))
        todo = dict(self._ledgers.get_many(list(by_person))) if by_person else {}
        while todo:
            changed = []
            for user, ledger in todo.items():
                after = _heard(ledger, by_person[user])
                if after is not ledger:
                    changed.append(after)
            todo = dict(self._ledgers.put_many(changed))
        mirror((statement.user_id for statement in said), self._ledgers, self._profiles)


def _heard(ledger: Ledger, words: Sequence[Word]) -> Ledger:
    """The ledger after all of them, one `rev` on; the same one where nothing changes."""
    after = ledger
    for word in words:
        after = hear(after, word)
    return after if after is ledger else replace(after, rev=ledger.rev + 1)
