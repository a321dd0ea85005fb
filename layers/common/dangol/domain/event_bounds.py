"""What the latest time of an event tells of a condition on it."""

from typing import Any, Final

from dangol.domain.condition import Bounds, DidCondition, DidNotCondition
from dangol.domain.matching import Moment, matches
from dangol.domain.profile import Profile
from dangol.domain.sieve import ALWAYS, NEVER, Check, Sieve, Subject, all_of, negate, some_of

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
    sure = some_of(all_of([_since(Subject("last", k), start), _last(k, "<", end)]) for k in keys)
    bounds = Sieve(some, some_of([none, sure if _at_least_once(condition) else NEVER]))
    return _not_since(condition, keys, bounds, end) if condition.then_not else bounds


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


def _at_least_once(condition: DidCondition) -> bool:
    """Whether a single occurrence in the window is enough, and more of them do no harm."""
    count = condition.count or _ONCE
    return condition.value is None and count.lt is None and count.lte is None and count.hold(1)


def _since(subject: Subject, start: int | None) -> Check:
    return Check(subject, "exists") if start is None else Check(subject, ">=", start)


def _last(key: str, relation: Any, at: int) -> Check:  # noqa: ANN401 - one of the relations
    return Check(Subject("last", key), relation, at)
