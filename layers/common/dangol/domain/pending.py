"""What a visitor did that may count for a run, once it is known who they are."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

# Some 150 bytes each in the visitor's profile; whoever does more before they sign up keeps the most recent.
MOST_PENDING: Final = 100
# No goal asks for a property as long as this.
MOST_TEXT: Final = 256


@dataclass(frozen=True, slots=True)
class Pending:
    """One event of a goal: `at` in epoch milliseconds, its value as decimal text, of its properties those asked for."""

    at: int
    id: str
    event: str
    value: str | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


def asked_for(properties: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Those of the properties that a goal may compare: the named ones, where they are plain and short."""
    return {
        name: value
        for name, value in properties.items()
        if name in names and isinstance(value, str | int | float) and len(str(value)) <= MOST_TEXT
    }


def most_recent(known: Iterable[Pending], new: Iterable[Pending]) -> tuple[Pending, ...]:
    """All of them, or the most recent hundred, ascending."""
    return tuple(sorted([*known, *new], key=lambda each: (each.at, each.id))[-MOST_PENDING:])
