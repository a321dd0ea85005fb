"""Does this person match this segment? True, False, or None where the kept history cannot tell."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import inf
from typing import Any, Final
from zoneinfo import ZoneInfo

from dangol.domain.profile import NOTHING, VALUE_SCALE, History, Profile, Tally
from dangol.domain.quantities import parse_duration
from dangol.domain.segment import (
    Bounds,
    Condition,
    ConsentedCondition,
    DidCondition,
    DidNotCondition,
    Group,
    ReachableCondition,
    Segment,
    TraitCondition,
)

Answer = bool | None
MAX_LABELS: Final = 8
_EVER: Final = Bounds(gte=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a segment is asked, and in which zone dates without one are read."""

    at: datetime
    zone: ZoneInfo

    @property
    def seconds(self) -> int:
        """The moment in epoch seconds."""
        return int(self.at.timestamp())


def matches(node: Condition, profile: Profile, moment: Moment) -> Answer:
    """Answer `node` for `profile` as of `moment`; windows are half-open, `[from, to)`."""
    if isinstance(node, Group):
        return _group(node, profile, moment)
    return _CHECKS[type(node)](node, profile, moment)


def select(segment: Segment, excluded: Iterable[Segment], profile: Profile, moment: Moment) -> Answer:
    """Answer whether `segment` selects a person and no exclusion takes them out again."""
    answers = [matches(segment, profile, moment)]
    answers += [_not(matches(exclusion, profile, moment)) for exclusion in excluded]
    return _all(answers)


def labels(segment: Segment, profile: Profile, moment: Moment) -> int:
    """One bit for each labelled branch of the top `any` that selects the person."""
    bits = 0
    for position, branch in enumerate(segment.branches()[:MAX_LABELS]):
        if matches(branch, profile, moment):
            bits |= 1 << position
    return bits


def _group(group: Group, profile: Profile, moment: Moment) -> Answer:
    parts: list[Answer] = []
    if group.all_ is not None:
        parts.append(_all([matches(c, profile, moment) for c in group.all_]))
    if group.any_ is not None:
        parts.append(_any([matches(c, profile, moment) for c in group.any_]))
    if group.none_ is not None:
        parts.append(_not(_any([matches(c, profile, moment) for c in group.none_])))
    return _all(parts)


def _all(answers: list[Answer]) -> Answer:
    if False in answers:
        return False
    return None if None in answers else True


def _any(answers: list[Answer]) -> Answer:
    if True in answers:
        return True
    return None if None in answers else False


def _not(answer: Answer) -> Answer:
    return None if answer is None else not answer


def _did(condition: DidCondition, profile: Profile, moment: Moment) -> Answer:
    histories, blind = _histories(condition, profile)
    end = moment.seconds
    start = end - int(condition.within.total_seconds()) if condition.within else None
    tally = _tally(histories, start, end)
    if blind is not None and (start is None or start <= blind):
        tally = Tally(tally.least, inf, tally.least_sum, inf)
    checks = [_holds(condition.count or _EVER, tally.least, tally.most)]
    if condition.value is not None:
        checks.append(_holds(condition.value, tally.least_sum / VALUE_SCALE, tally.most_sum / VALUE_SCALE))
    if condition.then_not is not None:
        checks.append(_not_since(condition.then_not, histories, profile, (start, end)))
    return _all(checks)


def _did_not(condition: DidNotCondition, profile: Profile, moment: Moment) -> Answer:
    did = DidCondition.model_construct(
        did=condition.did_not, where=condition.where, within=condition.within, count=None, value=None, then_not=None
    )
    return _not(_did(did, profile, moment))


def _histories(condition: DidCondition, profile: Profile) -> tuple[list[History], int | None]:
    """What was kept under the keys asked for, and up to when it may be incomplete."""
    facet = condition.facet()
    if facet is None:
        keys, blind = [condition.did], None
    else:
        name, values = facet
        keys = [f"{condition.did}[{name}={value}]" for value in values]
        blind = profile.watermarks.get(condition.did)
    return [profile.histories[key] for key in keys if key in profile.histories], blind


def _tally(histories: list[History], start: int | None, end: int) -> Tally:
    tallies = [h.within(start, end) for h in histories] or [NOTHING]
    return Tally(
        sum(t.least for t in tallies),
        sum(t.most for t in tallies),
        sum(t.least_sum for t in tallies),
        sum(t.most_sum for t in tallies),
    )


def _holds(bounds: Bounds, least: float, most: float) -> Answer:
    if least == most:
        return bounds.hold(least)
    return _all([_above(bounds, least, most), _below(bounds, least, most)])


def _above(bounds: Bounds, least: float, most: float) -> Answer:
    floor = Bounds.model_construct(gt=bounds.gt, gte=bounds.gte, lt=None, lte=None)
    return True if floor.hold(least) else (None if floor.hold(most) else False)


def _below(bounds: Bounds, least: float, most: float) -> Answer:
    ceiling = Bounds.model_construct(gt=None, gte=None, lt=bounds.lt, lte=bounds.lte)
    return True if ceiling.hold(most) else (None if ceiling.hold(least) else False)


def _not_since(event: str, histories: list[History], profile: Profile, window: tuple[int | None, int]) -> Answer:
    start, end = window
    latest = max((t for h in histories if (t := h.latest_before(end)) is not None), default=None)
    if latest is None or (start is not None and latest < start):
        return False
    later = profile.histories.get(event)
    if later is None:
        return True
    since = later.within(latest, end)
    return _not(_holds(_EVER, since.least, since.most))


def _consented(condition: ConsentedCondition, profile: Profile, _moment: Moment) -> Answer:
    return profile.consented(condition.consented)


def _reachable(condition: ReachableCondition, profile: Profile, _moment: Moment) -> Answer:
    return profile.address(condition.reachable) is not None


def _trait(condition: TraitCondition, profile: Profile, moment: Moment) -> Answer:
    value = profile.traits.get(condition.trait)
    operator, operand = condition.operator, condition.operand
    if operator == "exists":
        return (value is not None) is operand
    if value is None:
        # Who has no plan is not on plan X: `not` is the complement of `is`.
        return operator == "not"
    if operator in ("before", "after"):
        return _in_time(value, operator, operand, moment)
    return _OPERATORS[operator](value, operand)


def _in_time(value: object, operator: str, operand: str, moment: Moment) -> bool:
    theirs, limit = as_moment(value, moment.zone), _limit(operand, moment)
    if theirs is None:
        return False
    return theirs < limit if operator == "before" else theirs >= limit


def _limit(text: str, moment: Moment) -> datetime:
    parsed = as_moment(text, moment.zone)
    return parsed if parsed is not None else moment.at - parse_duration(text)


def as_moment(value: object, zone: ZoneInfo) -> datetime | None:
    """Read an ISO date or time (in `zone` where it names none), or epoch seconds; None otherwise."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(0, tz=zone) + timedelta(seconds=float(value))
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    if len(str(value)) == len("2026-12-01"):
        moment = datetime.combine(date.fromisoformat(str(value)), time())
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


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
_CHECKS: Final[dict[type, Callable[[Any, Profile, Moment], Answer]]] = {
    TraitCondition: _trait,
    DidCondition: _did,
    DidNotCondition: _did_not,
    ConsentedCondition: _consented,
    ReachableCondition: _reachable,
}
