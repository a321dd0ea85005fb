"""Whom a campaign asks for, what travels on of them, and whether the run may start with so many."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dangol.contracts import Reach, Recipient
from dangol.domain.advertising import country_of
from dangol.domain.campaign import Campaign
from dangol.domain.compiling import address_trait, columns, compiled
from dangol.domain.confirmation import CONSENTS, consents_given
from dangol.domain.matching import Moment, labels, select
from dangol.domain.profile import Profile
from dangol.domain.project import Project
from dangol.domain.segment import Segment
from dangol.domain.sieve import Columns
from dangol.pipeline.listing import replaced_at
from dangol.pipeline.touches import runs_of
from dangol.ports import Definition, Lists, RunItem, Runs, Search
from dangol.rendering import traits_needed

# What travels on of everybody: their time zone, and the country whose law applies.
_ALWAYS_READ: Final = frozenset({"timezone", "country", "phone"})


@dataclass(frozen=True, slots=True)
class Question:
    """Whom a campaign asks for, as of one moment."""

    campaign: Campaign
    project: Project
    moment: Moment
    needed: frozenset[str]

    @classmethod
    def of(cls, definition: Definition, scheduled_at: datetime, lists: Lists, runs: Runs) -> "Question":
        """The question of a definition, asked as of the scheduled time."""
        campaign, project = definition.campaign, definition.project
        needed = {name for message in campaign.messages() for name in traits_needed(message, project)}
        if campaign.assign_by:
            needed.add(campaign.assign_by.trait)
        segments = (campaign.audience, *campaign.exclude, *project.always_exclude)
        moment = Moment(scheduled_at, project.zone, replaced_at(lists, segments), runs_of(runs, segments))
        return cls(campaign, project, moment, frozenset(needed))

    @property
    def excluded(self) -> tuple[Segment, ...]:
        """The segments whose people are taken out again."""
        return (*self.campaign.exclude, *self.project.always_exclude)

    @property
    def search(self) -> Search:
        """Whom a scan has to find, and what to read of them."""
        traits = self.needed | _ALWAYS_READ | {address_trait(channel) for channel in self.campaign.steps}
        read = Columns(traits=frozenset(traits), consents=CONSENTS in self.needed) | columns(self.campaign.audience)
        for segment in self.excluded:
            read |= columns(segment)
        return Search(compiled(self.campaign.audience, self.excluded, self.moment), read)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All segments that decide."""
        return (self.campaign.audience, *self.excluded)

    def answer(self, profile: Profile) -> bool | None:
        """Whether the campaign asks for this person; None where the kept history cannot tell."""
        return select(self.campaign.audience, self.excluded, profile, self.moment)

    def recipient(self, profile: Profile) -> Recipient:
        """What travels on of somebody who was selected."""
        assign = self.campaign.assign_by
        assigned = profile.traits.get(assign.trait) if assign else None
        return Recipient(
            user_id=profile.user_id,
            address=profile.address(self.campaign.channel),
            others=[Reach(address=profile.address(channel)) for channel in self.campaign.steps[1:]],
            zone=_zone(profile),
            country=country_of(profile.traits, self.project),
            assigned=None if assigned is None else str(assigned),
            labels=labels(self.campaign.audience, profile, self.moment),
            traits=self._told(profile),
        )

    def _told(self, profile: Profile) -> dict[str, Any]:
        told = {name: profile.traits[name] for name in self.needed if name in profile.traits}
        return told | {CONSENTS: consents_given(profile, self.project)} if CONSENTS in self.needed else told


def refusal(run: RunItem, campaign: Campaign) -> str | None:
    """Why the run must not start now that its audience is known; None where it may."""
    if run.inexact and campaign.on_inexact == "stop":
        return "inexact"
    limits = campaign.limits.audience
    if limits is None:
        return None
    if limits.min is not None and run.audience < limits.min:
        return "audience_too_small"
    if limits.max is not None and run.audience > limits.max:
        return "audience_too_large"
    return None


def _zone(profile: Profile) -> str | None:
    name = profile.traits.get("timezone")
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return None
