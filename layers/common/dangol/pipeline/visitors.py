"""Merge visitors into the people they turn out to be.

Four steps, each safe to repeat: the visitor is sealed (from now on everything goes to the person), the person absorbs
the sealed past and keeps the visitor's mark, what of it counts for a run is counted for the person, the visitor's past
is dropped. Whoever meets a sealed visitor finishes what another began, so that a process may die between any two.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dangol.contracts import Performed
from dangol.domain.pending import Pending
from dangol.domain.profile import Profile
from dangol.domain.project import Project
from dangol.domain.visitors import absorb, pointer
from dangol.pipeline.identity import hashed
from dangol.ports import Profiles

Count = Callable[[Sequence[Performed], Project], None]


class Visitors:
    """Visitors without an account, and who they turned out to be; `count` takes what is now known to be a person's."""

    def __init__(self, profiles: Profiles, count: Count) -> None:
        self._profiles = profiles
        self._count = count

    def merge(self, links: Mapping[str, str], project: Project) -> None:
        """Merge each visitor (key of a profile) into a person (user id); whoever was merged before stays there."""
        todo = list(links)
        while todo:
            visitors = self._profiles.get_many(todo)
            sealed = [replace(v, merged_into=links[key]) for key, v in visitors.items() if v.merged_into is None]
            todo = list(self._profiles.put_many(sealed)) if sealed else []
        if links:
            self.finish(self._profiles.get_many(list(links)), project)

    def finish(self, sealed: Mapping[str, Profile], project: Project) -> None:
        """See to it that the past of sealed visitors is with their people, and there once."""
        with_past = {key: visitor for key, visitor in sealed.items() if visitor != pointer(visitor)}
        todo = {visitor.merged_into or "" for visitor in with_past.values()}
        while todo:
            people = self._profiles.get_many(sorted(todo))
            changed = []
            for user, person in people.items():
                before = person.absorbed
                for visitor in with_past.values():
                    if visitor.merged_into == user:
                        absorb(person, visitor, hashed(visitor.user_id), project.event)
                if person.absorbed != before:
                    changed.append(person)
            todo = set(self._profiles.put_many(changed)) if changed else set()
        self._count([_performed(v.merged_into or "", each) for v in with_past.values() for each in v.pending], project)
        # Whoever else finished it was quicker; nothing but this changes a sealed visitor.
        if with_past:
            self._profiles.put_many([pointer(visitor) for visitor in with_past.values()])


def _performed(user_id: str, each: Pending) -> Performed:
    return Performed(
        id=each.id,
        user_id=user_id,
        event=each.event,
        at=each.at,
        received_at=each.at,
        value=each.value,
        properties=dict(each.properties),
    )
