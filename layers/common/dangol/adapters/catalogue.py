"""The names of traits and events in use, in the Campaigns table."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dangol.adapters.items import attribute, plain

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoCatalogue:
    """Names in DynamoDB; those already written by this process are not written again."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        self._written: set[tuple[str, str]] = set()

    def add(self, kind: str, names: Iterable[str]) -> None:
        """Remember names of a kind (`traits`, `events`)."""
        new = {name for name in names if name and (kind, name) not in self._written}
        if not new:
            return
        self._client.update_item(
            TableName=self._table,
            Key=_key(kind),
            UpdateExpression="ADD #names :new",
            ExpressionAttributeNames={"#names": "names"},
            ExpressionAttributeValues={":new": attribute(new)},
        )
        self._written |= {(kind, name) for name in new}

    def names(self, kind: str) -> frozenset[str]:
        """The names of a kind."""
        found = self._client.get_item(TableName=self._table, Key=_key(kind)).get("Item")
        return frozenset(plain(found["names"])) if found else frozenset()


def _key(kind: str) -> dict[str, dict[str, str]]:
    return {"pk": {"S": "catalogue"}, "sk": {"S": kind}}
