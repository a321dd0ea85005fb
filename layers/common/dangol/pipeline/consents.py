"""What people said of consent, taken into the ledger where it is not there yet, and told where it is news."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from dangol.contracts import Consented
from dangol.domain.consent import Word, hear, news
from dangol.domain.ledger import Ledger
from dangol.pipeline.mirroring import mirror
from dangol.ports import Ledgers, Profiles

Announce = Callable[[Sequence[Consented]], None]


class Consents:
    """Takes statements in, in any order and however often they come: the newest stands."""

    def __init__(self, ledgers: Ledgers, profiles: Profiles) -> None:
        self._ledgers = ledgers
        self._profiles = profiles

    def record(self, said: Sequence[Consented], announce: Announce) -> None:
        """Take in what came through the API or from a provider, and tell `announce` of every change.

        What was said on a page is in the ledger already, and all of it changed something. An import's changes are the
        importer's own news. A change may be announced twice, and is never lost.
        """
        by_person: dict[str, list[Consented]] = defaultdict(list)
        for statement in said:
            if statement.method in ("api", "provider"):
                by_person[statement.user_id].append(statement)
        announce([statement for statement in said if statement.method in ("page", "one_click")])
        todo = dict(self._ledgers.get_many(list(by_person))) if by_person else {}
        while todo:
            heard = {user: _heard(ledger, by_person[user]) for user, ledger in todo.items()}
            # Before it is stored: afterwards, a worker who died here would find nothing new.
            fresh = [statement for _, some in heard.values() for statement in some]
            # Of a number alone nobody knows whose it is.
            announce([statement for statement in fresh if statement.method != "provider"])
            changed = [after for user, (after, _) in heard.items() if after is not todo[user]]
            todo = dict(self._ledgers.put_many(changed))
        mirror((statement.user_id for statement in said), self._ledgers, self._profiles)


def _heard(ledger: Ledger, said: Sequence[Consented]) -> tuple[Ledger, list[Consented]]:
    """The ledger after all of them, one `rev` on or the same, and what of each is news."""
    after, fresh = ledger, []
    for statement in said:
        before = after
        after = hear(before, Word(statement.at // 1000, statement.consents, statement.night, statement.pace))
        word = news(before, after)
        if word.consents or word.night is not None or word.pace is not None:
            told = {"consents": dict(word.consents), "night": word.night, "pace": word.pace}
            fresh.append(statement.model_copy(update=told))
    return (after if after is ledger else replace(after, rev=ledger.rev + 1)), fresh
