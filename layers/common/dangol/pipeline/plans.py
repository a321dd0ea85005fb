"""What dispatching needs to know of a run, put together once and remembered."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from dangol.domain.campaign import Campaign, StopWhen
from dangol.domain.channel import ChannelName
from dangol.domain.project import Project
from dangol.domain.run import Run
from dangol.domain.stopping import slide, too_many
from dangol.domain.tracking import Keys
from dangol.domain.variant import arms
from dangol.domain.winner import decided
from dangol.pipeline.counting import tally
from dangol.pipeline.messages import Renderer, Rendering
from dangol.pipeline.pacing import Pace, pace_of, slower
from dangol.pipeline.run_plan import RunPlan, Way
from dangol.ports import Channel, Clock, Definitions, RunItem, Runs

# Names a channel and the project; gives the adapter of its provider.
ChannelOf = Callable[[str, Project], Channel]


@dataclass(frozen=True, slots=True)
class _Known:
    """A plan as of a moment, in epoch seconds, and the keys that it signs with."""

    at: float
    keys: Keys
    plan: RunPlan


@dataclass(slots=True)
class Plans:
    """Plans by run name; the state of a run is read again after `memory` seconds."""

    runs: Runs
    definitions: Definitions
    keys: Callable[[], Keys]
    channel: ChannelOf
    clock: Clock
    memory: float
    _plans: dict[str, _Known] = field(default_factory=dict, init=False)

    def of(self, run: str) -> RunPlan:
        """The plan of a run.

        Raises:
            NotFoundError: there is no such run.
        """
        now, keys, known = self.clock.seconds(), self.keys(), self._plans.get(run)
        if known is None or known.keys is not keys:
            self._plans[run] = known = _Known(now, keys, self._plan(self.runs.get(run), keys))
        elif now - known.at > self.memory:
            self._plans[run] = known = _Known(now, keys, self._as_of(self.runs.get(run), known.plan))
        return known.plan

    def _plan(self, item: RunItem, keys: Keys) -> RunPlan:
        definition = self.definitions.version(item.campaign_id, item.version)
        campaign, project = definition.campaign, definition.project
        run = Run(item.number, item.campaign_id, campaign, project, item.scheduled_at)
        plan = RunPlan(
            run=run,
            name=item.run,
            stopped=False,
            paused=False,
            ways=tuple(self._way(run, name, definition.link_base, keys) for name in campaign.steps),
            pause=partial(self._pause, item.run),
            review=partial(self._review, item.run, limits) if (limits := campaign.limits.stop_when) else None,
        )
        return self._as_of(item, plan)

    def _way(self, run: Run, name: ChannelName, link_base: str, keys: Keys) -> Way:
        """One channel of a run."""
        campaign, project = run.campaign.on(name), run.project
        channel = self.channel(name, project)
        return Way(
            run=replace(run, campaign=campaign),
            renderer=Renderer(Rendering(run.number, campaign, project, link_base, keys)),
            channel=channel,
            provider=provider_of(campaign, project),
            pace=campaign_pace(campaign, project, channel.batch_size),
        )

    def _as_of(self, item: RunItem, plan: RunPlan) -> RunPlan:
        """The plan with what changes while the run goes on; its definition never does."""
        campaign = plan.run.campaign
        item = self._settled(item, campaign)
        # Only `once_per` and `show.max` ask for them.
        asks = campaign.once_per or (campaign.show and campaign.show.max)
        found = self.runs.of_campaign(item.campaign_id) if asks else ()
        siblings = {run.number: run.scheduled_at for run in found}
        winner = item.winner.variant if item.winner else None

        def as_of(run: Run) -> Run:
            return replace(run, siblings=siblings, winner=winner)

        return replace(
            plan,
            run=as_of(plan.run),
            ways=tuple(replace(way, run=as_of(way.run)) for way in plan.ways),
            stopped=item.state == "cancelled",
            paused=item.paused is not None,
        )

    def _settled(self, item: RunItem, campaign: Campaign) -> RunItem:
        """The run with the winner of its test, decided here where it is time: once, for all workers."""
        now, test = self.clock.now(), campaign.test
        if test is None or item.winner or item.state == "cancelled" or now < item.scheduled_at + test.decide_after:
            return item
        weights = [variant.weight for variant in arms(campaign)]
        self.runs.settle(item.run, decided(test, weights, self.runs.counts(item.run), now))
        return self.runs.get(item.run)

    def _pause(self, run: str, because: str) -> None:
        self.runs.pause(run, because)
        self._plans.pop(run, None)

    def _review(self, run: str, limits: StopWhen) -> None:
        """Pause the run where too many of its last hand-overs failed, or opted out."""
        item, now = self.runs.get(run), tally(self.runs.counts(run))
        if because := too_many(limits, item.marks, now):
            self._pause(run, because)
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
