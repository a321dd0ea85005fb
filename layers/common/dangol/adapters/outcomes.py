"""The Outcomes table: what a person did towards a run."""

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from dangol.adapters.items import Item, attribute, binary, decimal, item
from dangol.adapters.transactions import counting, lost, read_all
from dangol.ports import Outcome

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ID_BYTES: Final = 8


class DynamoOutcomes:
    """Outcomes in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str, campaigns_table: str) -> None:
        self._client = client
        self._table = table
        self._campaigns = campaigns_table

    def get_many(self, keys: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], Outcome]:
        """The outcomes of these people and runs; an empty one, rev 0, where there is none."""
        wanted = [item({"user_id": user, "run": str(run)}) for user, run in keys]
        found = [read_outcome(f) for f in read_all(self._client, self._table, wanted, consistent=True)]
        known = {(outcome.user_id, outcome.run): outcome for outcome in found}
        return {key: known.get(key) or Outcome(*key) for key in keys}

    def put_counted(
        self, changed: Sequence[Outcome], run: str, deltas: Mapping[str, Decimal], expires: datetime
    ) -> bool:
        """Store all, and count, in one transaction; False where a `rev` had moved on and nothing was stored."""
        shard = zlib.crc32(changed[0].user_id.encode())
        actions: list[dict[str, Any]] = [{"Put": self._put(outcome, expires)} for outcome in changed]
        actions += counting(self._campaigns, run, shard, deltas)
        try:
            self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except ClientError as error:
            lost(error)
            return False
        return True

    def _put(self, outcome: Outcome, expires: datetime) -> dict[str, Any]:
        new = outcome.rev == 1
        condition = "attribute_not_exists(user_id)" if new else "rev = :rev"
        values = {} if new else {"ExpressionAttributeValues": {":rev": attribute(outcome.rev - 1)}}
        written = write_outcome(outcome, expires)
        return {"TableName": self._table, "Item": written, "ConditionExpression": condition, **values}


def write_outcome(outcome: Outcome, expires: datetime) -> Item:
    """Write an outcome as an item; it expires after its run's window."""
    return item(
        {
            "user_id": outcome.user_id,
            "run": str(outcome.run),
            "rev": outcome.rev,
            "sums": outcome.sums,
            "ids": {kind: b"".join(sorted(ids)) for kind, ids in outcome.ids.items()},
            "expires_at": int(expires.timestamp()),
        }
    )


def read_outcome(found: Item) -> Outcome:
    """Read what `write_outcome` wrote; sums stay exact."""
    return Outcome(
        user_id=found["user_id"]["S"],
        run=int(found["run"]["S"]),
        sums={kind: decimal(typed) for kind, typed in found["sums"]["M"].items()},
        ids={kind: _ids(binary(typed)) for kind, typed in found["ids"]["M"].items()},
        rev=int(found["rev"]["N"]),
    )


def _ids(packed: bytes) -> frozenset[bytes]:
    return frozenset(packed[i : i + _ID_BYTES] for i in range(0, len(packed), _ID_BYTES))
