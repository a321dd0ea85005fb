"""The Profiles table, and the ids of events taken lately in the Outcomes table."""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from dangol.adapters.items import Item, item, plain_item
from dangol.adapters.transactions import TRANSACTION, batched, lost, read_all
from dangol.domain.profile import History, Profile
from dangol.ports import Seen

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# One task reads about this much; a page is 1 MB.
_BYTES_PER_TASK: Final = 32 * 1024 * 1024
_MAX_TASKS: Final = 64
# Beside a person's outcomes per run, the Outcomes table keeps what was seen of them.
_SEEN: Final = "#seen"
_SEEN_ID: Final = struct.Struct(">8sI")
_SEEN_BYTES: Final = 300_000
# Of a history: first time, number, total value, and whether values follow the times.
_HEAD: Final = struct.Struct(">IIq?")


class DynamoProfiles:
    """People in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str, outcomes_table: str) -> None:
        self._client = client
        self._table = table
        self._outcomes = outcomes_table
        # What scanning has cost so far, in read units.
        self.read_units = 0.0

    def tasks(self) -> int:
        """Into how many tasks a scan of the table is worth splitting."""
        size = self._client.describe_table(TableName=self._table)["Table"].get("TableSizeBytes", 0)
        return min(_MAX_TASKS, 1 + size // _BYTES_PER_TASK)

    def scan(self, task: int, tasks: int, start: str | None) -> Iterator[tuple[Sequence[Profile], str | None]]:
        """Pages of one scan task, each with the key that continues after it."""
        key = json.loads(start) if start else None
        while True:
            more: dict[str, Any] = {"ExclusiveStartKey": key} if key else {}
            page = self._client.scan(
                TableName=self._table, Segment=task, TotalSegments=tasks, ReturnConsumedCapacity="TOTAL", **more
            )
            self.read_units += page["ConsumedCapacity"]["CapacityUnits"]
            key = page.get("LastEvaluatedKey")
            yield [read_profile(found) for found in page["Items"]], json.dumps(key) if key else None
            if not key:
                return

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Profile]:
        """The profiles of these people; an empty one, rev 0, where there is none."""
        keys = [item({"user_id": user}) for user in dict.fromkeys(user_ids)]
        found = [read_profile(f) for f in read_all(self._client, self._table, keys, consistent=True)]
        return {**{user: Profile(user) for user in user_ids}, **{p.user_id: p for p in found}}

    def seen(self, user_ids: Sequence[str]) -> Mapping[str, Seen]:
        """The ids of events taken lately, per person."""
        keys = [item({"user_id": user, "run": _SEEN}) for user in dict.fromkeys(user_ids)]
        found = read_all(self._client, self._outcomes, keys, consistent=True)
        known = {f["user_id"]["S"]: _read_seen(f) for f in found}
        return {user: known.get(user, Seen()) for user in user_ids}

    def put_seen(self, changed: Sequence[tuple[Profile, Seen]]) -> Sequence[str]:
        """Store each profile with its seen ids, both or neither; the user ids that lost against another writer."""
        losers: list[str] = []
        for some in batched(changed, TRANSACTION // 2):
            losers += self._put(some)
        return losers

    def _put(self, changed: list[tuple[Profile, Seen]]) -> list[str]:
        owners, actions = [], []
        for profile, seen in changed:
            writes = [self._profile(profile), *([self._seen(profile.user_id, seen)] if seen.ids else [])]
            actions += [{"Put": write} for write in writes]
            owners += [profile.user_id] * len(writes)
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            losers = {owners[place] for place in lost(error)}
            rest = [pair for pair in changed if pair[0].user_id not in losers]
            return [*losers, *(self._put(rest) if rest else [])]
        return []

    def _profile(self, profile: Profile) -> dict[str, Any]:
        return _conditional(self._table, write_profile(profile), profile.rev)

    def _seen(self, user_id: str, seen: Seen) -> dict[str, Any]:
        newest = sorted(seen.ids.items(), key=lambda pair: -pair[1])[: _SEEN_BYTES // _SEEN_ID.size]
        packed = b"".join(_SEEN_ID.pack(event, day) for event, day in newest)
        expires = (max(seen.ids.values()) + 15) * 86_400
        values = {"user_id": user_id, "run": _SEEN, "ids": packed, "rev": seen.rev + 1, "expires_at": expires}
        return _conditional(self._outcomes, item(values), seen.rev)


def _conditional(table: str, written: Item, rev: int) -> dict[str, Any]:
    if not rev:
        return {"TableName": table, "Item": written, "ConditionExpression": "attribute_not_exists(user_id)"}
    return {
        "TableName": table,
        "Item": written,
        "ConditionExpression": "rev = :rev",
        "ExpressionAttributeValues": {":rev": {"N": str(rev)}},
    }


def _read_seen(found: Item) -> Seen:
    return Seen(dict(_SEEN_ID.iter_unpack(found["ids"]["B"])), int(found["rev"]["N"]))


def write_profile(profile: Profile) -> Item:
    """Write a profile as an item, one `rev` on; what is empty takes no room."""
    values = {
        "user_id": profile.user_id,
        "traits": profile.traits,
        "trait_times": profile.trait_times,
        "did": {key: _write_history(history) for key, history in profile.histories.items()},
        "watermarks": profile.watermarks,
        "consents": profile.consents,
    }
    return item({**{name: value for name, value in values.items() if value}, "rev": profile.rev + 1})


def read_profile(found: Item) -> Profile:
    """Read what `write_profile` wrote."""
    values = plain_item(found)
    return Profile(
        user_id=values["user_id"],
        traits=values.get("traits", {}),
        trait_times=values.get("trait_times", {}),
        histories={key: _read_history(history) for key, history in values.get("did", {}).items()},
        watermarks=values.get("watermarks", {}),
        consents=values.get("consents", {}),
        rev=values["rev"],
    )


def _write_history(history: History) -> dict[str, Any]:
    """The latest time by itself, for filters; everything else packed."""
    valued = bool(history.total or any(history.values))
    head = _HEAD.pack(history.first, history.count, history.total, valued)
    count = len(history.times)
    values = struct.pack(f">{count}q", *history.values) if valued else b""
    return {"l": history.last, "b": head + struct.pack(f">{count}I", *history.times) + values}


def _read_history(written: Mapping[str, Any]) -> History:
    packed = written["b"]
    first, number, total, valued = _HEAD.unpack_from(packed)
    count = (len(packed) - _HEAD.size) // (12 if valued else 4)
    times = struct.unpack_from(f">{count}I", packed, _HEAD.size)
    values = struct.unpack_from(f">{count}q", packed, _HEAD.size + 4 * count) if valued else (0,) * count
    return History(first, written["l"], number, total, times, values)
