"""The ShortLinks table: written in batches by `dispatch`, read without an SDK by `track`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from dangol.adapters.signed_http import SignedClient
    from dangol.ports import Clock

# The most that BatchWriteItem takes.
_BATCH: Final = 25
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0


class DynamoShortLinks:
    """Stores short codes."""

    def __init__(self, client: "DynamoDBClient", table: str, clock: "Clock") -> None:
        self._client = client
        self._table = table
        self._clock = clock

    def put_many(self, paths: Mapping[str, str], *, expires_at: int) -> None:
        """Store paths by their codes until `expires_at`, in epoch seconds; what is there already stays as it is."""
        rows: list[Any] = [
            {"PutRequest": {"Item": {"code": {"S": c}, "path": {"S": p}, "expires_at": {"N": str(expires_at)}}}}
            for c, p in paths.items()
        ]
        wait = _FIRST_WAIT
        while rows:
            answer = self._client.batch_write_item(RequestItems={self._table: rows[:_BATCH]})
            refused = answer.get("UnprocessedItems", {}).get(self._table, [])
            rows = [*refused, *rows[_BATCH:]]
            if refused:
                self._clock.wait_until(self._clock.seconds() + wait)
                wait = min(wait * 2, _LONGEST_WAIT)


class SignedShortLinks:
    """Looks short codes up, without an SDK."""

    def __init__(self, client: "SignedClient", table: str) -> None:
        self._client = client
        self._table = table

    def path(self, code: str) -> str | None:
        """What a code stands for; None where it stands for nothing.

        Raises:
            OSError: the table could not be read.
        """
        asked = {"TableName": self._table, "Key": {"code": {"S": code}}}
        found = self._client.call("DynamoDB_20120810.GetItem", "1.0", asked).get("Item")
        return str(found["path"]["S"]) if found else None
