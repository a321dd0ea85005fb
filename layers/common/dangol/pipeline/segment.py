"""Build a run's audience: plan it, scan the people in tasks, keep what each step selected, then release.

Nothing is sent before the whole audience is known, so that a run whose audience is outside its limits, or
cannot be told exactly, stops before the first message.
"""

import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dangol.contracts import Recipient, Release, ScanStep, SendChunk, StartRun, StepResult
from dangol.domain.advertising import country_of
from dangol.domain.campaign import Campaign
from dangol.domain.matching import Moment, labels, select
from dangol.domain.profile import Profile
from dangol.domain.project import Project
from dangol.domain.schedule import run_id, scheduled_time
from dangol.pipeline.listing import replaced_at
from dangol.ports import Clock, Definition, Definitions, Lists, Objects, Profiles, Queue, RunItem, Runs
from dangol.rendering import traits_needed

CHUNK: Final = 100
# A step ends after this many recipients, so that memory stays flat in the size of the audience.
RECIPIENTS_PER_STEP: Final = 5_000
PROFILES_PER_STEP: Final = 50_000
STEPS_PER_RELEASE: Final = 20
SCANNING, RUNNING, CANCELLED = "scanning", "running", "cancelled"


@dataclass(frozen=True, slots=True)
class Stores:
    """What the stage works on."""

    definitions: Definitions
    runs: Runs
    profiles: Profiles
    lists: Lists
    objects: Objects
    tasks: Queue
    sends: Queue
    clock: Clock


@dataclass(frozen=True, slots=True)
class Question:
    """Whom a campaign asks for, as of one moment."""

    campaign: Campaign
    project: Project
    moment: Moment
    needed: frozenset[str]

    @classmethod
    def of(cls, definition: Definition, scheduled_at: datetime, lists: Lists) -> "Question":
        """The question of a definition, asked as of the scheduled time."""
        campaign, project = definition.campaign, definition.project
        needed = {name for message in campaign.messages() for name in traits_needed(message, project)}
        if campaign.assign_by:
            needed.add(campaign.assign_by.trait)
        told = replaced_at(lists, (campaign.audience, *campaign.exclude, *project.always_exclude))
        return cls(campaign, project, Moment(scheduled_at, project.zone, told), frozenset(needed))

    def answer(self, profile: Profile) -> bool | None:
        """Whether the campaign asks for this person; None where the kept history cannot tell."""
        excluded = (*self.campaign.exclude, *self.project.always_exclude)
        return select(self.campaign.audience, excluded, profile, self.moment)

    def recipient(self, profile: Profile) -> Recipient:
        """What travels on of somebody who was selected."""
        assign = self.campaign.assign_by
        assigned = profile.traits.get(assign.trait) if assign else None
        return Recipient(
            user_id=profile.user_id,
            address=profile.address(self.campaign.channel),
            zone=_zone(profile),
            country=country_of(profile.traits, self.project),
            assigned=None if assigned is None else str(assigned),
            labels=labels(self.campaign.audience, profile, self.moment),
            traits={name: profile.traits[name] for name in self.needed if name in profile.traits},
        )


def _zone(profile: Profile) -> str | None:
    name = profile.traits.get("timezone")
    if not isinstance(name, str) or not name:
        return None
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        return None


class Segmenter:
    """Builds audiences."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def start(self, order: StartRun) -> RunItem:
        """Start a campaign's run, or go on with it where the same firing came before.

        Raises:
            NotFoundError: there is no such campaign.
        """
        now = self._s.clock.now()
        at = scheduled_time(order.scheduled_at, now)
        definition = self._s.definitions.current(order.campaign)
        wanted = RunItem(
            run=run_id(order.campaign, at),
            number=0,
            campaign_id=order.campaign,
            version=definition.version,
            scheduled_at=at,
            state=SCANNING,
            tasks=self._s.profiles.tasks(),
        )
        run = self._s.runs.create(wanted)
        if run.state == SCANNING:
            # Doubled firings queue the tasks again: a repeated step changes nothing.
            steps = [ScanStep(run=run.run, task=task, tasks=run.tasks) for task in range(run.tasks)]
            self._s.tasks.send([step.model_dump_json() for step in steps])
        return run

    def scan(self, step: ScanStep, *, until: Callable[[], bool]) -> RunItem:
        """Work one scan step, at most until `until` says so, and queue what comes after it."""
        run, key = self._s.runs.get(step.run), step_key(step)
        if run.state != SCANNING:
            self._release_again(run, key)
            return run
        body = self._select(run, step, until)
        if not self._s.objects.put_once(key, _packed(body)):
            # Somebody worked this step before us: the people they selected stand.
            body = read_step(self._s.objects.get(key))
        run = self._s.runs.close_step(
            run.run,
            f"{step.task}-{step.step}",
            scanned=body.scanned,
            selected=sum(len(chunk) for chunk in body.chunks),
            inexact=body.inexact,
            last=body.last is None,
        )
        if body.last is not None:
            following = step.model_copy(update={"step": step.step + 1, "start": body.last})
            self._s.tasks.send([following.model_dump_json()])
        elif run.tasks_closed >= run.tasks:
            run = self._close(run)
        return run

    def release(self, order: Release) -> None:
        """Queue the chunks of the next steps for sending; a repeated release is fenced by the journals."""
        if self._s.runs.get(order.run).state != RUNNING:
            return
        keys = self._s.objects.keys(steps_prefix(order.run), order.after, STEPS_PER_RELEASE)
        for key in keys:
            chunks = chunks_of(order.run, key, read_step(self._s.objects.get(key)))
            self._s.sends.send([chunk.model_dump_json() for chunk in chunks])
        if len(keys) == STEPS_PER_RELEASE:
            following = Release(run=order.run, after=keys[-1])
            self._s.tasks.send([following.model_dump_json()])

    def _release_again(self, run: RunItem, key: str) -> None:
        """A last step that comes twice may be all that is left of a worker who died before the release."""
        if run.state == RUNNING and read_step(self._s.objects.get(key)).last is None:
            self._s.tasks.send([Release(run=run.run).model_dump_json()])

    def _close(self, run: RunItem) -> RunItem:
        """The audience is known: send to it, or stop where it is not what the campaign allows."""
        definition = self._s.definitions.version(run.campaign_id, run.version)
        because = refusal(run, definition.campaign)
        state = CANCELLED if because else RUNNING
        self._s.runs.set_state(run.run, state, expected=SCANNING, because=because)
        if not because:
            self._s.tasks.send([Release(run=run.run).model_dump_json()])
        return replace(run, state=state, stopped_because=because)

    def _select(self, run: RunItem, step: ScanStep, until: Callable[[], bool]) -> StepResult:
        definition = self._s.definitions.version(run.campaign_id, run.version)
        question = Question.of(definition, run.scheduled_at, self._s.lists)
        selected: list[Recipient] = []
        scanned = inexact = 0
        last: str | None = None
        for page, last in self._s.profiles.scan(step.task, step.tasks, step.start):  # noqa: B007
            scanned += len(page)
            for profile in page:
                answer = question.answer(profile)
                inexact += answer is None
                if answer:
                    selected.append(question.recipient(profile))
            if len(selected) >= RECIPIENTS_PER_STEP or scanned >= PROFILES_PER_STEP or until():
                break
        return StepResult(chunks=list(_chunks(selected)), scanned=scanned, inexact=inexact, last=last)


def refusal(run: RunItem, campaign: Campaign) -> str | None:
    """Why the run must not start now that its audience is known; None where it may."""
    if run.inexact:
        return "inexact"
    limits = campaign.limits.audience
    if limits is None:
        return None
    if limits.min is not None and run.audience < limits.min:
        return "audience_too_small"
    if limits.max is not None and run.audience > limits.max:
        return "audience_too_large"
    return None


def _chunks(selected: Sequence[Recipient]) -> Iterable[list[Recipient]]:
    for position in range(0, len(selected), CHUNK):
        yield list(selected[position : position + CHUNK])


def steps_prefix(run: str) -> str:
    """Where the steps of a run are kept."""
    return f"runs/{run}/steps/"


def step_key(step: ScanStep) -> str:
    """Where what a step selected is kept."""
    return f"{steps_prefix(step.run)}{step.task:05d}-{step.step:05d}.json.gz"


def _packed(body: StepResult) -> bytes:
    return gzip.compress(body.model_dump_json().encode(), compresslevel=3, mtime=0)


def read_step(packed: bytes) -> StepResult:
    """Read what a step selected."""
    return StepResult.model_validate_json(gzip.decompress(packed))


def chunks_of(run: str, key: str, body: StepResult) -> list[SendChunk]:
    """The chunks of a step, each under a name of its own."""
    step = key.rsplit("/", 1)[-1].partition(".")[0]
    return [
        SendChunk(run=run, chunk=f"{step}-{n}", size=len(people), indexes=list(range(len(people))), recipients=people)
        for n, people in enumerate(body.chunks)
    ]
