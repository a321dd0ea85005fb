"""The Profiles table."""

import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from dangol.adapters.conditional import write_all
from dangol.adapters.filters import Expression
from dangol.adapters.histories import read_history, unpacked, write_history
from dangol.adapters.items import Item, item, plain, plain_item
from dangol.adapters.parsing import uncollected
from dangol.adapters.quick import decision
from dangol.adapters.transactions import read_all
from dangol.domain.pending import Pending
from dangol.domain.profile import ANONYMOUS_PREFIX, Profile
from dangol.domain.sieve import Columns, Test
from dangol.ports import Page, Search

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# One task reads about this much; a page is 1 MB.
_BYTES_PER_TASK: Final = 32 * 1024 * 1024
_MAX_TASKS: Final = 64
_SEEN_ID: Final = struct.Struct(">8sH")
_MARK: Final = struct.Struct(">8s")
# A visitor who was merged into a person is nobody any more.
_NOT_MERGED: Final = "attribute_not_exists(merged_into)"
_NOTHING: Final[Item] = {"M": {}}


class DynamoProfiles:
    """People in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table
        # What scanning has cost so far, in read units.
        self.read_units = 0.0

    def tasks(self) -> int:
        """Into how many tasks a scan of the table is worth splitting."""
        return min(_MAX_TASKS, 1 + self.size() // _BYTES_PER_TASK)

    def size(self) -> int:
        """The table's size in bytes; AWS brings it up to date every six hours."""
        return self._client.describe_table(TableName=self._table)["Table"].get("TableSizeBytes", 0)

    def scan(self, task: int, tasks: int, start: str | None, search: Search) -> Iterator[Page]:
        """Pages of one scan task; people hold what `search` reads of them, and whom its sieve drops are left out."""
        read = reader(search)
        pages = self._pages(task, tasks, start, _request(search.sieve.may, search.columns))
        for page in uncollected(pages):
            key = page.get("LastEvaluatedKey")
            yield Page(read(page["Items"]), page["ScannedCount"], json.dumps(key) if key else None)

    def count(self, task: int, tasks: int, test: Test) -> Iterator[tuple[int, int]]:
        """Pages of one scan task: how many people pass an exact test, and how many were looked at."""
        asked = {**_request(test, Columns(whole=True)), "Select": "COUNT"}
        for page in self._pages(task, tasks, None, asked):
            yield page["Count"], page["ScannedCount"]

    def _pages(self, task: int, tasks: int, start: str | None, asked: dict[str, Any]) -> Iterator[Any]:
        key = json.loads(start) if start else None
        while True:
            more: dict[str, Any] = {"ExclusiveStartKey": key} if key else {}
            page = self._client.scan(
                TableName=self._table,
                Segment=task,
                TotalSegments=tasks,
                ReturnConsumedCapacity="TOTAL",
                **asked,
                **more,
            )
            self.read_units += page["ConsumedCapacity"]["CapacityUnits"]
            yield page
            key = page.get("LastEvaluatedKey")
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


def _request(test: Test, columns: Columns) -> dict[str, Any]:
    """What of a scan's request says whom and what it is for."""
    expression = Expression()
    condition = expression.filter(test)
    told = {
        "FilterExpression": f"{_NOT_MERGED} AND {condition}" if condition else _NOT_MERGED,
        "ProjectionExpression": expression.projection(columns),
        "ExpressionAttributeNames": expression.names,
        "ExpressionAttributeValues": expression.values,
    }
    # DynamoDB refuses what is empty.
    return {name: value for name, value in told.items() if value}


def reader(search: Search) -> Callable[[Sequence[Item]], list[tuple[Profile, bool]]]:
    """How to read a page of items: only those who may be selected, and of them only what is looked for."""
    decide, columns = decision(search.sieve), search.columns

    def read(found: Sequence[Item]) -> list[tuple[Profile, bool]]:
        people = []
        for one in found:
            sure = decide(one)
            if sure is not False:
                people.append((read_columns(one, columns), bool(sure)))
        return people

    return read


def _raised(profile: Profile) -> Item:
    """A stored profile as its writer wrote it."""
    return write_profile(replace(profile, rev=profile.rev - 1))


def write_profile(profile: Profile) -> Item:
    """Write a profile as an item, one `rev` on; what is empty takes no room."""
    values = {
        "user_id": profile.user_id,
        "traits": profile.traits,
        "trait_times": profile.trait_times,
        "did": {key: write_history(history) for key, history in profile.histories.items()},
        "watermarks": profile.watermarks,
        "consents": profile.consents,
        "lists": profile.lists,
        "seen": b"".join(_SEEN_ID.pack(event, day) for event, day in sorted(profile.seen.items())),
        "absorbed": b"".join(sorted(profile.absorbed)),
    }
    if profile.user_id.startswith(ANONYMOUS_PREFIX):
        values["pending"] = _written(profile.pending)
    # A new item holds what there is; an update writes all, since a trait may have been taken away.
    kept = values if profile.rev else {name: value for name, value in values.items() if value}
    # Its mere presence keeps a merged visitor out of scans.
    merged = {"merged_into": profile.merged_into} if profile.merged_into else {}
    return item({**kept, **merged, "rev": profile.rev + 1})


def _written(pending: Sequence[Pending]) -> str:
    told = [(each.at, each.id, each.event, each.value, each.properties) for each in pending]
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")) if told else ""


def read_profile(found: Item) -> Profile:
    """Read what `write_profile` wrote."""
    values = plain_item(found)
    return Profile(
        user_id=values["user_id"],
        traits=values.get("traits", {}),
        trait_times=values.get("trait_times", {}),
        histories={key: unpacked(history) for key, history in values.get("did", {}).items()},
        watermarks=values.get("watermarks", {}),
        consents=values.get("consents", {}),
        lists=values.get("lists", {}),
        seen=dict(_SEEN_ID.iter_unpack(values.get("seen", b""))),
        pending=tuple(Pending(*told) for told in json.loads(values.get("pending") or "[]")),
        merged_into=values.get("merged_into"),
        absorbed=frozenset(absorbed for (absorbed,) in _MARK.iter_unpack(values.get("absorbed", b""))),
        rev=values["rev"],
    )


def read_columns(found: Item, columns: Columns) -> Profile:
    """Read of a profile what `columns` names; the rest is as if it were not there."""
    if columns.whole:
        return read_profile(found)
    traits, did = (found.get(name, _NOTHING)["M"] for name in ("traits", "did"))
    return Profile(
        user_id=found["user_id"]["S"],
        traits={name: plain(traits[name]) for name in columns.traits if name in traits},
        histories={key: read_history(did[key]["M"]) for key in columns.events if key in did},
        watermarks=plain(found.get("watermarks", _NOTHING)) if columns.watermarks else {},
        consents=plain(found.get("consents", _NOTHING)) if columns.consents else {},
        lists=plain(found.get("lists", _NOTHING)) if columns.lists else {},
    )
