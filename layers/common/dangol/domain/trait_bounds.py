"""What a trait tells of a comparison with it, in terms that a store can test."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from dangol.domain.comparing import limit
from dangol.domain.condition import TraitCondition
from dangol.domain.matching import Moment
from dangol.domain.sieve import NEVER, OPEN, Check, Sieve, Subject, Test, all_of, exactly, negate, some_of

# Years of four digits, with some room at both ends.
_PLAIN_YEARS: Final = (1100, 9900)


def trait(condition: TraitCondition, moment: Moment) -> Sieve:
    """The bounds of a comparison with a trait."""
    subject = Subject("trait", condition.trait)
    if condition.operator in ("before", "after") and "." not in condition.trait:
        return Sieve(_dated(subject, condition, moment), NEVER)
    bounds = _OPERATORS.get(condition.operator)
    # A dot may lead into a trait that holds others.
    return bounds(subject, condition.operand) if bounds and "." not in condition.trait else OPEN


def _contains(subject: Subject, operand: Any) -> Sieve:  # noqa: ANN401 - text, a number or a bool
    if isinstance(operand, str):
        return exactly(Check(subject, "contains", operand))
    # A list is asked for the number, text for its digits.
    return Sieve(some_of([Check(subject, "contains", operand), Check(subject, "contains", str(operand))]), NEVER)


def _compared(relation: Any) -> Callable[[Subject, Any], Sieve]:  # noqa: ANN401 - one of the relations
    return lambda subject, operand: exactly(Check(subject, relation, operand))


_OPERATORS: Final[dict[str, Callable[[Subject, Any], Sieve]]] = {
    "is": _compared("="),
    "not": lambda subject, operand: exactly(negate(Check(subject, "=", operand))),
    "in": lambda subject, operand: exactly(Check(subject, "in", tuple(operand))),
    "gt": _compared(">"),
    "gte": _compared(">="),
    "lt": _compared("<"),
    "lte": _compared("<="),
    "between": lambda subject, operand: exactly(
        all_of([Check(subject, ">=", operand[0]), Check(subject, "<=", operand[1])])
    ),
    "contains": _contains,
    "starts_with": _compared("begins"),
    "ends_with": lambda subject, operand: Sieve(Check(subject, "contains", operand), NEVER),
    "exists": lambda subject, operand: exactly(
        Check(subject, "exists") if operand else negate(Check(subject, "exists"))
    ),
}


def _dated(subject: Subject, condition: TraitCondition, moment: Moment) -> Test:
    """A wide bound on a date as text or as epoch seconds: two days for zones, and odd ways of writing."""
    at = limit(condition.operand, moment.at, moment.zone)
    if not _PLAIN_YEARS[0] <= at.year <= _PLAIN_YEARS[1]:
        return Check(subject, "exists")
    if condition.operator == "before":
        edge = at + timedelta(days=2)
        number = Check(subject, "<", at.timestamp() + 1)
        # 20260131 and 2026-W05 sort behind every 2026-01-31; a week's year may be the next.
        odd = [_oddly_written(subject, year) for year in (edge.year, edge.year + 1)]
        return some_of([number, Check(subject, "<", f"{edge:%Y-%m-%d}"), *odd])
    edge = at - timedelta(days=2)
    number = Check(subject, ">=", at.timestamp() - 1)
    return some_of([number, Check(subject, ">=", f"{edge:%Y-%m-%d}"), _oddly_written(subject, edge.year - 1)])


def _oddly_written(subject: Subject, year: int) -> Test:
    return all_of([Check(subject, ">=", f"{year}-W"), Check(subject, "<", f"{year + 1}")])
