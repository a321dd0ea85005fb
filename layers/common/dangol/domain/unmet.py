"""Why a segment does not select a person: the conditions that would have to be otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dangol.domain.matching import Answer, Moment, matches
from dangol.domain.profile import Profile
from dangol.domain.segment import Behaviour, Condition, Group, TraitCondition


@dataclass(frozen=True, slots=True)
class Unmet:
    """A condition that stands in the way.

    `path` is where it stands (`any[0].all[1]`); `holds` is its own answer, None where the kept history cannot
    tell: under `none` it is the one that holds. `found` is what is known of the person under it.
    """

    path: str
    condition: Condition
    holds: Answer
    found: Any

    @property
    def written(self) -> dict[str, Any]:
        """The condition as it stands in a file."""
        return self.condition.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"name"})


def unmet(node: Condition, profile: Profile, moment: Moment, path: str = "") -> Iterator[Unmet]:
    """Every condition because of which `node` does not select this person for certain; none where it does.

    Of an `any`, each branch is given: one of them would be enough.
    """
    answer = matches(node, profile, moment)
    if answer:
        return
    if not isinstance(node, Group):
        yield Unmet(path, node, answer, _found(node, profile))
        return
    inner = f"{path}." if path else ""
    for index, child in enumerate(node.all_ or ()):
        yield from unmet(child, profile, moment, f"{inner}all[{index}]")
    branches = node.any_ or ()
    if not any(matches(child, profile, moment) for child in branches):
        for index, child in enumerate(branches):
            yield from unmet(child, profile, moment, f"{inner}any[{index}]")
    for index, child in enumerate(node.none_ or ()):
        if (holds := matches(child, profile, moment)) is not False:
            yield Unmet(f"{inner}none[{index}]", child, holds, _found(child, profile))


def _found(node: Condition, profile: Profile) -> Any:  # noqa: ANN401 - a trait's value is anything
    """What the profile holds under a condition: the trait's value, or how often and when last it was done."""
    if isinstance(node, TraitCondition):
        return profile.traits.get(node.trait)
    if not isinstance(node, Behaviour):
        return None
    event: str = getattr(node, "did", "") or getattr(node, "did_not", "")
    history = profile.histories.get(event)
    if history is None:
        return {"count": 0}
    return {"count": history.count, "last": datetime.fromtimestamp(history.last, tz=UTC).isoformat()}
