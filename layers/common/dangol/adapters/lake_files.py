"""Questions to the lake, answered from its files.

For the local cloud, whose Athena holds 32 MB for every file it opens: a thousand small files are too many there.
"""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final

from dangol.ports import Objects

_PAGE: Final = 1_000
_KINDS: Final = ("clicked", "opened", "unsubscribed")
# What is told of a person, by table.
TRACES: Final = {
    "decisions": ("at", "outcome", "reason", "channel"),
    "engagement": ("at", "kind", "verdict", "reason"),
}


class LakeFiles:
    """The lake bucket, read file by file."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def totals(self, run: str) -> Mapping[str, int]:
        """How many clicks, opens and opt-outs there were in all, each event once."""
        ids: dict[str, set[str]] = {kind: set() for kind in _KINDS}
        for row in self._rows("engagement/"):
            if row.get("run") == run and row["kind"] in ids:
                ids[row["kind"]].add(row["id"])
        return {kind: len(found) for kind, found in ids.items()}

    def of_person(self, user_id: str, run: str, since: date) -> Sequence[Mapping[str, str]]:
        """What was decided about a person in a run and what they did, the oldest first, each once."""
        found: dict[str, dict[str, str]] = {}
        for table, named in TRACES.items():
            for row in self._rows(f"{table}/", after=f"{table}/dt={since.isoformat()}"):
                if row.get("run") == run and row["user_id"] == user_id:
                    trace = {"kind": "decided", **{name: row[name] for name in named if row.get(name)}}
                    found.setdefault(row.get("id") or json.dumps(trace), trace)
        return sorted(found.values(), key=lambda trace: trace["at"])

    def _rows(self, prefix: str, after: str | None = None) -> Iterator[dict[str, Any]]:
        while keys := self._objects.keys(prefix, after, _PAGE):
            for key in keys:
                yield from map(json.loads, gzip.decompress(self._objects.get(key)).splitlines())
            after = keys[-1]
