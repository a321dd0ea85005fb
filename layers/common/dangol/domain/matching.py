"""Does this person match this segment? True, False, or None where the kept history cannot tell."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from dangol.domain.comparing import holds
from dangol.domain.doing import did, did_not, first_did, last_did
from dangol.domain.medium import permission
from dangol.domain.moment import Moment
from dangol.domain.profile import Profile
from dangol.domain.segment import (
    ClickedCondition,
    Condition,
    ConsentedCondition,
    ConvertedCondition,
    DidCondition,
    DidNotCondition,
    FirstDidCondition,
    Group,
    LastDidCondition,
    ListCondition,
    OpenedCondition,
    ReachableCondition,
    ReceivedCondition,
    SampleCondition,
    Segment,
    TraitCondition,
)
from dangol.domain.three import Answer, every, negated, some
from dangol.domain.touching import touched

__all__ = ["MAX_LABELS", "Answer", "Moment", "labels", "matches", "sampled", "select"]
MAX_LABELS: Final = 8
_DRAWN: Final = 2**64


def matches(node: Condition, profile: Profile, moment: Moment) -> Answer:
    """Answer `node` for `profile` as of `moment`; windows are half-open, `[from, to)`."""
    if isinstance(node, Group):
        return _group(node, profile, moment)
    return _CHECKS[type(node)](node, profile, moment)


def select(segment: Segment, excluded: Iterable[Segment], profile: Profile, moment: Moment) -> Answer:
    """Answer whether `segment` selects a person and no exclusion takes them out again."""
    answers = [matches(segment, profile, moment)]
    answers += [negated(matches(exclusion, profile, moment)) for exclusion in excluded]
    return every(answers)


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
        parts.append(every([matches(c, profile, moment) for c in group.all_]))
    if group.any_ is not None:
        parts.append(some([matches(c, profile, moment) for c in group.any_]))
    if group.none_ is not None:
        parts.append(negated(some([matches(c, profile, moment) for c in group.none_])))
    return every(parts)


def _consented(condition: ConsentedCondition, profile: Profile, moment: Moment) -> Answer:
    asked = condition.stretch(moment)
    # The console reaches nobody, and has no consents.
    if asked is None or condition.consented == "console":
        return profile.consented(condition.consented)
    return asked[0] <= profile.consents.get(permission(condition.consented), 0) < asked[1]


def _reachable(condition: ReachableCondition, profile: Profile, _moment: Moment) -> Answer:
    return profile.address(condition.reachable) is not None


def _in_list(condition: ListCondition, profile: Profile, moment: Moment) -> Answer:
    return profile.listed(condition.in_list, moment.lists.get(condition.in_list, 0))


def _trait(condition: TraitCondition, profile: Profile, moment: Moment) -> Answer:
    return holds(condition, profile.traits.get(condition.trait), moment.at, moment.zone)


def _sample(condition: SampleCondition, profile: Profile, _moment: Moment) -> Answer:
    return sampled(profile.user_id, condition.sample, condition.salt)


def sampled(user_id: str, share: float, salt: str = "") -> bool:
    """Whether somebody is of a share of all people: always the same ones, and of a larger share too."""
    # A word of its own: who is in a sample says nothing of the variant or holdout they are drawn for.
    drawn = hashlib.sha256(f"sample:{salt}:{user_id}".encode()).digest()[:8]
    return int.from_bytes(drawn) < share * _DRAWN


_CHECKS: Final[dict[type, Callable[[Any, Profile, Moment], Answer]]] = {
    TraitCondition: _trait,
    DidCondition: did,
    DidNotCondition: did_not,
    LastDidCondition: last_did,
    FirstDidCondition: first_did,
    ReceivedCondition: touched,
    OpenedCondition: touched,
    ClickedCondition: touched,
    ConvertedCondition: touched,
    ConsentedCondition: _consented,
    ReachableCondition: _reachable,
    ListCondition: _in_list,
    SampleCondition: _sample,
}
