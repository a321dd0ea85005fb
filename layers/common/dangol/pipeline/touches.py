"""Read what people did with the messages they were sent, for the segments that ask."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from dangol.domain.profile import Profile, Touches
from dangol.domain.segment import ConvertedCondition, Segment, touches_of
from dangol.domain.touching import ANY_CAMPAIGN
from dangol.ports import Ledgers, Outcomes, Runs

# The goal's place among what is counted of a person and a run.
_GOAL: Final = "goal"


def runs_of(runs: Runs, segments: Iterable[Segment]) -> Mapping[str, frozenset[int]]:
    """The runs of each campaign that the segments name, by their numbers."""
    named = {condition.campaign for condition in touches_of(segments)} - {ANY_CAMPAIGN}
    return {name: frozenset(run.number for run in runs.of_campaign(name)) for name in sorted(named)}


class Reminder:
    """Gives people their messages back."""

    def __init__(self, ledgers: Ledgers, outcomes: Outcomes) -> None:
        self._ledgers = ledgers
        self._outcomes = outcomes

    def remind(self, people: Sequence[Profile], segments: Iterable[Segment]) -> bool:
        """Set the touches of people where a segment asks for them; whether one does."""
        asked = touches_of(segments)
        if not asked or not people:
            return False
        ledgers = self._ledgers.get_many([person.user_id for person in people])
        reached: dict[str, set[int]] = {person.user_id: set() for person in people}
        if any(isinstance(condition, ConvertedCondition) for condition in asked):
            keys = [(user, entry.run) for user, ledger in ledgers.items() for entry in ledger.entries]
            for (user, run), outcome in self._outcomes.get_many(keys).items():
                if outcome.ids.get(_GOAL):
                    reached[user].add(run)
        for person in people:
            entries = ledgers[person.user_id].entries
            person.touches = Touches(entries, frozenset(reached[person.user_id]))
        return True
