"""An audience is built once, whatever is repeated, and nothing is sent before it is known."""

import json
from contextlib import suppress

import pytest
from pydantic import ValidationError

from dangol.contracts import FallBack, Release, ScanStep, SendChunk, StartRun, segment_work
from dangol.domain.errors import NotFoundError
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.profile import History, Profile
from dangol.pipeline import scanning, segment
from dangol.pipeline.segment import Segmenter, Stores
from dangol.pipeline.touches import Reminder
from tests.fakes import (
    FakeClock,
    FakeDefinitions,
    FakeJournals,
    FakeLedgers,
    FakeLists,
    FakeObjects,
    FakeOutcomes,
    FakeProfiles,
    FakeQueries,
    FakeQueue,
    FakeRuns,
    FakeThrottle,
)
from tests.fakes.world import NOW
from tests.shop_campaign import campaign, definition, project

ORDER = StartRun(campaign="launch", scheduled_at="2026-12-01T01:00:00+00:00")
RUN = "launch-20261201T010000Z"


def person(number: int, **traits: object) -> Profile:
    user = f"u{number:03d}"
    return Profile(user, traits={"email": f"{user}@example.com", "name": "지은", **traits}, rev=1)


class World:
    """Everything that segmenting works on."""

    def __init__(self, applied=None, people=7) -> None:
        self.runs = FakeRuns()
        self.journals = FakeJournals(self.runs)
        self.profiles = FakeProfiles(*(person(n) for n in range(people)))
        self.objects, self.lists = FakeObjects(), FakeLists()
        self.tasks, self.sends = FakeQueue(), FakeQueue()
        self.throttle, self.clock = FakeThrottle(horizon=2.0), FakeClock()
        self.queries = FakeQueries()
        self.ledgers, self.outcomes = FakeLedgers(self.runs), FakeOutcomes(self.runs)
        self.segmenter = Segmenter(
            Stores(
                definitions=FakeDefinitions(applied or definition()),
                runs=self.runs,
                journals=self.journals,
                profiles=self.profiles,
                lists=self.lists,
                reminder=Reminder(self.ledgers, self.outcomes),
                objects=self.objects,
                tasks=self.tasks,
                sends=self.sends,
                throttle=self.throttle,
                queries=self.queries,
                clock=self.clock,
            )
        )

    def work(self, *, until=lambda: False, twice=False) -> None:
        """Work off the task queue."""
        while bodies := self.tasks.take():
            for body in bodies * (2 if twice else 1):
                self.handle(body, until=until)

    def handle(self, body: str, *, until) -> None:
        """Do what one message of the task queue says."""
        match segment_work.validate_json(body):
            case StartRun() as order:
                self.segmenter.start(order)
            case Release() as order:
                self.segmenter.release(order)
            case FallBack() as order:
                self.segmenter.fall_back(order)
            case step:
                self.segmenter.scan(step, until=until)

    @property
    def chunks(self) -> list[SendChunk]:
        return [SendChunk.model_validate_json(body) for body in self.sends.bodies]

    @property
    def selected(self) -> list[str]:
        return [r.user_id for chunk in self.chunks for r in chunk.recipients]


def test_everybody_whom_the_segment_selects_reaches_the_send_queue_once():
    world = World()
    world.segmenter.start(ORDER)

    world.work()

    assert sorted(world.selected) == [f"u{n:03d}" for n in range(7)]
    run = world.runs.get(RUN)
    assert (run.state, run.audience, run.scanned) == ("running", 7, 7)


def test_nothing_is_queued_before_the_whole_audience_is_known():
    world = World()
    world.segmenter.start(ORDER)
    (task,) = world.tasks.take()

    world.segmenter.scan(ScanStep.model_validate_json(task), until=lambda: True)

    assert world.sends.sent == []
    assert world.runs.get(RUN).state == "scanning"


def test_recipients_come_in_chunks_of_a_hundred():
    world = World(people=250)
    world.segmenter.start(ORDER)

    world.work()

    assert [len(chunk.recipients) for chunk in world.chunks] == [100, 100, 50]
    assert len({chunk.chunk for chunk in world.chunks}) == 3


def test_a_step_ends_when_its_time_is_up_and_the_next_goes_on():
    world = World(people=10)
    world.segmenter.start(ORDER)

    world.work(until=lambda: True)

    assert len(world.objects.keys(f"runs/{RUN}/steps/", None, 100)) == 4
    assert sorted(world.selected) == [f"u{n:03d}" for n in range(10)]


def test_a_step_ends_before_it_holds_too_many(monkeypatch):
    monkeypatch.setattr(scanning, "RECIPIENTS_PER_STEP", 3)
    monkeypatch.setattr(segment, "STEPS_PER_RELEASE", 2)
    world = World(people=10)
    world.segmenter.start(ORDER)

    world.work()

    assert sorted(world.selected) == [f"u{n:03d}" for n in range(10)]


def test_tasks_share_the_people_among_them():
    world = World(people=20)
    world.profiles.number_of_tasks = 3
    world.segmenter.start(ORDER)

    world.work()

    assert sorted(world.selected) == [f"u{n:03d}" for n in range(20)]
    assert world.runs.get(RUN).tasks_closed == 3


def test_every_message_delivered_twice_gives_the_same_audience():
    world = World(people=10)
    world.segmenter.start(ORDER)

    world.work(until=lambda: True, twice=True)

    assert world.runs.get(RUN).audience == 10
    by_name = {chunk.chunk: chunk for chunk in world.chunks}
    assert sorted(r.user_id for chunk in by_name.values() for r in chunk.recipients) == [f"u{n:03d}" for n in range(10)]


def test_a_scan_keeps_to_the_project_s_read_units():
    world = World(definition(within=project(limits={"read_units": "64/s"})), people=10)
    world.segmenter.start(ORDER)
    started = world.clock.seconds()

    world.work()

    # Four pages of 128 units, two seconds each: a step waits for its turn.
    assert world.clock.seconds() - started == 6.0
    assert len(world.selected) == 10


def test_a_task_without_a_turn_at_the_table_comes_again_later():
    world = World(definition(within=project(limits={"read_units": "32/s"})), people=10)
    world.profiles.number_of_tasks = 6
    world.segmenter.start(ORDER)
    tasks = world.tasks.take()

    for body in tasks:
        world.handle(body, until=lambda: False)

    delayed = [(ScanStep.model_validate_json(body).task, delay) for body, delay in world.tasks.sent if delay]
    assert delayed == [(1, 2), (2, 3), (3, 4), (4, 1), (5, 2)]
    while world.tasks.sent:
        world.clock.pass_by(seconds=4)
        for body in world.tasks.take():
            world.handle(body, until=lambda: False)
    assert sorted(world.selected) == [f"u{n:03d}" for n in range(10)]
    assert world.runs.get(RUN).scanned == 10


def test_a_step_ends_where_the_next_page_has_no_turn():
    world = World(definition(within=project(limits={"read_units": "32/s"})), people=10)
    world.segmenter.start(ORDER)
    (task,) = world.tasks.take()

    world.handle(task, until=lambda: False)

    (following,) = world.tasks.bodies
    assert ScanStep.model_validate_json(following).step == 1
    assert world.runs.get(RUN).scanned == 3


def test_a_repeated_step_selects_the_same_people_although_the_table_changed():
    world = World(people=3)
    world.segmenter.start(ORDER)
    (task,) = world.tasks.take()
    step = ScanStep.model_validate_json(task)
    close, world.runs.close_step = world.runs.close_step, _killed  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        world.segmenter.scan(step, until=lambda: False)
    world.runs.close_step = close  # type: ignore[method-assign]
    world.profiles.people |= {"u998": person(998), "u999": person(999)}
    del world.profiles.people["u000"]

    world.segmenter.scan(step, until=lambda: False)
    world.work()

    assert sorted(world.selected) == ["u000", "u001", "u002"]
    assert world.runs.get(RUN).audience == 3


def test_a_schedule_that_fires_twice_starts_one_run():
    world = World(people=3)

    first = world.segmenter.start(ORDER)
    world.work()
    again = world.segmenter.start(ORDER)
    world.work()

    assert first.run == again.run == RUN
    assert sorted(world.selected) == ["u000", "u001", "u002"]


def test_a_death_before_the_release_is_healed_by_the_step_that_comes_again():
    world = World(people=3)
    world.segmenter.start(ORDER)
    (task,) = world.tasks.take()
    world.tasks.error = RuntimeError("killed")
    with pytest.raises(RuntimeError):
        world.segmenter.scan(ScanStep.model_validate_json(task), until=lambda: False)
    world.tasks.error = None

    world.segmenter.scan(ScanStep.model_validate_json(task), until=lambda: False)
    world.work()

    assert sorted(world.selected) == ["u000", "u001", "u002"]


def test_a_campaign_that_is_not_applied_does_not_start():
    with pytest.raises(NotFoundError):
        World().segmenter.start(StartRun(campaign="unknown"))


@pytest.mark.parametrize(
    ("limits", "because"),
    [({"min": 8}, "audience_too_small"), ({"max": 6}, "audience_too_large"), ({"min": 7, "max": 7}, None)],
)
def test_a_run_whose_audience_is_outside_its_limits_stops_before_anything_is_sent(limits, because):
    world = World(definition(of=campaign(limits={"audience": limits})))
    world.segmenter.start(ORDER)

    world.work()

    run = world.runs.get(RUN)
    assert run.stopped_because == because
    assert run.state == ("cancelled" if because else "running")
    assert len(world.selected) == (0 if because else 7)


def test_a_run_whose_segment_cannot_be_told_exactly_stops_before_anything_is_sent():
    asked = campaign(audience={"did": "purchase", "count": {"lte": 70}, "within": "30d"})
    world = World(definition(of=asked), people=1)
    first, last = 1_785_000_000, 1_796_000_000
    kept = tuple(range(last - 64, last))
    world.profiles.people["u000"].histories["purchase"] = History(first, last - 1, 80, 0, kept, (0,) * 64)
    world.segmenter.start(ORDER)

    world.work()

    assert world.runs.get(RUN).stopped_because == "inexact"
    assert world.selected == []


def test_a_cancelled_run_releases_nothing():
    world = World()
    world.segmenter.start(ORDER)
    world.runs.set_state(RUN, "cancelled", expected="scanning")

    world.work()
    world.segmenter.release(Release(run=RUN))

    assert world.selected == []


def test_a_run_that_is_cancelled_before_its_release_sends_nothing():
    world = World()
    world.segmenter.start(ORDER)
    (task,) = world.tasks.take()
    world.handle(task, until=lambda: False)
    world.runs.set_state(RUN, "cancelled", expected="running")

    world.work()

    assert world.selected == []


def test_what_deciding_and_rendering_need_travels_with_the_recipient():
    asked = campaign(assign_by={"trait": "arm", "holdout": "none"}, message={"subject": "{{ city }}", "text": "글"})
    world = World(definition(of=asked), people=0)
    world.profiles.people["u1"] = Profile(
        "u1",
        traits={"email": "u1@example.com", "city": "서울", "arm": 7, "age": 30, "timezone": "Europe/Paris"},
        rev=1,
    )
    world.profiles.people["u2"] = Profile("u2", traits={"email": "x", "timezone": "Mars/Base", "country": "us"}, rev=1)
    world.segmenter.start(ORDER)

    world.work()

    one, two = world.chunks[0].recipients
    assert one.traits == {"city": "서울", "arm": 7}
    assert (one.assigned, one.zone, one.country, one.labels) == ("7", "Europe/Paris", "KR", 1)
    assert (two.assigned, two.zone, two.country) == (None, None, "US")


def test_exclusions_of_campaign_and_project_take_people_out():
    young, old = {"trait": "age", "lt": 20}, {"trait": "age", "gt": 60}
    applied = definition(of=campaign(exclude=[{"all": [young]}]), within=project(always_exclude=[{"all": [old]}]))
    world = World(applied, people=0)
    world.profiles.people |= {p.user_id: p for p in (person(1, age=10), person(2, age=30), person(3, age=70))}
    world.segmenter.start(ORDER)

    world.work()

    assert world.selected == ["u002"]


def test_a_start_order_is_what_a_schedule_sends():
    assert StartRun.model_validate(json.loads('{"campaign": "launch", "scheduled_at": "x"}')).kind == "start"


def test_a_schedules_order_may_come_from_the_queue_too():
    world = World(people=3)

    world.handle('{"campaign": "launch", "scheduled_at": "2026-12-01T01:00:00+00:00"}', until=lambda: False)
    world.work()

    assert sorted(world.selected) == ["u000", "u001", "u002"]


@pytest.mark.parametrize("body", ["[]", '"start"', "{}", '{"kind": "other", "run": "x"}'])
def test_what_is_no_order_is_refused(body):
    with pytest.raises(ValidationError):
        segment_work.validate_json(body)


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", range(1, 60))
def test_whatever_call_a_segmenter_dies_at_everybody_is_selected_once(fatal, after):
    world = World(people=20)
    world.profiles.number_of_tasks = 2
    _die_at(world, fatal, after=after)

    waiting: list[str] = []
    # Scheduler, too, delivers at least once.
    for _delivery in range(2):
        with suppress(KilledError):
            world.segmenter.start(ORDER)
    while waiting := [*waiting, *world.tasks.take()]:
        try:
            world.handle(waiting[0], until=lambda: True)
        except KilledError:
            waiting.append(waiting[0])
        del waiting[0]

    assert world.runs.get(RUN).audience == world.runs.get(RUN).scanned == 20
    by_name = {chunk.chunk: chunk for chunk in world.chunks}
    assert sorted(r.user_id for chunk in by_name.values() for r in chunk.recipients) == [f"u{n:03d}" for n in range(20)]
    assert all(by_name[chunk.chunk] == chunk for chunk in world.chunks)


def _die_at(world: World, fatal: int, *, after: bool) -> None:
    """Let the n-th call end the process, before or after its effect."""
    calls = [0]

    def deadly(store, name):
        real = getattr(store, name)

        def call(*args, **kwargs):
            calls[0] += 1
            if calls[0] != fatal:
                return real(*args, **kwargs)
            if after:
                real(*args, **kwargs)
            raise KilledError

        setattr(store, name, call)

    for store, names in (
        (world.runs, ("create", "get", "close_step", "set_state")),
        (world.objects, ("put_once", "get", "keys")),
        (world.profiles, ("tasks", "scan")),
        (world.throttle, ("reserve",)),
        (world.tasks, ("send",)),
        (world.sends, ("send",)),
    ):
        for name in names:
            deadly(store, name)


def _killed(*_args, **_kwargs):
    raise RuntimeError("killed")


def test_messages_are_read_where_the_audience_asks_for_them():
    told = {"all": [{"trait": "email", "exists": True}], "none": [{"received": "any", "within": "7d"}]}
    world = World(definition(of=campaign(audience=told)), people=4)
    recent = Entry(9, int(NOW.timestamp()) - 86_400, 0, "email", "marketing")
    world.ledgers.ledgers["u001"] = Ledger("u001", 1, entries=(recent,))

    world.segmenter.start(ORDER)
    world.work()

    assert sorted(world.selected) == ["u000", "u002", "u003"]
    assert world.runs.get(RUN).inexact == 0


def test_those_who_cannot_be_told_may_be_left_out():
    history = History(1, int(NOW.timestamp()) - 10, 9, 0, (int(NOW.timestamp()) - 10,), (0,))
    told = {"all": [{"trait": "email", "exists": True}, {"did": "buy", "count": {"gte": 3}, "within": "30d"}]}
    for on_inexact, state in (("stop", "cancelled"), ("skip", "running")):
        world = World(definition(of=campaign(audience=told, on_inexact=on_inexact)), people=2)
        world.profiles.people["u001"].histories["buy"] = history

        world.segmenter.start(ORDER)
        world.work()

        assert world.runs.get(RUN).inexact == 1
        assert world.runs.get(RUN).state == state
