"""What waits for sessions: the fake and the adapter keep the same promises, and the edge asks without an SDK."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dangol.adapters.inbox import DynamoInbox
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.runs import DynamoRuns
from dangol.contracts import Recipient
from dangol.domain.ledger import Entry, Ledger
from dangol.ports import Waiting
from tests.fakes import FakeClock, FakeInbox, FakeLedgers, FakeRuns
from tests.fakes.world import NOW

RUN = "launch-20261201T010000Z"
FIRST = Waiting(
    RUN, 7, "in_web", Recipient(user_id="ann", address="ann", traits={"이름": "지은", "age": 30}), 1_900_000_000
)
SECOND = replace(FIRST, number=10, channel="in_app")
ENTRY = Entry(7, int(NOW.timestamp()), 0, "in_web", "marketing")
CLAIMED = Ledger("ann", 1, entries=(ENTRY,))
COUNTED = {"arm:0:sent": 1}


@dataclass
class Stores:
    """The inbox, and what a claim in it changes."""

    inbox: Any
    ledgers: Any
    runs: Any


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        runs = FakeRuns()
        ledgers = FakeLedgers(runs)
        return Stores(FakeInbox(ledgers, runs), ledgers, runs)
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("new_table")
    messages, ledger, campaigns = table("user_id", "message"), table("user_id"), table("pk", "sk")
    inbox = DynamoInbox(client, FakeClock(), messages=messages, ledger=ledger, campaigns=campaigns)
    return Stores(inbox, DynamoLedgers(client, ledger, campaigns), DynamoRuns(client, campaigns))


def test_what_waits_is_read_as_it_was_put_the_oldest_first(stores):
    others = [replace(FIRST, recipient=Recipient(user_id=f"u{n}")) for n in range(30)]

    stores.inbox.put_many([SECOND, FIRST, *others])
    stores.inbox.put_many([FIRST])

    assert list(stores.inbox.of_person("ann")) == [FIRST, SECOND]
    assert list(stores.inbox.of_person("u29")) == [others[29]]
    assert list(stores.inbox.of_person("nobody")) == []


def test_what_is_removed_waits_no_longer_and_what_does_not_wait_can_be_removed(stores):
    stores.inbox.put_many([FIRST, SECOND])

    stores.inbox.remove_many([FIRST.key, ("nobody", 1)])
    stores.inbox.remove_many([])

    assert list(stores.inbox.of_person("ann")) == [SECOND]


def test_a_claim_stores_the_ledger_and_counts_while_the_message_waits(stores):
    stores.inbox.put_many([FIRST])

    assert stores.inbox.claim(FIRST, CLAIMED, COUNTED)

    assert stores.ledgers.get_many(["ann"])["ann"] == CLAIMED
    assert {name: int(n) for name, n in stores.runs.counts(RUN).items()} == COUNTED
    assert list(stores.inbox.of_person("ann")) == [FIRST]


def test_a_claim_of_what_waits_no_longer_changes_nothing(stores):
    assert not stores.inbox.claim(FIRST, CLAIMED, COUNTED)

    assert stores.ledgers.get_many(["ann"])["ann"] == Ledger("ann")
    assert stores.runs.counts(RUN) == {}


def test_a_claim_on_a_ledger_that_moved_on_changes_nothing(stores):
    stores.inbox.put_many([FIRST])
    stores.ledgers.put_many([Ledger("ann", 1, {"email": 5})])

    assert not stores.inbox.claim(FIRST, CLAIMED, COUNTED)
    assert stores.inbox.claim(FIRST, Ledger("ann", 2, {"email": 5}, entries=(ENTRY,)), COUNTED)

    assert {name: int(n) for name, n in stores.runs.counts(RUN).items()} == COUNTED


def test_a_person_with_very_much_waiting_is_read_to_the_end(stores):
    long = Recipient(user_id="ann", traits={"text": "x" * 200_000})
    many = [replace(FIRST, number=n, recipient=long) for n in range(1, 9)]

    stores.inbox.put_many(many)

    assert list(stores.inbox.of_person("ann")) == many


class Busy:
    """A table that takes one item of each request at first."""

    def __init__(self) -> None:
        self.taken: list[Any] = []

    def batch_write_item(self, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803 - boto3's own name
        ((table, items),) = RequestItems.items()
        self.taken += items[:1]
        return {"UnprocessedItems": {table: items[1:]}} if items[1:] else {}

    def transact_write_items(self, **_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "TransactWriteItems")


def test_what_a_busy_table_does_not_take_is_put_again_ever_later():
    busy, clock = Busy(), FakeClock()
    inbox = DynamoInbox(busy, clock, messages="m", ledger="l", campaigns="c")  # type: ignore[arg-type]

    inbox.put_many([replace(FIRST, number=n) for n in range(1, 9)])

    assert [int(row["PutRequest"]["Item"]["message"]["S"]) for row in busy.taken] == [*range(1, 9)]
    assert (clock.now() - NOW).total_seconds() == pytest.approx(0.05 + 0.1 + 0.2 + 0.4 + 0.8 + 1 + 1)


def test_a_claim_that_is_forbidden_is_no_claim_that_lost():
    inbox = DynamoInbox(Busy(), FakeClock(), messages="m", ledger="l", campaigns="c")  # type: ignore[arg-type]

    with pytest.raises(ClientError):
        inbox.claim(FIRST, CLAIMED, COUNTED)
