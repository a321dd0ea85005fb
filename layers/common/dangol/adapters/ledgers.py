"""The Ledger table: batched conditional claims, and flags counted in one transaction."""

import zlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from dangol.adapters.conditional import write_all
from dangol.adapters.items import Item, attribute, item, plain_item
from dangol.adapters.transactions import counting, lost, read_all
from dangol.domain.ledger import Ledger, pack, pack_clicks, unpack, unpack_clicks

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoLedgers:
    """Ledgers in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str, campaigns_table: str) -> None:
        self._client = client
        self._table = table
        self._campaigns = campaigns_table

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Ledger]:
        """The ledgers of these people; an empty one, rev 0, where there is none."""
        keys = [item({"user_id": user}) for user in dict.fromkeys(user_ids)]
        found = [read_ledger(f) for f in read_all(self._client, self._table, keys, consistent=True)]
        known = {ledger.user_id: ledger for ledger in found}
        return {user: known.get(user) or Ledger(user) for user in user_ids}

    def put_many(self, changed: Sequence[Ledger]) -> Mapping[str, Ledger]:
        """Store each where its `rev` is one above the stored; those who lost, as they stand now."""
        refused = write_all(self._client, self._table, [write_ledger(ledger) for ledger in changed])
        wanted = {ledger.user_id: ledger for ledger in changed}
        stored = self.get_many(refused) if refused else {}
        # A request that was answered late and repeated fails its own condition: then it stands as we wrote it.
        return {user: ledger for user, ledger in stored.items() if ledger != wanted[user]}

    def put_counted(self, changed: Sequence[Ledger], run: str, deltas: Mapping[str, int]) -> bool:
        """Store all, and count, in one transaction; False where a `rev` had moved on and nothing was stored."""
        shard = zlib.crc32(changed[0].user_id.encode())
        actions = [put_action(self._table, ledger) for ledger in changed]
        actions += counting(self._campaigns, run, shard, deltas)
        try:
            self._client.transact_write_items(TransactItems=actions)  # type: ignore[arg-type]
        except ClientError as error:
            lost(error)
            return False
        return True


def put_action(table: str, ledger: Ledger) -> dict[str, Any]:
    """The part of a transaction that stores a ledger where its `rev` is one above the stored."""
    new = ledger.rev == 1
    condition = "attribute_not_exists(user_id)" if new else "rev = :rev"
    values = {} if new else {"ExpressionAttributeValues": {":rev": attribute(ledger.rev - 1)}}
    return {"Put": {"TableName": table, "Item": write_ledger(ledger), "ConditionExpression": condition, **values}}


def write_ledger(ledger: Ledger) -> Item:
    """Write a ledger as an item; what is empty takes no room, where nothing can be left of it in the table."""
    values: dict[str, Any] = {"user_id": ledger.user_id, "rev": ledger.rev, "entries": pack(ledger.entries)}
    if ledger.consents:
        values["consents"] = dict(ledger.consents)
    if ledger.night:
        values["night"] = ledger.night
    if ledger.suppressed:
        values["suppressed"] = ledger.suppressed
    # Of these alone an update may leave nothing, and an update writes over only what it names.
    if ledger.clicks or ledger.rev > 1:
        values["clicks"] = pack_clicks(ledger.clicks)
    if ledger.pace or ledger.rev > 1:
        values["pace"] = ledger.pace
    return item(values)


def read_ledger(found: Item) -> Ledger:
    """Read what `write_ledger` wrote."""
    values = plain_item(found)
    return Ledger(
        user_id=values["user_id"],
        rev=values["rev"],
        consents=values.get("consents", {}),
        night=values.get("night", 0),
        suppressed=values.get("suppressed", frozenset()),
        entries=unpack(values.get("entries", b"")),
        clicks=unpack_clicks(values.get("clicks", b"")),
        pace=values.get("pace", 0),
    )
