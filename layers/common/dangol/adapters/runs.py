"""Runs, their scan steps and their counters in the Campaigns table."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from dangol.adapters.items import Item, attribute, decimal, item, plain_item
from dangol.adapters.transactions import NOT_AS_EXPECTED, lost
from dangol.domain.errors import NotFoundError
from dangol.domain.stopping import Tally
from dangol.domain.winner import Winner
from dangol.ports import RunItem, RunName

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TALLIES: Final = ("scanned", "audience", "inexact", "tasks_closed")


class DynamoRuns:
    """Runs in DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def create(self, run: RunItem) -> RunItem:
        """Store a new run under its next number; the stored one where it exists already."""
        existing = self._find(run.run)
        if existing:
            return existing
        numbered = replace(run, number=self._next_number())
        row = write_run(numbered)
        places = [
            (f"run#{run.run}", "run"),
            (f"number#{numbered.number}", "run"),
            (f"campaign#{run.campaign_id}", f"run#{run.scheduled_at.astimezone(UTC):%Y%m%dT%H%M%S}"),
        ]
        new = "attribute_not_exists(pk)"
        puts = [{"Put": {"TableName": self._table, "Item": _placed(place, row)}} for place in places]
        puts[0]["Put"]["ConditionExpression"] = new
        try:
            self._client.transact_write_items(TransactItems=puts)  # type: ignore[arg-type]
        except ClientError as error:
            if lost(error).get(0) != NOT_AS_EXPECTED:
                return self.create(run)
        return self.get(run.run)

    def get(self, run: str) -> RunItem:
        """A run by name.

        Raises:
            NotFoundError: there is no such run.
        """
        found = self._find(run)
        if found is None:
            raise NotFoundError(f"no run {run}")
        return found

    def by_number(self, number: int) -> RunItem:
        """A run, as it was created, by the number that entries and tokens carry.

        Raises:
            NotFoundError: there is no such run.
        """
        found = self._get(f"number#{number}", "run")
        if found is None:
            raise NotFoundError(f"no run number {number}")
        return read_run(found)

    def of_campaign(self, campaign_id: str) -> Sequence[RunName]:
        """All runs of a campaign, the oldest first."""
        runs = [read_run(found) for found in self._query(f"campaign#{campaign_id}", "run#")]
        return [RunName(run.run, run.number, run.scheduled_at) for run in runs]

    def close_step(self, run: str, step: str, *, scanned: int, selected: int, inexact: int, last: bool) -> RunItem:
        """Count a scan step once, however often it is closed; the run as it then stands."""
        tallies = dict(zip(_TALLIES, (scanned, selected, inexact, int(last)), strict=True))
        key = {"pk": {"S": f"run#{run}"}, "sk": {"S": "run"}}
        step_row = {"pk": {"S": f"run#{run}"}, "sk": {"S": f"step#{step}"}}
        update = {
            "TableName": self._table,
            "Key": key,
            "UpdateExpression": "ADD " + ", ".join(f"{name} :{name}" for name in tallies),
            "ExpressionAttributeValues": {f":{name}": attribute(value) for name, value in tallies.items()},
        }
        once = {"TableName": self._table, "Item": step_row, "ConditionExpression": "attribute_not_exists(pk)"}
        actions: list[Any] = [{"Put": once}, {"Update": update}]
        try:
            self._client.transact_write_items(TransactItems=actions)
        except ClientError as error:
            if lost(error).get(0) != NOT_AS_EXPECTED:
                # Something was only busy: the step is still to be counted.
                return self.close_step(run, step, scanned=scanned, selected=selected, inexact=inexact, last=last)
        return self.get(run)

    def set_state(self, run: str, state: str, *, expected: str, because: str | None = None) -> bool:
        """Move a run from `expected` to `state`; False where it was in another state."""
        values: dict[str, Any] = {":state": attribute(state), ":expected": attribute(expected)}
        sets = "SET #state = :state"
        if because is not None:
            values[":because"] = attribute(because)
            sets += ", stopped_because = :because"
        return self._change(run, sets, "#state = :expected", values, {"#state": "state"})

    def pause(self, run: str, because: str) -> bool:
        """Hold back what is not handed over yet; False where the run is cancelled or paused already."""
        told = {":paused": attribute(because), ":cancelled": attribute("cancelled")}
        condition = "attribute_exists(pk) AND attribute_not_exists(paused) AND #state <> :cancelled"
        return self._change(run, "SET paused = :paused", condition, told, {"#state": "state"})

    def resume(self, run: str, marks: Sequence[Tally]) -> bool:
        """Take the pause away and begin anew with `marks`; False where there was no pause."""
        told = {":marks": attribute(write_marks(marks))}
        return self._change(run, "SET marks = :marks REMOVE paused", "attribute_exists(paused)", told, {})

    def mark(self, run: RunItem, marks: Sequence[Tally]) -> bool:
        """Replace the run's marks; False where they are not those of `run` any more."""
        told = {":marks": attribute(write_marks(marks)), ":known": attribute(write_marks(run.marks))}
        return self._change(run.run, "SET marks = :marks", "marks = :known", told, {})

    def settle(self, run: str, winner: Winner) -> bool:
        """Store what the run's test came to; False where that is decided already."""
        told = {":winner": attribute(json.dumps(winner.told()))}
        return self._change(
            run, "SET winner = :winner", "attribute_exists(pk) AND attribute_not_exists(winner)", told, {}
        )

    def counts(self, run: str) -> Mapping[str, Decimal]:
        """The run's counters, summed over the shards."""
        total: dict[str, Decimal] = defaultdict(Decimal)
        for shard in self._query(f"run#{run}", "count#"):
            for name, typed in shard.items():
                if "N" in typed:
                    total[name] += decimal(typed)
        return dict(total)

    def _change(self, run: str, change: str, condition: str, values: dict[str, Any], names: dict[str, str]) -> bool:
        told: dict[str, Any] = {"ExpressionAttributeValues": values, "ExpressionAttributeNames": names}
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"pk": {"S": f"run#{run}"}, "sk": {"S": "run"}},
                UpdateExpression=change,
                ConditionExpression=condition,
                **{name: some for name, some in told.items() if some},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def _next_number(self) -> int:
        answer = self._client.update_item(
            TableName=self._table,
            Key={"pk": {"S": "numbers"}, "sk": {"S": "run"}},
            UpdateExpression="ADD #last :one",
            ExpressionAttributeNames={"#last": "last"},
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["last"]["N"])

    def _find(self, run: str) -> RunItem | None:
        found = self._get(f"run#{run}", "run")
        return read_run(found) if found else None

    def _get(self, pk: str, sk: str) -> Item | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item")

    def _query(self, pk: str, prefix: str) -> list[Item]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
            ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
        return [found for page in pages for found in page["Items"]]


def _placed(place: tuple[str, str], row: Item) -> Item:
    return {"pk": attribute(place[0]), "sk": attribute(place[1]), **row}


def write_run(run: RunItem) -> Item:
    """Write a run as attributes."""
    values = {
        "run": run.run,
        "number": run.number,
        "campaign": run.campaign_id,
        "version": run.version,
        "scheduled_at": run.scheduled_at.isoformat(),
        "state": run.state,
        "tasks": run.tasks,
        "marks": write_marks(run.marks),
        **{name: getattr(run, name) for name in _TALLIES},
    }
    return item(values)


def read_run(found: Item) -> RunItem:
    """Read what `write_run` wrote."""
    values = plain_item(found)
    return RunItem(
        run=values["run"],
        number=values["number"],
        campaign_id=values["campaign"],
        version=values["version"],
        scheduled_at=datetime.fromisoformat(values["scheduled_at"]),
        state=values["state"],
        tasks=values["tasks"],
        stopped_because=values.get("stopped_because"),
        paused=values.get("paused"),
        marks=read_marks(values["marks"]),
        winner=Winner.read(json.loads(values["winner"])) if "winner" in values else None,
        **{name: values.get(name, 0) for name in _TALLIES},
    )


def write_marks(marks: Sequence[Tally]) -> str:
    """Write marks in a few bytes: `handed,failed,unsubscribed;…`."""
    return ";".join(f"{mark.handed},{mark.failed},{mark.unsubscribed}" for mark in marks)


def read_marks(text: str) -> tuple[Tally, ...]:
    """Read what `write_marks` wrote."""
    return tuple(Tally(*(int(number) for number in mark.split(","))) for mark in text.split(";"))
