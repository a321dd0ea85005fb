"""Batched writes that each hold only where an item's `rev` is still the one that was read."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from dangol.adapters.items import Item, attribute
from dangol.adapters.transactions import batched

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# The most that BatchExecuteStatement takes.
_STATEMENTS: Final = 25
_WORTH_ANOTHER_TRY: Final = frozenset(
    {
        "ConditionalCheckFailed",
        "DuplicateItem",
        "TransactionConflict",
        "ThrottlingError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "InternalServerError",
    }
)


def write_all(client: "DynamoDBClient", table: str, items: Sequence[Item]) -> list[str]:
    """Write items keyed by `user_id`, each where the stored `rev` is one below its own; who was not written.

    An item of rev 1 must be new. A writer whose answer was lost finds its own write refused: the caller
    compares before it decides again.
    """
    refused: list[str] = []
    for some in batched(items, _STATEMENTS):
        statements: list[Any] = [_statement(table, item) for item in some]
        answers = client.batch_execute_statement(Statements=statements)["Responses"]
        refused += [item["user_id"]["S"] for item, answer in zip(some, answers, strict=True) if _refused(answer)]
    return refused


def _refused(answer: Mapping[str, Any]) -> bool:
    """Whether a statement found another `rev`, or is worth another try.

    Raises ClientError for what no other try would mend: an item that is too large, a permission that is missing.
    """
    error = answer.get("Error")
    if error and error["Code"] not in _WORTH_ANOTHER_TRY:
        raise ClientError({"Error": error}, "BatchExecuteStatement")
    return error is not None


def _statement(table: str, item: Item) -> dict[str, Any]:
    rev = int(item["rev"]["N"])
    if rev == 1:
        members = ", ".join(f"'{name}': ?" for name in item)
        return {"Statement": f'INSERT INTO "{table}" VALUE {{{members}}}', "Parameters": list(item.values())}
    others = {name: value for name, value in item.items() if name != "user_id"}
    sets = " ".join(f'SET "{name}"=?' for name in others)
    return {
        "Statement": f'UPDATE "{table}" {sets} WHERE "user_id"=? AND "rev"=?',
        "Parameters": [*others.values(), item["user_id"], attribute(rev - 1)],
    }
