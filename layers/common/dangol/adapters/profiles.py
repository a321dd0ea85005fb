"""The Profiles table."""

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dangol.adapters.conditional import write_all
from dangol.adapters.items import Item, item, plain_item
from dangol.adapters.transactions import read_all
from dangol.domain.profile import History, Profile

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# One task reads about this much; a page is 1 MB.
_BYTES_PER_TASK: Final = 32 * 1024 * 1024
_MAX_TASKS: Final = 64
_SEEN_ID: Final = struct.Struct(">8sH")
# Of a history: first time, number, total value, and whether values follow the times.
_HEAD: Final = struct.Struct(">IIq?")


class DynamoProfiles:
    """People in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
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

    def put_many(self, changed: Sequence[Profile]) -> Sequence[str]:
        """Store each where nobody changed it since it was read; the user ids that lost."""
        refused = write_all(self._client, self._table, [write_profile(profile) for profile in changed])
        wanted = {profile.user_id: profile for profile in changed}
        stored = self.get_many(refused) if refused else {}
        # A request that was answered late and repeated fails its own condition: then it stands as we wrote it.
        return [user for user, profile in stored.items() if write_profile(wanted[user]) != _raised(profile)]


def _raised(profile: Profile) -> Item:
    """A stored profile as its writer wrote it."""
    return write_profile(replace(profile, rev=profile.rev - 1))


def write_profile(profile: Profile) -> Item:
    """Write a profile as an item, one `rev` on; what is empty takes no room."""
    values = {
        "user_id": profile.user_id,
        "traits": profile.traits,
        "trait_times": profile.trait_times,
        "did": {key: _write_history(history) for key, history in profile.histories.items()},
        "watermarks": profile.watermarks,
        "consents": profile.consents,
        "lists": profile.lists,
        "seen": b"".join(_SEEN_ID.pack(event, day) for event, day in sorted(profile.seen.items())),
    }
    # A new item holds what there is; an update writes all, since a trait may have been taken away.
    kept = values if profile.rev else {name: value for name, value in values.items() if value}
    return item({**kept, "rev": profile.rev + 1})


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
        lists=values.get("lists", {}),
        seen=dict(_SEEN_ID.iter_unpack(values.get("seen", b""))),
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
