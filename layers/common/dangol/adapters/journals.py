"""The journals of chunks in the Campaigns table: the fence between dispatchers."""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dangol.adapters.items import Item, attribute, plain, plain_item
from dangol.adapters.transactions import NOT_AS_EXPECTED, counting, lost
from dangol.domain.errors import ConflictError
from dangol.ports import Journal, Verdict

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoJournals:
    """Journals in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def take(self, wanted: Journal, *, lease_until: float, now: float) -> tuple[Verdict, Journal | None]:
        """Take a chunk for `wanted.owner`: new, freed at this generation, or after its lease ran out."""
        values = {
            ":owner": wanted.owner,
            ":lease": lease_until,
            ":generation": wanted.generation,
            ":states": wanted.states,
            ":now": now,
        }
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=_key(wanted),
                UpdateExpression="SET #owner = :owner, lease = :lease, generation = :generation,"
                " #states = if_not_exists(#states, :states)",
                ConditionExpression="attribute_not_exists(pk) OR (generation = :generation AND"
                " attribute_not_exists(done) AND (attribute_not_exists(#owner) OR lease < :now))",
                ExpressionAttributeNames={"#owner": "owner", "#states": "states"},
                ExpressionAttributeValues={name: attribute(value) for name, value in values.items()},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            return _refused(error, wanted), None
        return Verdict.TAKEN, _read(wanted, answer["Attributes"])

    def mark(self, journal: Journal) -> None:
        """Store the states.

        Raises:
            ConflictError: another worker holds the chunk by now.
        """
        try:
            self._client.update_item(**self._update(journal, "SET #states = :states, why = :why"))
        except self._client.exceptions.ConditionalCheckFailedException as error:
            raise ConflictError("the chunk is in other hands") from error

    def finish(self, journal: Journal, *, done: bool, deltas: Mapping[str, int]) -> None:
        """Store states and count `deltas` in one transaction, and let the chunk go.

        Raises:
            ConflictError: another worker holds the chunk by now.
        """
        after = {":done": True} if done else {":next": journal.generation + 1}
        sets = "done = :done" if done else "generation = :next"
        change = f"SET #states = :states, why = :why, {sets} REMOVE #owner, lease"
        actions = [{"Update": self._update(journal, change, after)}]
        actions += counting(self._table, journal.run, zlib.crc32(journal.chunk.encode()), deltas)
        try:
            self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except ClientError as error:
            if lost(error).get(0) == NOT_AS_EXPECTED:
                raise ConflictError("the chunk is in other hands") from error
            # Something was only busy: giving up now would leave who was just sent to in doubt.
            self.finish(journal, done=done, deltas=deltas)

    def _update(self, journal: Journal, change: str, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
        why = {str(index): reason for index, reason in journal.why.items()}
        values = {
            ":owner": journal.owner,
            ":generation": journal.generation,
            ":states": journal.states,
            ":why": why,
            **(more or {}),
        }
        return {
            "TableName": self._table,
            "Key": _key(journal),
            "UpdateExpression": change,
            "ConditionExpression": "#owner = :owner AND generation = :generation",
            "ExpressionAttributeNames": {"#owner": "owner", "#states": "states"},
            "ExpressionAttributeValues": {name: attribute(value) for name, value in values.items()},
        }


def _key(journal: Journal) -> Item:
    return {"pk": {"S": f"run#{journal.run}"}, "sk": {"S": f"chunk#{journal.chunk}"}}


def _refused(error: ClientError, wanted: Journal) -> Verdict:
    """Done, where the chunk is worked off or has gone on since; busy, where somebody holds it."""
    found: Item = error.response.get("Item", {})  # type: ignore[assignment]
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException" or not found:
        raise error
    stale = int(plain(found["generation"])) > wanted.generation
    return Verdict.DONE if "done" in found or stale else Verdict.BUSY


def _read(wanted: Journal, found: Item) -> Journal:
    values = plain_item(found)
    why = {int(index): reason for index, reason in values.get("why", {}).items()}
    return Journal(wanted.run, wanted.chunk, wanted.owner, wanted.generation, values["states"], why)
