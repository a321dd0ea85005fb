"""What happened as JSON lines in the lake, for Athena; `dt` is the day on which we learned of it."""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from dangol.contracts import Consented, Decisions, Identified, Performed, Tracked
from dangol.pipeline.known_runs import KnownRuns
from dangol.ports import Objects


class LakeWriter:
    """Writes batches, each as one object whose name is made from its content."""

    def __init__(self, objects: Objects, known: KnownRuns) -> None:
        self._objects = objects
        self._known = known

    def write(self, batch: Sequence[Decisions | Tracked | Performed | Identified | Consented], now: datetime) -> None:
        """Write a batch; one that is written again lands on the same object."""
        decisions = [row for h in batch if isinstance(h, Decisions) for row in decision_rows(h)]
        events = [self._row(h) for h in batch if not isinstance(h, Decisions)]
        for table, rows in (("decisions", decisions), ("events", events)):
            if rows:
                self._put(table, rows, now)

    def _put(self, table: str, rows: Iterable[Mapping[str, Any]], now: datetime) -> None:
        lines = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows).encode()
        name = hashlib.sha256(lines).hexdigest()[:32]
        key = f"{table}/dt={now.astimezone(UTC):%Y-%m-%d}/{name}.json.gz"
        self._objects.put_once(key, gzip.compress(lines, compresslevel=4, mtime=0))

    def _row(self, happening: Tracked | Performed | Identified | Consented) -> dict[str, Any]:
        row: dict[str, Any] = {
            "id": happening.id,
            "kind": happening.kind,
            "user_id": happening.user_id,
            "at": _iso(happening.at),
            "at_ms": happening.at,
        }
        if isinstance(happening, Tracked):
            return {**row, **self._tracked(happening)}
        row |= {"received_at": _iso(happening.received_at), "source": happening.source}
        if isinstance(happening, Consented):
            return {**row, "properties": json.dumps(happening.consents)}
        if isinstance(happening, Identified):
            return {**row, "properties": json.dumps(happening.traits, ensure_ascii=False)}
        value = None if happening.value is None else float(happening.value)
        properties = json.dumps(happening.properties, ensure_ascii=False)
        return {**row, "event": happening.event, "value": value, "properties": properties}

    def _tracked(self, happening: Tracked) -> dict[str, Any]:
        known = self._known.get(happening.run)
        names = {"run": known[0].run, "campaign": known[0].campaign_id} if known else {}
        judged = {"verdict": happening.verdict, "reason": happening.reason, "user_agent": happening.user_agent}
        properties = json.dumps(judged, ensure_ascii=False)
        return {**names, "variant": happening.variant, "link": happening.link, "properties": properties}


def decision_rows(decisions: Decisions) -> list[dict[str, Any]]:
    """One row for each recipient of a chunk."""
    shared = {
        "run": decisions.run,
        "campaign": decisions.campaign,
        "channel": decisions.channel,
        "at": _iso(decisions.at),
        "at_ms": decisions.at,
    }
    return [{**shared, **d.model_dump(exclude_none=True)} for d in decisions.decided]


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).isoformat(timespec="milliseconds")
