"""The Messages table: what waits for a session, written by `dispatch`, claimed by `track`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

from botocore.exceptions import ClientError

from dangol.adapters.ledgers import put_action
from dangol.adapters.signed_inbox import of_person
from dangol.adapters.transactions import counting, lost
from dangol.contracts import Recipient
from dangol.domain.ledger import Ledger
from dangol.ports import Clock, Waiting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The most that BatchWriteItem takes.
_BATCH: Final = 25
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0
# As wide as a run's number becomes, so that they sort by it.
_DIGITS: Final = 10


class DynamoInbox:
    """The inbox in DynamoDB; tables by name."""

    def __init__(self, client: "DynamoDBClient", clock: Clock, *, messages: str, ledger: str, campaigns: str) -> None:
        self._client = client
        self._clock = clock
        self._table = messages
        self._ledger = ledger
        self._campaigns = campaigns

    def put_many(self, waiting: Sequence[Waiting]) -> None:
        """Have messages wait; the same again changes nothing."""
        self._write([{"PutRequest": {"Item": _item(w)}} for w in waiting])

    def remove_many(self, keys: Sequence[tuple[str, int]]) -> None:
        """Have these wait no longer, whether they do or not."""
        self._write([{"DeleteRequest": {"Key": _key(*key)}} for key in keys])

    def of_person(self, user_id: str) -> Sequence[Waiting]:
        """What waits for a person, the oldest first."""
        asked: dict[str, Any] = {"TableName": self._table, **of_person(user_id)}
        found: list[Waiting] = []
        while True:
            answer: Any = self._client.query(**asked)
            found += map(_read, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return found
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def claim(self, waiting: Waiting, ledger: Ledger, deltas: Mapping[str, int]) -> bool:
        """Store the ledger and count, in one transaction, while the message waits.

        False, with nothing stored, where it waits no longer, or the ledger's `rev` had moved on.
        """
        waits = {
            "TableName": self._table,
            "Key": _key(*waiting.key),
            "ConditionExpression": "attribute_exists(user_id)",
        }
        actions: list[Any] = [{"ConditionCheck": waits}, put_action(self._ledger, ledger)]
        actions += counting(self._campaigns, waiting.run, crc32(ledger.user_id.encode()), deltas)
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            lost(error)
            return False
        return True

    def _write(self, requests: list[Any]) -> None:
        wait = _FIRST_WAIT
        while requests:
            answer = self._client.batch_write_item(RequestItems={self._table: requests[:_BATCH]})
            refused = answer.get("UnprocessedItems", {}).get(self._table, [])
            requests = [*refused, *requests[_BATCH:]]
            if refused:
                self._clock.wait_until(self._clock.seconds() + wait)
                wait = min(wait * 2, _LONGEST_WAIT)


def _key(user_id: str, number: int) -> dict[str, Any]:
    return {"user_id": {"S": user_id}, "message": {"S": f"{number:0{_DIGITS}d}"}}


def _item(waiting: Waiting) -> dict[str, Any]:
    return {
        **_key(*waiting.key),
        "run": {"S": waiting.run},
        "channel": {"S": waiting.channel},
        "recipient": {"S": waiting.recipient.model_dump_json(exclude_defaults=True)},
        "expires_at": {"N": str(waiting.expires_at)},
    }


def _read(found: Mapping[str, Any]) -> Waiting:
    return Waiting(
        run=found["run"]["S"],
        number=int(found["message"]["S"]),
        channel=found["channel"]["S"],
        recipient=Recipient.model_validate_json(found["recipient"]["S"]),
        expires_at=int(found["expires_at"]["N"]),
    )
