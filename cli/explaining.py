"""What a segment costs to answer: what DynamoDB filters by, what is left to Python, and what a scan reads."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from cli.prices import read_cost
from cli.stack import Stack
from dangol.adapters.filters import Expression
from dangol.adapters.fitting import exactly_said
from dangol.domain.compiling import columns, compiled, residual
from dangol.domain.matching import Moment
from dangol.domain.project import Project
from dangol.domain.segment import Condition, Segment

# A scan reads with eventual consistency: half a unit for each 4 KB.
BYTES_PER_UNIT: Final = 8_192


def explain(stack: Stack, segment: Segment, project: Project, at: datetime) -> dict[str, Any]:
    """How the people of a segment are found as of `at`."""
    moment, expression = Moment(at, project.zone), Expression()
    may = compiled(segment, (), moment).may
    told = expression.filter(may)
    left: Iterable[Condition] = residual(segment, moment) if exactly_said(may) else [segment]
    # AWS brings a table's size up to date every six hours.
    units = -(-stack.profiles.size() // BYTES_PER_UNIT)
    cost = read_cost(units, stack.settings.region)
    return {
        "segment": segment.name or segment.title or "inline",
        "at": at.isoformat(),
        "filter": told,
        "names": expression.names,
        "values": expression.values,
        "residual": [_written(condition) for condition in left],
        "columns": _columns(segment),
        "read_units": units,
        "cost_usd": None if cost is None else round(cost, 8),
    }


def _written(condition: Condition) -> dict[str, Any]:
    """A condition as it stands in a file."""
    return condition.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"name"})


def _columns(segment: Segment) -> list[str]:
    read = columns(segment)
    if read.whole:
        return ["*"]
    named = [f"did.{event}" for event in sorted(read.events)] + [f"traits.{trait}" for trait in sorted(read.traits)]
    return ["user_id", *(name for name in ("watermarks", "consents") if getattr(read, name)), *named]
