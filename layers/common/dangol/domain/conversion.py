"""Which runs an event counts for, and as what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from dangol.domain.campaign import Campaign, Goal
from dangol.domain.ledger import Entry, State
from dangol.domain.segment import facet_text

GOAL: Final = "goal"
# How long `also` events are measured where a campaign has no goal to say so.
DEFAULT_WINDOW: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Touch:
    """A person's entry, and the campaign of its run."""

    entry: Entry
    campaign: Campaign


def interests(campaign: Campaign, event: str, properties: Mapping[str, Any]) -> tuple[str, ...]:
    """What an event is to a campaign: its `goal`, an `also:<event>`, both or nothing."""
    found = [f"also:{event}"] if event in campaign.also else []
    if campaign.goal and campaign.goal.event == event and fits(campaign.goal, properties):
        found.append(GOAL)
    return tuple(found)


def fits(goal: Goal, properties: Mapping[str, Any]) -> bool:
    """Whether an event's properties are those that the goal asks for."""
    for name, wanted in goal.where.items():
        allowed = wanted if isinstance(wanted, list) else [wanted]
        said = properties.get(name)
        if said is None or facet_text(said) not in {facet_text(value) for value in allowed}:
            return False
    return True


def window(campaign: Campaign) -> timedelta:
    """How long after its send a run counts events."""
    return campaign.goal.within if campaign.goal else DEFAULT_WINDOW


def attributed(
    touches: Iterable[Touch], event: str, properties: Mapping[str, Any], at: int
) -> list[tuple[Touch, tuple[str, ...]]]:
    """The touches that an event at `at` (epoch seconds) counts for, with what it is to each.

    With `attribution: last` a campaign counts it only where none of the others touched the person later;
    people held out are touched like the rest.
    """
    found = [
        (touch, kinds)
        for touch in touches
        if touch.entry.state is not State.CANCELLED
        and touch.entry.claimed_at <= at < touch.entry.claimed_at + window(touch.campaign).total_seconds()
        and (kinds := interests(touch.campaign, event, properties))
    ]
    if not found:
        return []
    latest = max(found, key=lambda pair: (pair[0].entry.claimed_at, pair[0].entry.run))
    return [pair for pair in found if pair is latest or pair[0].campaign.attribution == "any"]
