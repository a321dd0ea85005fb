"""What waits for sessions, in memory."""

from collections.abc import Callable, Mapping, Sequence

from dangol.domain.ledger import Ledger
from dangol.ports import Waiting
from tests.fakes.people import FakeLedgers
from tests.fakes.runs import FakeRuns


class FakeInbox:
    """Messages that wait; a claim holds while they do."""

    def __init__(self, ledgers: FakeLedgers, runs: FakeRuns) -> None:
        self._ledgers = ledgers
        self._runs = runs
        self.messages: dict[tuple[str, int], Waiting] = {}
        # Called before each claim: a test's chance to let somebody else be quicker.
        self.before_claim: Callable[[], None] = lambda: None
        self.error: Exception | None = None

    def put_many(self, waiting: Sequence[Waiting]) -> None:
        self.messages |= {message.key: message for message in waiting}

    def of_person(self, user_id: str) -> Sequence[Waiting]:
        if self.error:
            raise self.error
        return [message for key, message in sorted(self.messages.items()) if key[0] == user_id]

    def waits(self, user_id: str) -> bool:
        return bool(self.of_person(user_id))

    def remove_many(self, keys: Sequence[tuple[str, int]]) -> None:
        if self.error:
            raise self.error
        for key in keys:
            self.messages.pop(key, None)

    def claim(self, waiting: Waiting, ledger: Ledger, deltas: Mapping[str, int]) -> bool:
        self.before_claim()
        if waiting.key not in self.messages or not self._ledgers.store(ledger):
            return False
        self._runs.add(waiting.run, deltas)
        return True
