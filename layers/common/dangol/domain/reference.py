"""What a message is known by at its provider, so that a receipt finds its run and person: `RUN:USER_ID`.

Standard library alone: `track` reads receipts.
"""

from collections.abc import Mapping

# A run's number, in digits.
_RUN_DIGITS = 10


def read_reference(reference: str) -> tuple[int, str] | None:
    """The number of the run and the user id; None where it is none of ours."""
    run, _, user_id = reference.partition(":")
    if not run.isascii() or not run.isdigit() or len(run) > _RUN_DIGITS or not user_id:
        return None
    return int(run), user_id


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
