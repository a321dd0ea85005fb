"""Build a run's audience: plan it, scan the people in tasks, keep what each step selected, then release.

Nothing is sent before the whole audience is known, so that a run whose audience is outside its limits, or
cannot be told exactly, stops before the first message.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from dangol.contracts import Recipient, Release, ScanStep, SendChunk, StartRun, StepResult
from dangol.domain.schedule import run_id, scheduled_time
from dangol.pipeline.audience import Question, refusal
from dangol.pipeline.releasing import piece_of, released
from dangol.pipeline.steps import chunked, chunks_of, packed, read_step, step_key, step_of, steps_prefix
from dangol.ports import (
    Clock,
    Definitions,
    Journals,
    Objects,
    Page,
    Profiles,
    Queue,
    RunItem,
    Runs,
    Standing,
    Throttle,
)

# A step ends after this many recipients, so that memory stays flat in the size of the audience.
RECIPIENTS_PER_STEP: Final = 2_500
PROFILES_PER_STEP: Final = 50_000
STEPS_PER_RELEASE: Final = 20
# What a page of 1 MB costs, read with eventual consistency: half a unit for each 4 KB.
READ_UNITS_PER_PAGE: Final = 128
# Tasks that wait for their turn at the table come back one after another.
BACK_OFF, SPREAD = 1, 4
# The shared rate of everybody who scans the people.
READS: Final = "profiles"
SCANNING, RUNNING, CANCELLED = "scanning", "running", "cancelled"


@dataclass(frozen=True, slots=True)
class Stores:
    """What the stage works on."""

    definitions: Definitions
    runs: Runs
    journals: Journals
    profiles: Profiles
    objects: Objects
    tasks: Queue
    sends: Queue
    throttle: Throttle
    clock: Clock


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
        if body is None:
            # The application needs the table more: nothing was read, so the same step comes again.
            self._s.tasks.send([step.model_dump_json()], delay=BACK_OFF + step.task % SPREAD)
            return run
        if not self._s.objects.put_once(key, packed(body)):
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
        run = self._s.runs.get(order.run)
        if not released(run, again=order.again):
            return
        keys = self._s.objects.keys(steps_prefix(order.run), order.after, STEPS_PER_RELEASE)
        for key in keys:
            pieces = self._pieces(run, order, key)
            self._s.sends.send([piece.model_dump_json() for piece in pieces])
        if len(keys) == STEPS_PER_RELEASE:
            self._s.tasks.send([order.model_copy(update={"after": keys[-1]}).model_dump_json()])

    def _pieces(self, run: RunItem, order: Release, key: str) -> list[SendChunk]:
        """What of a step is to be queued."""
        known: dict[str, Standing] = {}
        if order.again:
            known = {standing.chunk: standing for standing in self._s.journals.of_step(run.run, step_of(key))}
        chunks = chunks_of(run.run, key, read_step(self._s.objects.get(key)))
        due = float("inf") if run.state == CANCELLED else max(order.due, self._s.clock.now().timestamp())
        pieces = [piece_of(chunk, known.get(chunk.chunk), due) for chunk in chunks]
        return [piece for piece in pieces if piece is not None]

    def _release_again(self, run: RunItem, key: str) -> None:
        """A last step that comes twice may be all that is left of a worker who died before the release."""
        if run.state == RUNNING and read_step(self._s.objects.get(key)).last is None:
            self._s.tasks.send([Release(run=run.run).model_dump_json()])

    def _paced(self, step: ScanStep, question: Question) -> Iterator[Page]:
        """The pages of a step, each in a slot of the project's read units, up to where the next is not soon."""
        clock, rate = self._s.clock, question.project.limits.read_units
        pages = iter(self._s.profiles.scan(step.task, step.tasks, step.start, question.search))
        more = True
        while more:
            start = self._s.throttle.reserve(READS, rate, READ_UNITS_PER_PAGE, clock.seconds())
            if start is None:
                return
            clock.wait_until(start)
            page = next(pages)
            more = page.last is not None
            yield page

    def _close(self, run: RunItem) -> RunItem:
        """The audience is known: send to it, or stop where it is not what the campaign allows."""
        definition = self._s.definitions.version(run.campaign_id, run.version)
        because = refusal(run, definition.campaign)
        state = CANCELLED if because else RUNNING
        self._s.runs.set_state(run.run, state, expected=SCANNING, because=because)
        if not because:
            self._s.tasks.send([Release(run=run.run).model_dump_json()])
        return replace(run, state=state, stopped_because=because)

    def _select(self, run: RunItem, step: ScanStep, until: Callable[[], bool]) -> StepResult | None:
        """What a step selects; None where it had no turn at the table."""
        question = Question.of(self._s.definitions.version(run.campaign_id, run.version), run.scheduled_at)
        selected: list[Recipient] = []
        pages = scanned = inexact = 0
        last: str | None = None
        for page in self._paced(step, question):
            pages, scanned, last = pages + 1, scanned + page.scanned, page.last
            for profile, certain in page.people:
                answer = certain or question.answer(profile)
                inexact += answer is None
                if answer:
                    selected.append(question.recipient(profile))
            if len(selected) >= RECIPIENTS_PER_STEP or scanned >= PROFILES_PER_STEP or until():
                break
        if not pages:
            return None
        return StepResult(chunks=list(chunked(selected)), scanned=scanned, inexact=inexact, last=last)
