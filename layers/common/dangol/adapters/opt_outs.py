"""The way out, straight into the ledger."""

from datetime import datetime

from dangol.domain.ledger import Ledger
from dangol.domain.tracking import Mark
from dangol.ports import Definitions, Ledgers


class LedgerOptOuts:
    """Opt-outs that are effective before the answer."""

    def __init__(self, ledgers: Ledgers, definitions: Definitions) -> None:
        self._ledgers = ledgers
        self._definitions = definitions

    def opt_out(self, mark: Mark, at: datetime) -> None:
        """Withdraw consent for the channel of the marked message; as often as it is asked."""
        todo: dict[str, Ledger] = dict(self._ledgers.get_many([mark.user_id]))
        while todo:
            ledger = todo[mark.user_id]
            entry = ledger.entry(mark.run)
            if entry is None:
                return
            # The newest word counts, also against a consent that an import dated into the future.
            when = max(int(at.timestamp()), abs(ledger.consents.get(entry.channel, 0)))
            withdrawn = ledger.with_consent(entry.channel, given=False, at=when)
            todo = dict(self._ledgers.put_many([withdrawn])) if withdrawn is not ledger else {}

    def sender(self) -> tuple[str, str]:
        """The sender's name, and the locale to speak in."""
        project = self._definitions.project()
        return project.sender.name, project.locale
