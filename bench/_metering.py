"""Requests and capacity of a boto3 client, counted from what it really sends.

The emulator under-reports write units, so they are computed from the items' sizes, by AWS's own rules:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

import json
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, Final

_WRITE_UNIT, _READ_UNIT = 1_024, 4_096
_TABLE: Final = re.compile(r'"([^"]+)"')
_NAMES: Final = re.compile(r"'(\w+)': \?")
Key = tuple[str, str]


def item_size(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The bytes of an item as AWS counts them."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _size(typed: Mapping[str, Any]) -> int:
    ((kind, value),) = typed.items()
    measure = _SIZES.get(kind)
    return measure(value) if measure else 1


_SIZES: Final[Mapping[str, Callable[[Any], int]]] = {
    "S": lambda value: len(value.encode()),
    "N": lambda value: (len(value.strip("-0.")) + 1) // 2 + 1,
    "B": lambda value: len(b64decode(value) if isinstance(value, str) else value),
    "SS": lambda value: sum(len(each.encode()) for each in value),
    "M": lambda value: 3 + sum(1 + len(name.encode()) + _size(inner) for name, inner in value.items()),
    "L": lambda value: 3 + sum(1 + _size(inner) for inner in value),
}


@dataclass(slots=True)
class Meter:
    """What one or more DynamoDB clients asked for."""

    keys: Mapping[str, list[str]]
    requests: Counter[str] = field(default_factory=Counter)
    # Per item, how often it was written, a write of a transaction counting twice; and how often read.
    writes: Counter[Key] = field(default_factory=Counter)
    reads: Counter[Key] = field(default_factory=Counter)

    def attach(self, client: Any) -> None:
        """Count what this client sends from now on, repeated attempts too."""
        client.meta.events.register("before-send.dynamodb", self._sent)

    def _sent(self, request: Any, **_: object) -> None:
        operation = request.headers["X-Amz-Target"]
        name = (operation.decode() if isinstance(operation, bytes) else operation).rpartition(".")[2]
        self.requests[name] += 1
        getattr(self, f"_{name}", self._unknown)(json.loads(request.body))

    def _unknown(self, _body: Mapping[str, Any]) -> None:
        """Whatever asks for no item by its key: descriptions, queries."""

    def _BatchExecuteStatement(self, body: Mapping[str, Any]) -> None:  # noqa: N802 - DynamoDB's names
        for statement in body["Statements"]:
            text, values = statement["Statement"], statement["Parameters"]
            insert = text.startswith("INSERT")
            user = values[_NAMES.findall(text).index("user_id")] if insert else values[-2]
            self.writes[_TABLE.search(text)[1], json.dumps({"user_id": user})] += 1  # type: ignore[index]

    def _PutItem(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        self._write(body["TableName"], body["Item"])

    def _UpdateItem(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        self._write(body["TableName"], body["Key"])

    def _TransactWriteItems(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        for action in body["TransactItems"]:
            ((_, told),) = action.items()
            self._write(told["TableName"], told.get("Key") or told["Item"], times=2)

    def _GetItem(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        self._read(body["TableName"], body["Key"], halves=1 + bool(body.get("ConsistentRead")))

    def _BatchGetItem(self, body: Mapping[str, Any]) -> None:  # noqa: N802
        for table, asked in body["RequestItems"].items():
            for key in asked["Keys"]:
                self._read(table, key, halves=1 + bool(asked.get("ConsistentRead")))

    def _write(self, table: str, item: Mapping[str, Any], *, times: int = 1) -> None:
        self.writes[table, self._key(table, item)] += times

    def _read(self, table: str, item: Mapping[str, Any], *, halves: int) -> None:
        self.reads[table, self._key(table, item)] += halves

    def _key(self, table: str, item: Mapping[str, Any]) -> str:
        return json.dumps({name: item[name] for name in self.keys[table]})

    def units(self, client: Any) -> tuple[float, float]:
        """Write and read units, from the sizes that the items have now, which is the largest they had."""
        sizes = dict(_sizes(client, {*self.writes, *self.reads}))
        written = sum(times * max(1, ceil(sizes.get(key, 0) / _WRITE_UNIT)) for key, times in self.writes.items())
        read = sum(halves / 2 * max(1, ceil(sizes.get(key, 0) / _READ_UNIT)) for key, halves in self.reads.items())
        return written, read


def _sizes(client: Any, keys: Iterable[Key]) -> Iterable[tuple[Key, int]]:
    for table, key in keys:
        found = client.get_item(TableName=table, Key=json.loads(key), ConsistentRead=True).get("Item")
        yield (table, key), item_size(found) if found else 0
