"""What a message is known by at its provider, so that a receipt finds its run and person: `RUN:USER_ID`.

Where another channel may follow, the place of the recipient stands behind the run: `RUN@CHUNK_INDEX:USER_ID`. Standard
library alone: `track` reads receipts.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

# A run's number, in digits.
_RUN_DIGITS = 10
_MOST_PLACE = 64


class Reference(NamedTuple):
    """The number of the run, the person, and their place in the run; empty where nothing can follow."""

    run: int
    user_id: str
    place: str = ""

    def __str__(self) -> str:
        """What the message is handed over with."""
        return f"{self.run}{'@' if self.place else ''}{self.place}:{self.user_id}"

    @property
    def told(self) -> dict[str, Any]:
        """What of a receipt it is, by the names of `contracts.Received`."""
        placed = {"place": self.place} if self.place else {}
        return {"run": self.run, "user_id": self.user_id, **placed}


def place_of(chunk: str, index: int) -> str:
    """The place of a recipient in a run: the chunk, and where in it."""
    return f"{chunk}_{index}"


def read_place(place: str) -> tuple[str, int] | None:
    """The chunk and the index of a place; None where it is none."""
    chunk, _, index = place.rpartition("_")
    if not chunk or len(place) > _MOST_PLACE or not index.isascii() or not index.isdigit():
        return None
    return chunk, int(index)


def read_reference(reference: str) -> Reference | None:
    """Whose message a reference names; None where it is none of ours."""
    told, _, user_id = reference.partition(":")
    run, _, place = told.partition("@")
    if not run.isascii() or not run.isdigit() or len(run) > _RUN_DIGITS or not user_id:
        return None
    return Reference(int(run), user_id, place)


def run_of(reference: str) -> str:
    """The number of the run, which every message of it shares."""
    return reference.partition(":")[0].partition("@")[0]


def split_reference(reference: str, length: int) -> dict[str, str]:
    """A reference in named fields of at most `length` characters: `reference`, `reference2`, and so on."""
    parts = [reference[start : start + length] for start in range(0, len(reference), length)]
    return {"reference" if place == 1 else f"reference{place}": part for place, part in enumerate(parts, 1)}


def joined_reference(fields: Mapping[str, object]) -> str:
    """The reference in such fields; empty where there is none."""
    whole, place = str(fields.get("reference", "")), 2
    while f"reference{place}" in fields:
        whole, place = whole + str(fields[f"reference{place}"]), place + 1
    return whole
