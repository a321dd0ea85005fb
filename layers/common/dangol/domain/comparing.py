"""How a trait compares with what a condition asks; anything that does not fit simply does not match."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from dangol.domain.condition import TraitCondition
from dangol.domain.quantities import parse_duration


def holds(condition: TraitCondition, value: object, at: datetime, zone: ZoneInfo) -> bool:
    """Say whether a trait's `value` (None without one) is as `condition` asks, as of `at`."""
    operator, operand = condition.operator, condition.operand
    if operator == "exists":
        return (value is not None) is operand
    if value is None:
        # Who has no plan is not on plan X: `not` is the complement of `is`.
        return operator == "not"
    if operator in ("before", "after"):
        theirs = as_moment(value, zone)
        return theirs is not None and (theirs < limit(operand, at, zone)) is (operator == "before")
    return _OPERATORS[operator](value, operand)


def limit(text: str, at: datetime, zone: ZoneInfo) -> datetime:
    """The moment that `before` and `after` compare with: a date, or a time back from `at`."""
    # In UTC, since days back in a zone with summer time are not all of 24 hours.
    return as_moment(text, zone) or at.astimezone(UTC) - parse_duration(text)


def as_moment(value: object, zone: ZoneInfo) -> datetime | None:
    """Read an ISO date or time (in `zone` where it names none), or epoch seconds; None otherwise."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, tz=UTC)
        moment = datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _same(value: object, operand: object) -> bool:
    """Compare without Python's True == 1."""
    return isinstance(value, bool) is isinstance(operand, bool) and value == operand


def _number(compare: Callable[[float, Any], bool]) -> Callable[[object, Any], bool]:
    def check(value: object, operand: object) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool) and compare(value, operand)

    return check


def _contains(value: object, operand: object) -> bool:
    if isinstance(value, list):
        return any(_same(item, operand) for item in value)
    return isinstance(value, str) and str(operand) in value


_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "is": _same,
    "not": lambda value, operand: not _same(value, operand),
    "in": lambda value, operand: any(_same(value, item) for item in operand),
    "gt": _number(lambda value, operand: value > operand),
    "gte": _number(lambda value, operand: value >= operand),
    "lt": _number(lambda value, operand: value < operand),
    "lte": _number(lambda value, operand: value <= operand),
    "between": _number(lambda value, operand: operand[0] <= value <= operand[1]),
    "contains": _contains,
    "starts_with": lambda value, operand: isinstance(value, str) and value.startswith(operand),
    "ends_with": lambda value, operand: isinstance(value, str) and value.endswith(operand),
}
