"""One run of a campaign, as all decisions about its people share it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dangol.domain.campaign import Campaign
from dangol.domain.channel import SESSION
from dangol.domain.project import Project
from dangol.domain.session import WAITS_FOR
from dangol.domain.winner import in_test

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Run:
    """All that the decisions of one run share."""

    number: int
    campaign_id: str
    campaign: Campaign
    project: Project
    scheduled_at: datetime
    # This campaign's runs by number, this one included, with their scheduled times: what `once_per` looks for.
    siblings: Mapping[int, datetime] = field(default_factory=dict)
    # What whoever is not in the campaign's test gets; None until it is decided.
    winner: int | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The campaign's own zone, used for people whose own is not known."""
        rule = self.campaign.schedule
        return ZoneInfo(rule.timezone) if rule and rule.timezone else self.project.zone

    @property
    def expires_at(self) -> datetime | None:
        """When it is too late to send."""
        in_session = self.campaign.channel in SESSION
        return self.ends_at if self.campaign.limits.expires or in_session else None

    @property
    def ends_at(self) -> datetime:
        """When what waits for a session is forgotten."""
        return self.scheduled_at.astimezone(UTC) + (self.campaign.limits.expires or WAITS_FOR)

    @property
    def decides_at(self) -> datetime | None:
        """When the winner of the campaign's test is decided."""
        test = self.campaign.test
        return self.scheduled_at.astimezone(UTC) + test.decide_after if test else None

    def awaits_winner(self, user_id: str) -> bool:
        """Whether a person is of those who get the winner of the campaign's test."""
        test = self.campaign.test
        return test is not None and not in_test(user_id, self.campaign_id, test)

    def near(self, at: datetime, window: timedelta) -> bool:
        """Whether a run scheduled at `at` bars this one for `window`; one exactly that long before does not.

        Whole days are counted on the campaign's own calendar, so that a weekly start at ten o'clock stays a week
        apart where the clocks change.
        """
        zone = self.zone if window % _DAY == timedelta(0) else UTC
        here, there = (moment.astimezone(zone).replace(tzinfo=None) for moment in (self.scheduled_at, at))
        return here - there < window
