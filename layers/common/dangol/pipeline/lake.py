"""What happened as JSON lines in the lake, for Athena; `dt` is the day on which we learned of it."""

import gzip
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from dangol.contracts import (
    Aliased,
    Consented,
    Decisions,
    Happening,
    Identified,
    Listed,
    Noticed,
    Performed,
    Received,
    Tracked,
)
from dangol.pipeline.known_runs import KnownRuns
from dangol.ports import Objects

Told = Performed | Identified | Aliased | Consented | Noticed
_NOTICED: Final = {"of", "by", "channel", "given", "outcome", "answered"}
_EVIDENCE: Final = {"night", "pace", "wording", "ip", "user_agent", "run"}

# What the lake keeps of a message's engagement and receipts beside who, when and which run.
_TOLD: Final = {"variant", "link", "verdict", "reason", "user_agent", "permanent"}
# With every column in every row: a reader that looks at the files alone would miss one that is empty for long.
_UNTOLD: Final = dict.fromkeys(sorted(_TOLD))


class LakeWriter:
    """Writes batches, each as one object whose name is made from its content."""

    def __init__(self, objects: Objects, known: KnownRuns) -> None:
        self._objects = objects
        self._known = known

    def write(self, batch: Sequence[Happening], now: datetime) -> None:
        """Write a batch; one that is written again lands on the same object."""
        decisions = [row for h in batch if isinstance(h, Decisions) for row in decision_rows(h)]
        engagement = [self._tracked(h) for h in batch if isinstance(h, Tracked | Received)]
        events = [_row(h) for h in batch if isinstance(h, Told)]
        events += [row for h in batch if isinstance(h, Listed) for row in _member_rows(h)]
        for table, rows in (("decisions", decisions), ("engagement", engagement), ("events", events)):
            self.put(table, rows, now)

    def put(self, table: str, rows: Sequence[Mapping[str, Any]], now: datetime) -> None:
        """Write the rows of one table; none write nothing, the same again land on the same object."""
        if not rows:
            return
        lines = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        name = hashlib.sha256(lines).hexdigest()[:32]
        key = f"{table}/dt={now.astimezone(UTC):%Y-%m-%d}/{name}.json.gz"
        self._objects.put_once(key, gzip.compress(lines, compresslevel=4, mtime=0))

    def _tracked(self, happening: Tracked | Received) -> dict[str, Any]:
        known = self._known.get(happening.run)
        run, campaign = (known[0].run, known[0].campaign_id) if known else (None, None)
        told = happening.model_dump(include=_TOLD)
        return {**_common(happening), "run": run, "campaign": campaign, **_UNTOLD, **told}


def _common(happening: Tracked | Received | Told) -> dict[str, Any]:
    return {
        "id": happening.id,
        "kind": happening.kind,
        "user_id": happening.user_id,
        **stamps(happening.at),
    }


def _row(happening: Told) -> dict[str, Any]:
    row = {**_common(happening), "received_at": _iso(happening.received_at), "source": happening.source}
    if isinstance(happening, Performed):
        value = None if happening.value is None else float(happening.value)
        return {**row, "event": happening.event, "value": value, "properties": _json(happening.properties)}
    if isinstance(happening, Identified):
        return {**row, "properties": _json(happening.traits)}
    if isinstance(happening, Aliased):
        return {**row, "properties": _json({"previous_id": happening.previous_id})}
    if isinstance(happening, Noticed):
        return {**row, "properties": _json(happening.model_dump(include=_NOTICED))}
    evidence = happening.model_dump(include=_EVIDENCE, exclude_defaults=True)
    return {**row, "properties": _json({"consents": happening.consents, "method": happening.method, **evidence})}


def _member_rows(listed: Listed) -> list[dict[str, Any]]:
    """One row for each person told of."""
    shared = {
        "kind": listed.kind,
        **stamps(listed.at),
        "received_at": _iso(listed.received_at),
        "source": listed.source,
        "properties": _json({"list": listed.name, "member": listed.member}),
    }
    return [{"id": f"{listed.id}:{user}", "user_id": user, **shared} for user in listed.user_ids]


def _json(values: Mapping[str, Any]) -> str:
    return orjson.dumps(values).decode()


def decision_rows(decisions: Decisions) -> list[dict[str, Any]]:
    """One row for each recipient of a chunk."""
    shared = {"run": decisions.run, "campaign": decisions.campaign}
    return [
        {
            **shared,
            "channel": d.channel or decisions.channel,
            **stamps(decisions.at if d.at is None else d.at),
            **d.model_dump(exclude={"channel", "at"}),
        }
        for d in decisions.decided
    ]


def stamps(milliseconds: int) -> dict[str, Any]:
    """When a row happened, in epoch milliseconds: as text for people, as a number for questions."""
    return {"at": _iso(milliseconds), "at_ms": milliseconds}


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).isoformat(timespec="milliseconds")
