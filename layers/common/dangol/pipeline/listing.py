"""Record who is on a list: the list itself in the registry, each person's membership in their profile."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from dangol.contracts import Listed
from dangol.domain.listing import MemberList
from dangol.domain.profile import state_membership
from dangol.domain.segment import Segment, lists_of
from dangol.ports import Lists, Profiles

PEOPLE_AT_ONCE: Final = 400


class Lister:
    """Records what is said of lists; the order and the number of times make no difference."""

    def __init__(self, lists: Lists, profiles: Profiles) -> None:
        self._lists = lists
        self._profiles = profiles

    def record(self, said: Sequence[Listed]) -> int:
        """Record; how many people were told of."""
        people: dict[str, list[Listed]] = defaultdict(list)
        for listed in said:
            for user in listed.user_ids:
                people[user].append(listed)
        users = list(people)
        for position in range(0, len(users), PEOPLE_AT_ONCE):
            self._state({user: people[user] for user in users[position : position + PEOPLE_AT_ONCE]})
        # Last, so that the earlier members of a list told anew count until the new ones are in.
        for name in dict.fromkeys(listed.name for listed in said):
            self._note([listed for listed in said if listed.name == name])
        return len(people)

    def _state(self, people: Mapping[str, Sequence[Listed]]) -> None:
        todo = list(people)
        while todo:
            profiles = self._profiles.get_many(todo)
            changed = []
            for user in todo:
                news = [
                    state_membership(profiles[user], listed.name, member=listed.member, at=listed.at // 1000)
                    for listed in people[user]
                ]
                if any(news):
                    changed.append(profiles[user])
            todo = list(self._profiles.put_many(changed)) if changed else []

    def _note(self, said: Sequence[Listed]) -> None:
        while True:
            known = self._lists.get(said[0].name)
            wanted = known
            for listed in said:
                wanted = wanted.told(_news(listed))
            if (wanted == known and known.rev) or self._lists.put(replace(wanted, rev=known.rev + 1)):
                return


def _news(listed: Listed) -> MemberList:
    at = listed.at // 1000
    sessions = {listed.session: at} if listed.session else {}
    return MemberList(listed.name, listed.source, at, listed.people, sessions)


def replaced_at(lists: Lists, segments: Iterable[Segment]) -> Mapping[str, int]:
    """Since when the people of each list that the segments ask for have been told anew, in epoch seconds."""
    asked = lists_of(segments)
    return {name: lists.get(name).replaced_at for name in asked}
