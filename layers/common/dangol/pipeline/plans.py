"""What dispatching needs to know of a run, put together once and remembered."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from dangol.domain.campaign import Campaign, StopWhen
from dangol.domain.decision import Run
from dangol.domain.project import Project
from dangol.domain.stopping import slide, too_many
from dangol.domain.tracking import Keys
from dangol.pipeline.counting import tally
from dangol.pipeline.messages import Renderer, Rendering
from dangol.pipeline.pacing import Pace, pace_of, slower
from dangol.pipeline.work import RunPlan
from dangol.ports import Channel, Clock, Definitions, RunItem, Runs

# Names a channel and the project; gives the adapter of its provider.
ChannelOf = Callable[[str, Project], Channel]


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
        channel = self.channel(campaign.channel, project)
        siblings = {run.number: run.scheduled_at for run in self.runs.of_campaign(item.campaign_id)}
        rendering = Rendering(item.number, campaign, project, definition.link_base, self.keys())
        return RunPlan(
            run=Run(item.number, item.campaign_id, campaign, project, item.scheduled_at, siblings),
            name=item.run,
            stopped=item.state == "cancelled",
            paused=item.paused is not None,
            renderer=Renderer(rendering),
            channel=channel,
            provider=provider,
            pace=campaign_pace(campaign, project, channel.batch_size),
            review=partial(self._review, item.run, limits) if (limits := campaign.limits.stop_when) else None,
        )

    def _review(self, run: str, limits: StopWhen) -> None:
        """Pause the run where too many of its last hand-overs failed, or opted out."""
        item, now = self.runs.get(run), tally(self.runs.counts(run))
        if because := too_many(limits, item.marks, now):
            self.runs.pause(run, because)
            self._plans.pop(run, None)
        elif (marks := slide(item.marks, now)) != item.marks:
            # Whoever marked it meanwhile did as well.
            self.runs.mark(item, marks)


def provider_of(campaign: Campaign, project: Project) -> str:
    """The provider of the campaign's channel; the console where nothing is configured."""
    settings = project.settings(campaign.channel)
    return settings.provider or "console"


def campaign_pace(campaign: Campaign, project: Project, batch_size: int) -> Pace:
    """The provider's pace, or the campaign's own where its rate is lower."""
    rate = project.settings(campaign.channel).messages_per_second
    pace, own = pace_of(rate, batch_size), campaign.limits.rate
    return slower(pace, own) if own and own < rate else pace
