"""Whether anything waits in the Messages table, asked without an SDK: for most that ask, nothing does."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dangol.adapters.signed_http import SignedClient


class SignedInbox:
    """Tells, without an SDK, whether anything waits."""

    def __init__(self, client: "SignedClient", table: str) -> None:
        self._client = client
        self._table = table

    def waits(self, user_id: str) -> bool:
        """Whether anything waits for a person.

        Raises:
            OSError: the table could not be read.
        """
        asked = {"TableName": self._table, **of_person(user_id), "Limit": 1, "Select": "COUNT"}
        return bool(self._client.call("DynamoDB_20120810.Query", "1.0", asked)["Count"])


def of_person(user_id: str) -> dict[str, Any]:
    """What asks for the items of one person, as they are at that moment."""
    return {
        "KeyConditionExpression": "user_id = :user",
        "ExpressionAttributeValues": {":user": {"S": user_id}},
        "ConsistentRead": True,
    }
