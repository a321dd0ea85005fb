"""Fold what people did, and what became known of them, into their profiles."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Final

from dangol.contracts import Aliased, Identified, Performed
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.pending import Pending, asked_for, most_recent
from dangol.domain.profile import ANONYMOUS_PREFIX, Occurrence, Profile, fold, scaled, set_traits
from dangol.domain.project import Project
from dangol.pipeline.goal_names import GoalNames, Goals
from dangol.pipeline.identity import hashed, link, person_key
from dangol.pipeline.recorded import Recorded
from dangol.pipeline.visitors import Count, Visitors
from dangol.ports import Catalogue, Clock, Profiles

# A duplicate that comes within this many days changes nothing.
SEEN_DAYS: Final = 14
# Ten bytes each in the profile, which has room for 400 KB in all.
SEEN_MOST: Final = 20_000
PEOPLE_AT_ONCE: Final = 400
# Profiles sum ten-thousandths in 64 bits; nothing that is sold costs as much.
MOST_WORTH: Final = 10**12
_SMALLEST_WORTH: Final = Decimal("0.0001")
_DAY: Final = 86_400


class Folder:
    """Folds happenings into profiles, each of them once.

    What visitors did goes to `count` when it is known whose it is: at once, or when the visitor is merged.
    """

    def __init__(self, profiles: Profiles, catalogue: Catalogue, clock: Clock, count: Count) -> None:
        self._profiles = profiles
        self._catalogue = catalogue
        self._clock = clock
        self._count = count
        self._visitors = Visitors(profiles, count)
        self._goal_names = GoalNames(catalogue, clock)

    def fold(self, said: Sequence[Performed | Identified | Aliased], project: Project) -> Recorded:
        """Fold; who loses against another writer is read and folded again."""
        self._visitors.merge(_links(said), project)
        happenings = [h for h in said if not isinstance(h, Aliased)]
        by_person: dict[str, list[Performed | Identified]] = defaultdict(list)
        for happening in happenings:
            by_person[person_key(happening)].append(happening)
        people = list(by_person)
        new = 0
        for position in range(0, len(people), PEOPLE_AT_ONCE):
            part = {user: by_person[user] for user in people[position : position + PEOPLE_AT_ONCE]}
            new += self._fold(part, project)
        names = {name for h in happenings if isinstance(h, Identified) for name in h.traits}
        self._catalogue.add("traits", names | {PUSH_TRAITS["push"] for h in happenings if h.device})
        self._catalogue.add("events", {h.event for h in happenings if isinstance(h, Performed)})
        events = sum(isinstance(h, Performed) for h in happenings)
        return Recorded(people=len(people), events=events, duplicates=len(happenings) - new)

    def _fold(self, by_person: Mapping[str, list[Performed | Identified]], project: Project) -> int:
        today = int(self._clock.now().timestamp()) // _DAY
        mine, new = {user: list(happenings) for user, happenings in by_person.items()}, 0
        todo = list(mine)
        goals = self._goal_names.goals() if any(user.startswith(ANONYMOUS_PREFIX) for user in mine) else Goals()
        while todo:
            profiles = self._profiles.get_many(todo)
            merged = {user: profile for user, profile in profiles.items() if profile.merged_into}
            if merged:
                # First the past, which knows what was seen; then what comes now goes to the person.
                self._visitors.finish(merged, project)
                self._count(_theirs(mine, merged, goals), project)
                todo = _redirected(mine, merged, todo)
                continue
            fresh = {user: _fresh(mine[user], profile) for user, profile in profiles.items()}
            for user, happenings in fresh.items():
                for happening in happenings.values():
                    _apply(profiles[user], happening, project)
                    _keep_pending(profiles[user], happening, goals, project)
                _remember(profiles[user], happenings, today)
            todo = list(self._profiles.put_many([profiles[user] for user, happenings in fresh.items() if happenings]))
            new += sum(len(happenings) for user, happenings in fresh.items() if user not in todo)
        return new


def _links(said: Iterable[Performed | Identified | Aliased]) -> dict[str, str]:
    """Which visitors are which people; of several in one batch, the person who was said first."""
    found = sorted((happening.at, *pair) for happening in said if (pair := link(happening)))
    return {visitor: user for _, visitor, user in reversed(found)}


def _theirs(
    mine: Mapping[str, Sequence[Performed | Identified]], merged: Mapping[str, Profile], goals: Goals
) -> list[Performed]:
    """What merged visitors did that may count, as done by the people they are."""
    return [
        happening.model_copy(update={"user_id": profile.merged_into})
        for visitor, profile in merged.items()
        for happening in mine[visitor]
        if isinstance(happening, Performed) and happening.event in goals.events
    ]


def _keep_pending(profile: Profile, happening: Performed | Identified, goals: Goals, project: Project) -> None:
    """Keep what a visitor did that may count, until it is known who they are."""
    if happening.user_id or not isinstance(happening, Performed) or happening.event not in goals.events:
        return
    value = value_of(happening, project)
    properties = asked_for(happening.properties, goals.properties)
    told = Pending(happening.at, happening.id, happening.event, None if value is None else str(value), properties)
    profile.pending = most_recent(profile.pending, [told])


def _redirected(
    mine: dict[str, list[Performed | Identified]], merged: Mapping[str, Profile], todo: Sequence[str]
) -> list[str]:
    """Hand what visitors did to the people they are; who is to be folded now."""
    people = {visitor: profile.merged_into or "" for visitor, profile in merged.items()}
    for visitor, user in people.items():
        mine[user] = [*mine.get(user, ()), *mine.pop(visitor)]
    return list(dict.fromkeys(people.get(user, user) for user in todo))


def _fresh(happenings: Sequence[Performed | Identified], profile: Profile) -> dict[bytes, Performed | Identified]:
    """The happenings that were not seen before, each once, by hashed id."""
    fresh: dict[bytes, Performed | Identified] = {}
    for happening in happenings:
        key = hashed(happening.id)
        if key not in profile.seen:
            fresh.setdefault(key, happening)
    return fresh


def _remember(profile: Profile, fresh: Iterable[bytes], today: int) -> None:
    """Remember what was taken; what is older than 14 days, or too much, is let go, the oldest first."""
    kept = sorted((pair for pair in profile.seen.items() if pair[1] > today - SEEN_DAYS), key=lambda pair: pair[1])
    kept += [(event, today) for event in fresh]
    profile.seen = dict(kept[-SEEN_MOST:])


def _apply(profile: Profile, happening: Performed | Identified, project: Project) -> None:
    if happening.device:
        set_traits(profile, {PUSH_TRAITS["push"]: happening.device}, happening.at // 1000)
    if isinstance(happening, Identified):
        set_traits(profile, happening.traits, happening.at // 1000)
        return
    spec = project.event(happening.event)
    value = scaled(value_of(happening, project))
    fold(profile, Occurrence(happening.event, happening.at // 1000, value, happening.properties), spec)


def value_of(happening: Performed, project: Project) -> Decimal | None:
    """What an event is worth: the property that the project names, else the value that came with it."""
    name = project.event(happening.event).value
    said = happening.properties.get(name) if name else None
    said = happening.value if said is None else said
    if said is None or isinstance(said, bool):
        return None
    try:
        value = Decimal(str(said))
    except InvalidOperation:
        return None
    if not value.is_finite() or abs(value) >= MOST_WORTH:
        return None
    return value.quantize(_SMALLEST_WORTH)
