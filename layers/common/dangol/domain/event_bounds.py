"""What the latest time of an event, and how much of it was kept, tell of a condition on it."""

from math import ceil, floor, inf
from typing import Final

from dangol.domain.condition import Bounds, DidCondition, DidNotCondition
from dangol.domain.matching import Moment, matches
from dangol.domain.profile import Profile
from dangol.domain.sieve import (
    ALWAYS,
    NEVER,
    OPEN,
    Check,
    Sieve,
    Subject,
    Test,
    Times,
    all_of,
    exactly,
    negate,
    some_of,
)

_ONCE: Final = Bounds(gte=1)


def did(condition: DidCondition, moment: Moment) -> Sieve:
    """The bounds of having done it."""
    keys, faceted = keys_of(condition)
    end = moment.seconds
    start = None if condition.within is None else end - int(condition.within.total_seconds())
    seen = [_since(Subject("last", key), start) for key in keys]
    # What was let go of an event's facet values may have been any of them.
    seen += [_since(Subject("gone", condition.did), start)] if faceted else []
    idle = matches(condition, Profile(""), moment)
    some = some_of([*seen, ALWAYS if idle else NEVER])
    none = negate(some_of(seen)) if idle else NEVER
    often = _often(condition, keys, start, end)
    bounds = Sieve(all_of([some, often.may]), some_of([none, often.must]))
    return _not_since(condition, keys, bounds, end) if condition.then_not else bounds


def _often(condition: DidCondition, keys: tuple[str, ...], start: int | None, end: int) -> Sieve:
    """The bounds of how often; the latest time is enough where once is, whatever the number of keys."""
    least, most = _whole(condition.count or _ONCE)
    if (least, most) == (1, inf):
        once = some_of(all_of([_since(Subject("last", k), start), Check(Subject("last", k), "<", end)]) for k in keys)
        often = Sieve(ALWAYS, once)
    elif len(keys) == 1:
        gone = _since(Subject("gone", condition.did), start) if condition.facet() else NEVER
        often = Sieve.every(
            [_at_least(keys[0], gone, Times(start, end, least)), ~_at_least(keys[0], gone, Times(start, end, most + 1))]
        )
    else:
        return OPEN
    # A sum is left to the whole profile.
    return often if condition.value is None else Sieve(often.may, NEVER)


def _at_least(key: str, gone: Test, times: Times) -> Sieve:
    if times.number <= 0 or times.number == inf:
        return exactly(ALWAYS if times.number <= 0 else NEVER)
    subject = Subject("last", key)
    return Sieve(some_of([Check(subject, "possibly", times), gone]), Check(subject, "surely", times))


def _whole(bounds: Bounds) -> tuple[float, float]:
    """The least and the most whole numbers within bounds."""
    least = [-inf if bounds.gt is None else floor(bounds.gt) + 1, -inf if bounds.gte is None else ceil(bounds.gte)]
    most = [inf if bounds.lt is None else ceil(bounds.lt) - 1, inf if bounds.lte is None else floor(bounds.lte)]
    return max(least), min(most)


def _not_since(condition: DidCondition, keys: tuple[str, ...], bounds: Sieve, end: int) -> Sieve:
    """Compare the latest of both events where there is one key, so that it is known which came later."""
    if len(keys) > 1:
        return Sieve(bounds.may, NEVER)
    ours, theirs = Subject("last", keys[0]), Subject("last", str(condition.then_not))
    before_end = [Check(ours, "<", end), Check(theirs, "<", end)]
    later = Check(theirs, ">=", ours)
    gone = Check(Subject("gone", condition.did), ">", ours)
    over = all_of([*before_end, later, negate(gone)])
    return Sieve(all_of([bounds.may, negate(over)]), all_of([bounds.must, negate(later)]))


def did_not(condition: DidNotCondition, moment: Moment) -> Sieve:
    """The bounds of not having done it."""
    return ~did(as_did(condition), moment)


def as_did(condition: DidNotCondition) -> DidCondition:
    """What must not have been done, as something done."""
    return DidCondition(did=condition.did_not, where=condition.where, within=condition.within)


def keys_of(condition: DidCondition) -> tuple[tuple[str, ...], bool]:
    """The event keys asked for, and whether they are those of facet values."""
    facet = condition.facet()
    if facet is None:
        return (condition.did,), False
    name, values = facet
    return tuple(f"{condition.did}[{name}={value}]" for value in dict.fromkeys(values)), True


def _since(subject: Subject, start: int | None) -> Check:
    return Check(subject, "exists") if start is None else Check(subject, ">=", start)
