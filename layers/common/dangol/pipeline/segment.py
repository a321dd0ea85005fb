"""Build a run's audience: plan it, scan the people in tasks, keep what each step selected, then release.

Nothing is sent before the whole audience is known, so that a run whose audience is outside its limits, or
cannot be told exactly, stops before the first message.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dangol.contracts import FallBack, Release, ScanStep, SendChunk, StartRun
from dangol.domain.errors import DefinitionError
from dangol.domain.querying import asks_for_profiles
from dangol.domain.reference import place_of
from dangol.domain.schedule import run_id, scheduled_time
from dangol.domain.segment import Segment
from dangol.pipeline.audience import Question, refusal
from dangol.pipeline.querying import Querier
from dangol.pipeline.releasing import counted_as_sent, piece_of, released
from dangol.pipeline.scanning import Scanner
from dangol.pipeline.sharing import Shared, Sharing, marked
from dangol.pipeline.steps import chunks_of, first_steps, packed, query_step, read_step, step_key, step_of, steps_prefix
from dangol.pipeline.touches import Reminder
from dangol.ports import (
    Clock,
    Definitions,
    Journals,
    Lists,
    Objects,
    Profiles,
    Queries,
    Queue,
    RunItem,
    Runs,
    Standing,
    Throttle,
)

STEPS_PER_RELEASE: Final = 20
# Tasks that wait for their turn at the table come back one after another.
BACK_OFF, SPREAD = 1, 4
# Seconds until a hand-over that a receipt was quicker than is looked for again.
UNSETTLED: Final = 5
SCANNING, RUNNING, CANCELLED = "scanning", "running", "cancelled"


@dataclass(frozen=True, slots=True)
class Stores:
    """What the stage works on."""

    definitions: Definitions
    runs: Runs
    journals: Journals
    profiles: Profiles
    lists: Lists
    reminder: Reminder
    objects: Objects
    tasks: Queue
    sends: Queue
    throttle: Throttle
    queries: Queries
    clock: Clock


class Segmenter:
    """Builds audiences."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores
        querier = Querier(stores.queries, stores.profiles, stores.objects)
        self._sharing = Sharing(stores.objects)
        self._scanner = Scanner(stores.profiles, (querier, stores.reminder), stores.throttle, stores.clock)

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
            tasks=self._tasks(definition.campaign.audience),
        )
        run = self._s.runs.create(wanted)
        if run.state == SCANNING:
            # Doubled firings queue the tasks again: a repeated step changes nothing.
            steps = first_steps(run, definition.campaign.audience)
            self._s.tasks.send([step.model_dump_json() for step in steps])
        return run

    def _tasks(self, audience: Segment) -> int:
        """Into how many tasks the audience is split."""
        if audience.sql is None:
            return self._s.profiles.tasks()
        return 1 + (self._s.profiles.tasks() if asks_for_profiles(audience.sql) else 0)

    def scan(self, step: ScanStep, *, until: Callable[[], bool]) -> RunItem:
        """Work one scan step, at most until `until` says so, and queue what comes after it."""
        run, key = self._s.runs.get(step.run), step_key(step)
        if run.state != SCANNING:
            self._release_again(run, key)
            return run
        definition = self._s.definitions.version(run.campaign_id, run.version)
        question = Question.of(definition, run.scheduled_at, self._s.lists, self._s.runs)
        try:
            body = self._scanner.work(step, question, until)
        except DefinitionError:
            return self._stop(run, "query_failed")
        if body is None:
            # The application needs the table more, or the query is not done: the same step comes again.
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
        elif step.source == "snapshot" and run.tasks_closed >= step.tasks:
            self._s.tasks.send([query_step(run).model_dump_json()])
        return run

    def release(self, order: Release) -> None:
        """Queue the chunks of the next steps for sending; a repeated release is fenced by the journals."""
        run = self._s.runs.get(order.run)
        if not released(run, again=order.again):
            return
        keys = self._s.objects.keys(steps_prefix(order.run), order.after, STEPS_PER_RELEASE)
        shared = self._shared(run)
        for key in keys:
            pieces = self._pieces(run, order, key, shared)
            self._s.sends.send([piece.model_dump_json() for piece in pieces])
        if len(keys) == STEPS_PER_RELEASE:
            self._s.tasks.send([order.model_copy(update={"after": keys[-1]}).model_dump_json()])

    def fall_back(self, order: FallBack) -> None:
        """Queue somebody whom a channel has failed for, by a receipt, once they are counted as sent to.

        A repeated order is fenced by the journal.
        """
        run, step = self._s.runs.get(order.run), order.chunk.rpartition("-")[0]
        standings = self._s.journals.of_step(run.run, step)
        settled = counted_as_sent(standings, order.chunk, order.index)
        if settled is None:
            # Whoever handed it over has yet to say so.
            self._s.tasks.send([order.model_dump_json()], delay=UNSETTLED)
        if not settled:
            return
        key = f"{steps_prefix(run.run)}{step}.json.gz"
        chunks = {chunk.chunk: chunk for chunk in self._chunks(run, key, self._shared(run))}
        piece = SendChunk(
            run=run.run,
            chunk=f"{place_of(order.chunk, order.index)}.{order.after}",
            size=1,
            indexes=[0],
            recipients=[chunks[order.chunk].recipients[order.index]],
            after=order.after,
        )
        self._s.sends.send([piece.model_dump_json()])

    def _shared(self, run: RunItem) -> Sequence[Shared]:
        """Who shares an address with somebody else of the run, by channel."""
        return self._sharing.of(run.run, self._s.definitions.version(run.campaign_id, run.version).campaign.steps)

    def _chunks(self, run: RunItem, key: str, shared: Sequence[Shared]) -> list[SendChunk]:
        return marked(chunks_of(run.run, key, read_step(self._s.objects.get(key))), step_of(key), shared)

    def _pieces(self, run: RunItem, order: Release, key: str, shared: Sequence[Shared]) -> list[SendChunk]:
        """What of a step is to be queued."""
        known: dict[str, Standing] = {}
        if order.again:
            known = {standing.chunk: standing for standing in self._s.journals.of_step(run.run, step_of(key))}
        chunks = self._chunks(run, key, shared)
        due = float("inf") if run.state == CANCELLED else max(order.due, self._s.clock.now().timestamp())
        pieces = [piece_of(chunk, known.get(chunk.chunk), due) for chunk in chunks]
        return [piece for piece in pieces if piece is not None]

    def _release_again(self, run: RunItem, key: str) -> None:
        """A last step that comes twice may be all that is left of a worker who died before the release."""
        if run.state == RUNNING and read_step(self._s.objects.get(key)).last is None:
            self._s.tasks.send([Release(run=run.run).model_dump_json()])

    def _close(self, run: RunItem) -> RunItem:
        """The audience is known: send to it, or stop where it is not what the campaign allows."""
        definition = self._s.definitions.version(run.campaign_id, run.version)
        if because := refusal(run, definition.campaign):
            return self._stop(run, because)
        self._s.runs.set_state(run.run, RUNNING, expected=SCANNING)
        self._s.tasks.send([Release(run=run.run).model_dump_json()])
        return replace(run, state=RUNNING)

    def _stop(self, run: RunItem, because: str) -> RunItem:
        """End the run before anything is sent."""
        self._s.runs.set_state(run.run, CANCELLED, expected=SCANNING, because=because)
        return replace(run, state=CANCELLED, stopped_because=because)
