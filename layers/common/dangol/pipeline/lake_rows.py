"""One person's rows among the objects of the lake bucket: what they are, and the object without them."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dangol.domain.suppression import forgotten_key

# Everything in the bucket that may hold a person; each kind keeps its rows in its own way.
PREFIXES: Final = ("events/", "engagement/", "decisions/", "conversions/", "console/", "runs/", "athena/")
_GZIP: Final = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Found:
    """What an object holds of a person, and its body without it; None where nothing is left to keep."""

    rows: Sequence[Mapping[str, Any]] = field(repr=False)
    rest: bytes | None = field(repr=False)


def find(key: str, body: bytes, user_id: str) -> Found | None:
    """What the object under `key` holds of a person; None where that is nothing."""
    packed = body.startswith(_GZIP)
    text = gzip.decompress(body) if packed else body
    # Far most objects do not have them, and need not be read line by line.
    if json.dumps(user_id, ensure_ascii=False)[1:-1].encode() not in text:
        return None
    rows, rest = _apart(key, text, user_id)
    if not rows:
        return None
    return Found(rows, gzip.compress(rest, compresslevel=4, mtime=0) if rest and packed else rest)


def _apart(key: str, text: bytes, user_id: str) -> tuple[Sequence[Mapping[str, Any]], bytes | None]:
    if key.startswith("athena/"):
        # The answer to somebody's question, kept for a week and asked again in a second.
        return [{"answer": key}], None
    if key.startswith("runs/"):
        return _step(text, user_id)
    lines = [(line, json.loads(line)) for line in text.splitlines()]
    theirs = [row for _, row in lines if _whose(row) == user_id]
    others = [line for line, row in lines if _whose(row) != user_id]
    return theirs, b"".join(line + b"\n" for line in others) or None


def _whose(row: Mapping[str, Any]) -> str:
    return str(row["user_id"]) if "user_id" in row else str(row["reference"]).partition(":")[2]


def _step(text: bytes, user_id: str) -> tuple[Sequence[Mapping[str, Any]], bytes]:
    """Recipients keep their places, by which journals know them: somebody unnamed stands in this one."""
    step = json.loads(text)
    theirs = [r for chunk in step["chunks"] for r in chunk if r["user_id"] == user_id]
    nobody = {"user_id": forgotten_key(user_id)}
    step["chunks"] = [[nobody if r["user_id"] == user_id else r for r in chunk] for chunk in step["chunks"]]
    return theirs, json.dumps(step, ensure_ascii=False).encode()
