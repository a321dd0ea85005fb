"""Questions to the lake, answered from its files.

For the local cloud, whose Athena holds 32 MB for every file it opens: a thousand small files are too many there.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from dangol.ports import Objects

_PAGE: Final = 1_000
_KINDS: Final = ("clicked", "opened", "unsubscribed")


class LakeFiles:
    """The lake bucket, read file by file."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def totals(self, run: str) -> Mapping[str, int]:
        """How many clicks, opens and opt-outs there were in all, each event once."""
        ids: dict[str, set[str]] = {kind: set() for kind in _KINDS}
        for row in self._rows():
            if row.get("run") == run:
                ids[row["kind"]].add(row["id"])
        return {kind: len(found) for kind, found in ids.items()}

    def _rows(self) -> Iterator[dict[str, Any]]:
        after = None
        while keys := self._objects.keys("engagement/", after, _PAGE):
            for key in keys:
                yield from map(json.loads, gzip.decompress(self._objects.get(key)).splitlines())
            after = keys[-1]
