"""The shared rate of a provider: a GCRA lease in the Campaigns table."""

from typing import TYPE_CHECKING, Final

from dangol.adapters.items import attribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Two workers may pass each other between the two writes; nobody loses this often in a row.
_ATTEMPTS: Final = 4


class DynamoThrottle:
    """Rate leases in DynamoDB; `horizon` is how far ahead a slot may start, in seconds."""

    def __init__(self, client: "DynamoDBClient", table: str, *, horizon: float) -> None:
        self._client = client
        self._table = table
        self._horizon = horizon

    def reserve(self, name: str, rate: float, count: int, now: float) -> float | None:
        """Reserve `count` calls at `rate` a second; when the first may start (epoch seconds), None if too far ahead."""
        length = count / rate
        for _ in range(_ATTEMPTS):
            # A slot in the past is worth nothing: it cannot be saved up for a burst.
            if self._advance(name, "attribute_not_exists(tat) OR tat < :now", ":end", now, length):
                return now
            end = self._advance(name, "tat BETWEEN :now AND :horizon", "tat + :length", now, length)
            if end is not None:
                return end - length
        return None

    def _advance(self, name: str, condition: str, to: str, now: float, length: float) -> float | None:
        values = {":now": now, ":end": now + length, ":length": length, ":horizon": now + self._horizon}
        used = {key: attribute(value) for key, value in values.items() if key in condition or key in to}
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"throttle#{name}"}, "sk": {"S": "lease"}},
                UpdateExpression=f"SET tat = {to}",
                ConditionExpression=condition,
                ExpressionAttributeValues=used,
                ReturnValues="UPDATED_NEW",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return None
        return float(answer["Attributes"]["tat"]["N"])
