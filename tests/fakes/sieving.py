"""A sieve on profiles, said anew: the fakes filter by it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dangol.domain.profile import History, Profile
from dangol.domain.sieve import Check, Columns, Subject, Times


def stored(profile: Profile, subject: Subject) -> Any:
    """The attribute, None without one."""
    match subject.kind:
        case "trait":
            return profile.traits.get(subject.name)
        case "last":
            history = profile.histories.get(subject.name)
            return history.last if history else None
        case "gone":
            return profile.watermarks.get(subject.name)
        case "consent":
            return profile.consents.get(subject.name)


def kind(value: Any) -> str:
    """DynamoDB's type of a value."""
    if isinstance(value, bool):
        return "BOOL"
    return {str: "S", int: "N", float: "N", list: "L"}.get(type(value), "M")


def asking(profile: Profile) -> Callable[[Check], bool]:
    """How one profile answers checks."""

    def ask(check: Check) -> bool:
        if isinstance(check.operand, Times):
            return often(profile.histories.get(check.subject.name), check.relation, check.operand)
        value, operand = stored(profile, check.subject), check.operand
        if isinstance(operand, Subject):
            operand = stored(profile, operand)
        return value is not None and answer(check.relation, value, operand)

    return ask


def often(history: History | None, relation: str, times: Times) -> bool:
    """How often something was done, of what was kept or at most."""
    if history is None:
        return False
    tally = history.within(times.start, times.end)
    return (tally.least if relation == "surely" else tally.most) >= times.number


def answer(relation: str, value: Any, operand: Any) -> bool:
    """How a value compares."""
    if relation in ("exists", "in"):
        return relation == "exists" or any(answer("=", value, one) for one in operand)
    if relation == "contains" and isinstance(value, list):
        return any(answer("=", one, operand) for one in value)
    if kind(value) != kind(operand) or (relation != "=" and kind(value) not in ("S", "N")):
        return False
    return bool(ANSWERS[relation](value, operand))


ANSWERS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda value, operand: value == operand,
    "<": lambda value, operand: value < operand,
    "<=": lambda value, operand: value <= operand,
    ">": lambda value, operand: value > operand,
    ">=": lambda value, operand: value >= operand,
    "contains": lambda value, operand: isinstance(value, str) and operand in value,
    "begins": lambda value, operand: isinstance(value, str) and value.startswith(operand),
}


def seen(profile: Profile, columns: Columns) -> Profile:
    """What of a profile the columns show."""
    if columns.whole:
        return profile
    return replace(
        profile,
        traits={name: value for name, value in profile.traits.items() if name in columns.traits},
        trait_times={},
        histories={key: history for key, history in profile.histories.items() if key in columns.events},
        watermarks=profile.watermarks if columns.watermarks else {},
        consents=profile.consents if columns.consents else {},
        seen={},
        rev=0,
    )
