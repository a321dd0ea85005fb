"""The journals of chunks in the Campaigns table: the fence between dispatchers."""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dangol.adapters.items import Item, attribute, plain, plain_item
from dangol.adapters.transactions import NOT_AS_EXPECTED, counting, lost
from dangol.domain.errors import ConflictError
from dangol.ports import Journal, Standing, Verdict

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
                " #states = if_not_exists(#states, :states) REMOVE parked",
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
        self._let_go(journal, self._update(journal, change, after), deltas, [])

    def park(self, journal: Journal, *, deltas: Mapping[str, int], until: float | None) -> bool:
        """Like `finish`, for a chunk that no message carries on until `until`, or until the run is resumed (None).

        False, with nothing stored, where the run is not paused any more, or, with a time, where it is cancelled.

        Raises:
            ConflictError: another worker holds the chunk by now.
        """
        after = {":next": journal.generation + 2, ":parked": until or 0.0}
        change = "SET #states = :states, why = :why, generation = :next, parked = :parked REMOVE #owner, lease"
        run = {"pk": {"S": f"run#{journal.run}"}, "sk": {"S": "run"}}
        # Whoever resumes or cancels says so in the run first and looks for parked chunks then.
        if until is None:
            check: dict[str, Any] = {"ConditionExpression": "attribute_exists(paused)"}
        else:
            check = {
                "ConditionExpression": "#state <> :cancelled",
                "ExpressionAttributeNames": {"#state": "state"},
                "ExpressionAttributeValues": {":cancelled": {"S": "cancelled"}},
            }
        checks = [{"ConditionCheck": {"TableName": self._table, "Key": run, **check}}]
        return self._let_go(journal, self._update(journal, change, after), deltas, checks)

    def of_step(self, run: str, step: str) -> Sequence[Standing]:
        """Where the chunks of a scan step stand, those that anybody ever took."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :step)",
            ExpressionAttributeValues={":pk": {"S": f"run#{run}"}, ":step": {"S": f"chunk#{step}-"}},
            ConsistentRead=True,
        )
        return [_standing(found) for page in pages for found in page["Items"]]

    def _let_go(
        self, journal: Journal, update: dict[str, Any], deltas: Mapping[str, int], checks: list[dict[str, Any]]
    ) -> bool:
        counted = counting(self._table, journal.run, zlib.crc32(journal.chunk.encode()), deltas)
        actions: list[Any] = [{"Update": update}, *counted, *checks]
        while True:
            try:
                self._client.transact_write_items(TransactItems=actions)
            except ClientError as error:
                codes = lost(error)
                if codes.get(0) == NOT_AS_EXPECTED:
                    raise ConflictError("the chunk is in other hands") from error
                if checks and codes.get(len(actions) - 1) == NOT_AS_EXPECTED:
                    return False
                # Something was only busy: giving up now would leave who was just sent to in doubt.
            else:
                return True

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


def _standing(found: Item) -> Standing:
    values = plain_item(found)
    chunk = values["sk"].removeprefix("chunk#")
    return Standing(chunk, values["generation"], values["states"], "done" in values, values.get("parked"))
