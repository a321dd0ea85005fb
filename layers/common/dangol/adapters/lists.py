"""Lists of people in the Campaigns table."""

from typing import TYPE_CHECKING

from dangol.adapters.items import Item, item, plain_item
from dangol.domain.listing import MemberList

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_PLACE = "lists"


class DynamoLists:
    """Lists in DynamoDB; their members stand in the Profiles table."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, name: str) -> MemberList:
        """A list; an empty one, rev 0, where there is none."""
        key = item({"pk": _PLACE, "sk": name})
        found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")
        return _read(found) if found else MemberList(name)

    def put(self, changed: MemberList) -> bool:
        """Store where its `rev` is one above the stored; False where somebody else was quicker."""
        values = {
            "pk": _PLACE,
            "sk": changed.name,
            "source": changed.source,
            "imported_at": changed.imported_at,
            "people": changed.people,
            "sessions": dict(changed.sessions),
            "replaced_at": changed.replaced_at,
            "rev": changed.rev,
        }
        try:
            self._client.put_item(
                TableName=self._table,
                Item=item(values),
                ConditionExpression="attribute_not_exists(pk) OR rev = :before",
                ExpressionAttributeValues=item({":before": changed.rev - 1}),
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def names(self) -> frozenset[str]:
        """The names of all lists."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": _PLACE}},
            ProjectionExpression="sk",
        )
        return frozenset(found["sk"]["S"] for page in pages for found in page["Items"])


def _read(found: Item) -> MemberList:
    values = plain_item(found)
    return MemberList(
        name=values["sk"],
        source=values["source"],
        imported_at=values["imported_at"],
        people=values["people"],
        sessions=values["sessions"],
        rev=values["rev"],
    )
