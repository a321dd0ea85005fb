"""One person's items in the tables that are keyed by person."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dangol.adapters.items import Item, item
from dangol.adapters.outcomes import read_outcome
from dangol.ports import Outcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoPeople:
    """A person in Profiles, Ledger and Outcomes."""

    def __init__(self, client: "DynamoDBClient", *, profiles: str, ledger: str, outcomes: str) -> None:
        self._client = client
        self._profiles = profiles
        self._ledger = ledger
        self._outcomes = outcomes

    def outcomes(self, user_id: str) -> Sequence[Outcome]:
        """What a person did towards any run."""
        return [read_outcome(found) for found in self._items(user_id)]

    def erase(self, user_id: str) -> int:
        """Erase a person from the tables; how many outcomes that were."""
        erased = 0
        for found in self._items(user_id):
            key = {"user_id": found["user_id"], "run": found["run"]}
            self._client.delete_item(TableName=self._outcomes, Key=key)
            erased += 1
        for table in (self._ledger, self._profiles):
            self._client.delete_item(TableName=table, Key=item({"user_id": user_id}))
        return erased

    def _items(self, user_id: str) -> Iterator[Item]:
        more: dict[str, Any] = {}
        while True:
            answer: Any = self._client.query(
                TableName=self._outcomes,
                KeyConditionExpression="user_id = :user",
                ExpressionAttributeValues=item({":user": user_id}),
                ConsistentRead=True,
                **more,
            )
            yield from answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return
            more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
