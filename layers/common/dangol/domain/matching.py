"""Does this person match this segment? True, False, or None where the kept history cannot tell."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import inf
from typing import Any, Final
from zoneinfo import ZoneInfo

from dangol.domain.comparing import holds
from dangol.domain.profile import NOTHING, VALUE_SCALE, History, Profile, Tally
from dangol.domain.segment import (
    Bounds,
    Condition,
    ConsentedCondition,
    DidCondition,
    DidNotCondition,
    Group,
    ListCondition,
    ReachableCondition,
    Segment,
    TraitCondition,
)

Answer = bool | None
MAX_LABELS: Final = 8
_EVER: Final = Bounds(gte=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a segment is asked, and in which zone dates without one are read.

    `lists` says since when the people of each list have been told anew, in epoch seconds.
    """

    at: datetime
    zone: ZoneInfo
    lists: Mapping[str, int] = field(default_factory=dict, hash=False)

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
        tally = Tally(tally.least, inf, -inf, inf)
    checks = [_holds(condition.count or _EVER, tally.least, tally.most)]
    if condition.value is not None:
        checks.append(_holds(condition.value, tally.least_sum / VALUE_SCALE, tally.most_sum / VALUE_SCALE))
    if condition.then_not is not None:
        latest = _latest(histories, blind, (start, end))
        checks.append(_not_since(profile.histories.get(condition.then_not), latest, end))
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
        keys = [f"{condition.did}[{name}={value}]" for value in dict.fromkeys(values)]
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


def _latest(
    histories: list[History], blind: int | None, window: tuple[int | None, int]
) -> tuple[int | None, int] | None:
    """When the latest occurrence in the window was, at the earliest and at the latest; None without one."""
    start, end = window
    spans = [span for h in histories if (span := h.latest_before(end))]
    unseen = [] if blind is None else [min(blind, end - 1)]
    low = max((span[0] for span in spans), default=None)
    high = max([span[1] for span in spans] + unseen, default=None)
    if high is None or (start is not None and high < start):
        return None
    return (start if low is None or (start is not None and low < start) else low), high


def _not_since(later: History | None, latest: tuple[int | None, int] | None, end: int) -> Answer:
    if latest is None or later is None:
        return latest is not None
    if later.within(latest[1], end).least:
        return False
    return None if later.within(latest[0], end).most else True


def _consented(condition: ConsentedCondition, profile: Profile, _moment: Moment) -> Answer:
    return profile.consented(condition.consented)


def _reachable(condition: ReachableCondition, profile: Profile, _moment: Moment) -> Answer:
    return profile.address(condition.reachable) is not None


def _in_list(condition: ListCondition, profile: Profile, moment: Moment) -> Answer:
    return profile.listed(condition.in_list, moment.lists.get(condition.in_list, 0))


def _trait(condition: TraitCondition, profile: Profile, moment: Moment) -> Answer:
    return holds(condition, profile.traits.get(condition.trait), moment.at, moment.zone)


_CHECKS: Final[dict[type, Callable[[Any, Profile, Moment], Answer]]] = {
    TraitCondition: _trait,
    DidCondition: _did,
    DidNotCondition: _did_not,
    ConsentedCondition: _consented,
    ReachableCondition: _reachable,
    ListCondition: _in_list,
}
