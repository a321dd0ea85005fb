"""Did somebody do it? What the kept history answers, and None where it cannot tell."""

from math import inf
from typing import Final

from dangol.domain.behaviour import Behaviour, DidCondition, DidNotCondition, FirstDidCondition, LastDidCondition
from dangol.domain.comparing import compares
from dangol.domain.comparison import Bounds
from dangol.domain.moment import Moment
from dangol.domain.profile import NOTHING, VALUE_SCALE, History, Profile, Tally
from dangol.domain.three import Answer, every, negated, some
from dangol.domain.windows import span

_EVER: Final = Bounds(gte=1)


def did(condition: DidCondition, profile: Profile, moment: Moment) -> Answer:
    """Whether it was done, often enough, for enough, and nothing after it that must not be."""
    if condition.same is not None:
        return _left_undone(condition, condition.same, profile, moment)
    kept, blind = histories(condition, profile)
    start, end = span(condition, moment)
    tally = _tally(kept, start, end)
    if blind is not None and (start is None or start <= blind):
        tally = Tally(tally.least, inf, -inf, inf)
    checks = [_holds(condition.count or _EVER, tally.least, tally.most)]
    if condition.value is not None:
        checks.append(_holds(condition.value, tally.least_sum / VALUE_SCALE, tally.most_sum / VALUE_SCALE))
    if condition.then_not is not None:
        latest = _latest(kept, blind, (start, end))
        checks.append(_not_since(profile.histories.get(condition.then_not), latest, moment.seconds))
    return every(checks)


def did_not(condition: DidNotCondition, profile: Profile, moment: Moment) -> Answer:
    """Whether it was not done."""
    return negated(did(as_did(condition), profile, moment))


def as_did(condition: DidNotCondition) -> DidCondition:
    """What must not have been done, as something done."""
    return DidCondition(
        did=condition.did_not,
        where=condition.where,
        within=condition.within,
        between=condition.between,
        since=condition.since,
        during=condition.during,
    )


def last_did(condition: LastDidCondition, profile: Profile, moment: Moment) -> Answer:
    """Whether the latest time before the moment lies in the window."""
    kept, blind = histories(condition, profile)
    spans = [latest for h in kept if (latest := h.latest_before(moment.seconds))]
    low = max((earliest for earliest, _ in spans), default=None)
    unseen = [] if blind is None else [min(blind, moment.seconds - 1)]
    high = max([latest for _, latest in spans] + unseen, default=None)
    if high is None:
        return False
    if low is None:
        # If it was done at all, then under a value that was let go.
        return _lies(-inf, high, span(condition, moment)) and None
    return _lies(low, high, span(condition, moment))


def first_did(condition: FirstDidCondition, profile: Profile, moment: Moment) -> Answer:
    """Whether the first time of all lies in the window."""
    kept, blind = histories(condition, profile)
    first = min((h.first for h in kept if h.first < moment.seconds), default=None)
    if blind is None:
        return first is not None and _lies(first, first, span(condition, moment))
    # Of a value that was let go, the first time is not known; it was not after its last.
    if first is None:
        return _lies(-inf, blind, span(condition, moment)) and None
    return _lies(-inf, first, span(condition, moment))


def histories(condition: Behaviour, profile: Profile) -> tuple[list[History], int | None]:
    """What was kept under the keys asked for, and up to when it may be incomplete."""
    facet, compared = condition.facet(), condition.compared()
    if facet is None and compared is None:
        known = profile.histories.get(condition.event)
        return ([known] if known else []), None
    blind = profile.watermarks.get(condition.event)
    if compared is not None:
        name, comparison = compared
        values = values_of(profile, condition.event, name)
        return [history for value, history in values.items() if compares(comparison, value)], blind
    name, wanted = facet or ("", ())
    keys = [f"{condition.event}[{name}={value}]" for value in dict.fromkeys(wanted)]
    return [profile.histories[key] for key in keys if key in profile.histories], blind


def values_of(profile: Profile, event: str, facet: str) -> dict[str, History]:
    """What was kept of an event, by the facet's value."""
    begin = f"{event}[{facet}="
    return {
        key[len(begin) : -1]: history
        for key, history in profile.histories.items()
        if key.startswith(begin) and key.endswith("]")
    }


def _left_undone(condition: DidCondition, facet: str, profile: Profile, moment: Moment) -> Answer:
    """Whether, of any one value of the facet, the one thing was done and the other not since."""
    window, end = span(condition, moment), moment.seconds
    later = values_of(profile, str(condition.then_not), facet)
    lost = profile.watermarks.get(str(condition.then_not))
    asked = {id(history) for history in histories(condition, profile)[0]}
    answers: list[Answer] = []
    for value, history in values_of(profile, condition.did, facet).items():
        if condition.where and id(history) not in asked:
            continue
        latest = _latest([history], None, window)
        done = _holds(_EVER, *_times(history, window))
        since = _not_since(later.get(value), latest, end)
        if since and latest is not None and lost is not None and (latest[0] is None or lost >= latest[0]):
            # What was let go may have been this value's.
            since = None
        answers.append(every([done, since]))
    blind = profile.watermarks.get(condition.did)
    if blind is not None and (window[0] is None or window[0] <= blind):
        answers.append(None)
    return some(answers)


def _times(history: History, window: tuple[int | None, int]) -> tuple[float, float]:
    tally = history.within(*window)
    return tally.least, tally.most


def _lies(low: float, high: float, window: tuple[int | None, int]) -> Answer:
    """Whether a time between `low` and `high` lies in the window."""
    start, end = -inf if window[0] is None else window[0], window[1]
    if start <= low and high < end:
        return True
    return False if high < start or low >= end else None


def _tally(kept: list[History], start: int | None, end: int) -> Tally:
    tallies = [h.within(start, end) for h in kept] or [NOTHING]
    return Tally(
        sum(t.least for t in tallies),
        sum(t.most for t in tallies),
        sum(t.least_sum for t in tallies),
        sum(t.most_sum for t in tallies),
    )


def _holds(bounds: Bounds, least: float, most: float) -> Answer:
    if least == most:
        return bounds.hold(least)
    return every([_above(bounds, least, most), _below(bounds, least, most)])


def _above(bounds: Bounds, least: float, most: float) -> Answer:
    floor = Bounds.model_construct(gt=bounds.gt, gte=bounds.gte, lt=None, lte=None)
    return True if floor.hold(least) else (None if floor.hold(most) else False)


def _below(bounds: Bounds, least: float, most: float) -> Answer:
    ceiling = Bounds.model_construct(gt=None, gte=None, lt=bounds.lt, lte=bounds.lte)
    return True if ceiling.hold(most) else (None if ceiling.hold(least) else False)


def _latest(kept: list[History], blind: int | None, window: tuple[int | None, int]) -> tuple[int | None, int] | None:
    """When the latest occurrence in the window was, at the earliest and at the latest; None without one."""
    start, end = window
    spans = [latest for h in kept if (latest := h.latest_before(end))]
    unseen = [] if blind is None else [min(blind, end - 1)]
    low = max((earliest for earliest, _ in spans), default=None)
    high = max([latest for _, latest in spans] + unseen, default=None)
    if high is None or (start is not None and high < start):
        return None
    return (start if low is None or (start is not None and low < start) else low), high


def _not_since(later: History | None, latest: tuple[int | None, int] | None, end: int) -> Answer:
    if latest is None or later is None:
        return latest is not None
    if later.within(latest[1], end).least:
        return False
    return None if later.within(latest[0], end).most else True
