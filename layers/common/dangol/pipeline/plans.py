"""What dispatching needs to know of a run, put together once and remembered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from dangol.domain.campaign import Campaign, StopWhen
from dangol.domain.decision import Run
from dangol.domain.project import Project, Sender
from dangol.domain.tracking import Keys
from dangol.pipeline.counting import arm_total
from dangol.pipeline.messages import Renderer, Rendering
from dangol.pipeline.work import RunPlan
from dangol.ports import Channel, Clock, Definitions, RunItem, Runs

# A share of fewer people than this says nothing yet.
FEWEST_TO_JUDGE: Final = 100
# Names a channel, its provider and the sender; gives the adapter.
ChannelOf = Callable[[str, str, Sender], Channel]


@dataclass(slots=True)
class Plans:
    """Plans by run name; the state of a run is read again after `memory` seconds."""

    runs: Runs
    definitions: Definitions
    keys: Callable[[], Keys]
    channel: ChannelOf
    clock: Clock
    memory: float
    _plans: dict[str, tuple[float, RunPlan]] = field(default_factory=dict, init=False)

    def of(self, run: str) -> RunPlan:
        """The plan of a run.

        Raises:
            NotFoundError: there is no such run.
        """
        now = self.clock.seconds()
        known = self._plans.get(run)
        if known is None or now - known[0] > self.memory:
            known = (now, self._plan(self.runs.get(run)))
            self._plans[run] = known
        return known[1]

    def _plan(self, item: RunItem) -> RunPlan:
        definition = self.definitions.version(item.campaign_id, item.version)
        campaign, project = definition.campaign, definition.project
        provider = provider_of(campaign, project)
        siblings = frozenset(sibling.number for sibling in self.runs.of_campaign(item.campaign_id))
        rendering = Rendering(item.number, campaign, project, definition.link_base, self.keys())
        return RunPlan(
            run=Run(item.number, item.campaign_id, campaign, project, item.scheduled_at, siblings),
            name=item.run,
            stopped=item.state == "cancelled" or self._stop(item, campaign),
            paused=item.paused is not None,
            renderer=Renderer(rendering),
            channel=self.channel(campaign.channel, provider, project.sender),
            provider=provider,
            rate=rate_of(campaign, project),
        )

    def _stop(self, item: RunItem, campaign: Campaign) -> bool:
        """Stop the run where too many failed or opted out; nobody else is sent to then."""
        if campaign.limits.stop_when is None:
            return False
        because = too_many(campaign.limits.stop_when, self.runs.counts(item.run))
        if because:
            self.runs.set_state(item.run, "cancelled", expected="running", because=because)
        return because is not None


def too_many(limits: StopWhen, counts: Mapping[str, Decimal]) -> str | None:
    """Which of the shares is passed, of everybody handed over; None below a hundred of them."""
    handed = arm_total(counts, "sent") + arm_total(counts, "failed")
    if handed < FEWEST_TO_JUDGE:
        return None
    for what in ("failed", "unsubscribed"):
        share = getattr(limits, what)
        if share is not None and arm_total(counts, what) > share * handed:
            return f"too_many_{what}"
    return None


def provider_of(campaign: Campaign, project: Project) -> str:
    """The provider of the campaign's channel; the console where nothing is configured."""
    settings = project.settings(campaign.channel)
    return settings.provider or "console"


def rate_of(campaign: Campaign, project: Project) -> int:
    """Messages a second: the provider's rate, or the campaign's own where that is lower."""
    rate = project.settings(campaign.channel).rate
    return min(rate, campaign.limits.rate or rate)
