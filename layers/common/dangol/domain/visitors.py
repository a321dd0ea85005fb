"""A visitor without an account turns out to be a person: what they did becomes what the person did."""

from collections.abc import Callable
from dataclasses import replace

from dangol.domain.devices import is_device_trait, join
from dangol.domain.profile import History, Profile, event_of, let_facets_go
from dangol.domain.project import EventSpec


def absorb(person: Profile, visitor: Profile, mark: bytes, spec_of: Callable[[str], EventSpec]) -> None:
    """Add to `person` what `visitor` did and said, as if the person had from the start.

    `mark` stands for the visitor; a person who holds it already stays as it is.
    """
    if mark in person.absorbed:
        return
    for key, history in visitor.histories.items():
        person.histories[key] = joined(person.histories.get(key), history, spec_of(event_of(key)).keep)
    for event, last in visitor.watermarks.items():
        person.watermarks[event] = max(person.watermarks.get(event, last), last)
    let_facets_go(person)
    _join_traits(person, visitor)
    for told, said in ((person.consents, visitor.consents), (person.lists, visitor.lists)):
        for name, at in said.items():
            told[name] = max(told.get(name, 0), at, key=abs)
    for event_id, day in visitor.seen.items():
        person.seen[event_id] = max(person.seen.get(event_id, day), day)
    person.absorbed |= {mark}


def joined(one: History | None, other: History, keep: int) -> History:
    """Two histories of one event key as one, with the most recent `keep` occurrences of both."""
    if one is None:
        return other
    kept = sorted([*zip(one.times, one.values, strict=True), *zip(other.times, other.values, strict=True)])[-keep:]
    return History(
        first=min(one.first, other.first),
        last=max(one.last, other.last),
        count=one.count + other.count,
        total=one.total + other.total,
        times=tuple(at for at, _ in kept),
        values=tuple(value for _, value in kept),
    )


def pointer(visitor: Profile) -> Profile:
    """What stays of a visitor whose past is with the person: who they are."""
    return replace(Profile(visitor.user_id), merged_into=visitor.merged_into, rev=visitor.rev)


def _join_traits(person: Profile, visitor: Profile) -> None:
    """Take over what is known from a later time; where both are of one time, the person's own stays."""
    for name in {*visitor.traits, *visitor.trait_times}:
        if is_device_trait(name):
            join(person.traits, name, visitor.traits.get(name))
            continue
        at = visitor.trait_times.get(name, 0)
        known = name in person.traits or name in person.trait_times
        if known and at <= person.trait_times.get(name, 0):
            continue
        person.trait_times[name] = at
        person.traits.pop(name, None)
        if name in visitor.traits:
            person.traits[name] = visitor.traits[name]
