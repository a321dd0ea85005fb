"""Messages that wait until their person is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dangol.contracts import Recipient
from dangol.domain.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits: of which run, and all that deciding and rendering need of its person.

    `number` is the run's; `expires_at` is when it may be forgotten, in epoch seconds.
    """

    run: str
    number: int
    channel: str
    recipient: Recipient
    expires_at: int

    @property
    def key(self) -> tuple[str, int]:
        """Whose it is, and of which run: there is one at most."""
        return self.recipient.user_id, self.number


class Inbox(Protocol):
    """What waits, by person."""

    def put_many(self, waiting: Sequence[Waiting]) -> None:
        """Have messages wait; the same again changes nothing."""
        ...

    def of_person(self, user_id: str) -> Sequence[Waiting]:
        """What waits for a person, the oldest first."""
        ...

    def remove_many(self, keys: Sequence[tuple[str, int]]) -> None:
        """Have these wait no longer, whether they do or not."""
        ...

    def claim(self, waiting: Waiting, ledger: Ledger, deltas: Mapping[str, int]) -> bool:
        """Store the ledger and count, in one transaction, while the message waits.

        False, with nothing stored, where it waits no longer, or the ledger's `rev` had moved on.
        """
        ...
