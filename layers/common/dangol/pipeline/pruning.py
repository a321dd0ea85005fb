"""Devices that take no push any more, off the profiles of their people."""

from collections import defaultdict
from collections.abc import Sequence

from dangol.contracts import DevicesGone
from dangol.domain.devices import drop
from dangol.domain.profile import Profile
from dangol.ports import Profiles


class Pruner:
    """Takes devices away; told twice or late it changes nothing, and who was seen again since stays."""

    def __init__(self, profiles: Profiles) -> None:
        self._profiles = profiles

    def record(self, told: Sequence[DevicesGone]) -> None:
        """Take these devices away; who loses against another writer is read again."""
        by_person: dict[str, list[DevicesGone]] = defaultdict(list)
        for each in told:
            by_person[each.user_id].append(each)
        todo = list(by_person)
        while todo:
            profiles = self._profiles.get_many(todo)
            changed = [profile for user, profile in profiles.items() if _pruned(profile, by_person[user])]
            todo = list(self._profiles.put_many(changed)) if changed else []


def _pruned(profile: Profile, told: Sequence[DevicesGone]) -> bool:
    changed = [drop(profile.traits, each.channel, each.devices, each.at // 1000) for each in told]
    return any(changed)
