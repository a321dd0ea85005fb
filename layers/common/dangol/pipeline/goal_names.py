"""The events that goals and `also` ask for, remembered for a few seconds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from dangol.domain.campaign import Campaign
from dangol.ports import Catalogue, Clock

# A campaign is applied, planned and scanned before its first message; nobody answers one within these seconds.
MEMORY: Final = timedelta(seconds=5)
EVENTS: Final = "goal_events"
PROPERTIES: Final = "goal_properties"


@dataclass(frozen=True, slots=True)
class Goals:
    """The events that some campaign has ever counted, and the properties that some goal has ever compared."""

    events: frozenset[str] = frozenset()
    properties: frozenset[str] = frozenset()


def goals_of(campaigns: Iterable[Campaign]) -> Goals:
    """What these campaigns count."""
    events: set[str] = set()
    properties: set[str] = set()
    for campaign in campaigns:
        events.update(campaign.also)
        if campaign.goal:
            events.add(campaign.goal.event)
            properties.update(campaign.goal.where)
    return Goals(frozenset(events), frozenset(properties))


class GoalNames:
    """What `dangol apply` left in the catalogue."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._known = Goals()
        self._asked: datetime | None = None

    def goals(self) -> Goals:
        """What is counted, as of a few seconds ago."""
        now = self._clock.now()
        if self._asked is None or abs(now - self._asked) >= MEMORY:
            self._known = Goals(self._catalogue.names(EVENTS), self._catalogue.names(PROPERTIES))
            self._asked = now
        return self._known
