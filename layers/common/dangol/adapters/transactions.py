"""Transactions and batch reads of DynamoDB, within their limits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeVar

from botocore.exceptions import ClientError

from dangol.adapters.items import Item, attribute

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READ_BATCH: Final = 100
COUNTER_SHARDS: Final = 8
T = TypeVar("T")
# An item was not as expected; or it was busy, and the same transaction may be tried again.
NOT_AS_EXPECTED: Final = "ConditionalCheckFailed"
_LOST: Final = frozenset({NOT_AS_EXPECTED, "TransactionConflict", "ThrottlingError"})


def batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut `values` into lists of at most `size` (itertools has it from 3.12 on)."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def lost(error: ClientError) -> dict[int, str]:
    """The places in a cancelled transaction whose item was not as expected, or busy, each with its code.

    Raises the error again where it was cancelled for another reason.
    """
    reasons = error.response.get("CancellationReasons")
    if error.response["Error"]["Code"] != "TransactionCanceledException" or not reasons:
        raise error
    codes = {place: code for place, reason in enumerate(reasons) if (code := reason.get("Code")) not in {None, "None"}}
    if not _LOST.issuperset(codes.values()):
        raise error
    return codes


def read_all(client: "DynamoDBClient", table: str, keys: Sequence[Item], *, consistent: bool) -> Iterator[Item]:
    """Read the items under `keys`, those that exist, in any order."""
    for some in batched(keys, READ_BATCH):
        wanted: dict[str, Any] = {table: {"Keys": some, "ConsistentRead": consistent}}
        while wanted:
            answer = client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(table, [])
            wanted = answer.get("UnprocessedKeys", {})


def counting(table: str, run: str, shard: int, deltas: Mapping[str, Decimal | int]) -> list[dict[str, Any]]:
    """The action that adds `deltas` to one shard of a run's counters; none where they add nothing."""
    pairs = [(name, value) for name, value in sorted(deltas.items()) if value]
    if not pairs:
        return []
    update = {
        "TableName": table,
        "Key": {"pk": {"S": f"run#{run}"}, "sk": {"S": f"count#{shard % COUNTER_SHARDS}"}},
        "UpdateExpression": "ADD " + ", ".join(f"#n{i} :v{i}" for i in range(len(pairs))),
        "ExpressionAttributeNames": {f"#n{i}": name for i, (name, _) in enumerate(pairs)},
        "ExpressionAttributeValues": {f":v{i}": attribute(value) for i, (_, value) in enumerate(pairs)},
    }
    return [{"Update": update}]
