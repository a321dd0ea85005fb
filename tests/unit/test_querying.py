"""An audience said in SQL, from its shape to the people it finds."""

from datetime import UTC, datetime

import pytest

from dangol.contracts import ScanStep
from dangol.domain.errors import DefinitionError
from dangol.domain.profile import History, Profile
from dangol.domain.querying import asks_for_profiles, audience_query, one_select
from dangol.domain.segment import Segment
from dangol.pipeline import querying, scanning
from dangol.pipeline.querying import Querier
from tests.fakes import FakeObjects, FakeProfiles, FakeQueries
from tests.shop_campaign import campaign, definition, project
from tests.unit.test_pipeline_segment import ORDER, RUN, World, person

AT = datetime(2026, 12, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "sql",
    [
        "select user_id from events",
        "  WITH a AS (select 1) SELECT user_id FROM a",
        "/* who; */ select user_id -- ;\nfrom events where event = 'a;b' and \"x;\" = 1",
        "select user_id from events where event = 'it''s (' -- )",
    ],
)
def test_a_single_select_is_a_query(sql):
    assert one_select(sql) == sql


def test_a_closing_semicolon_is_left_out():
    assert one_select("select user_id from events ; -- all; of them") == "select user_id from events "


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("drop table events", "is not a query"),
        ("-- select", "is not a query"),
        (";", "is not a query"),
        ("(select 1)", "is not a query"),
        ("select 1; drop table events", "more than one statement"),
        ("select 1;;", "more than one statement"),
        ("select 'a", "does not match"),
        ('select "a', "does not match"),
        ("select 1 /* from", "does not match"),
        ("select 1) union (select 2", "does not match"),
        ("select (1", "does not match"),
        (f"select {'x' * 100_000}", "is longer than 100,000 characters"),
    ],
)
def test_anything_else_is_refused(sql, problem):
    with pytest.raises(ValueError, match=problem):
        one_select(sql)


@pytest.mark.parametrize(
    ("sql", "asks"),
    [
        ("select user_id from profiles", True),
        ('select user_id from "Profiles" p', True),
        ("select user_id from events where event = 'profiles'", False),
        ("select user_id from events -- not profiles", False),
        ("select user_id from my_profiles", False),
    ],
)
def test_the_people_are_kept_where_the_query_names_them(sql, asks):
    assert asks_for_profiles(sql) is asks


def test_a_query_asks_for_each_person_once_as_of_its_run():
    query = audience_query("select user_id from events -- all", "it's", AT)

    assert "'2026-12-01T01:00:00.000+00:00' AS scheduled_at, CAST(1796086800000 AS bigint) AS scheduled_ms" in query
    assert "run = 'it''s'" in query
    assert query.endswith("FROM (\nselect user_id from events -- all\n) AS audience WHERE user_id IS NOT NULL")
    assert one_select(query) == query


def test_a_segment_in_sql_is_read_back_as_it_was_stored():
    told = Segment.model_validate({"sql": "select user_id from events;", "title": "all"})

    assert Segment.model_validate(told.model_dump(by_alias=True)) == told
    assert told.sql == "select user_id from events"


@pytest.mark.parametrize("told", [{"sql": None}, {"title": "x"}, {"sql": ""}, {"sql": "select 1", "did": "buy"}])
def test_a_segment_is_a_query_or_conditions(told):
    with pytest.raises(ValueError, match=r"is needed|is empty|extra"):
        Segment.model_validate(told)


def test_a_group_below_needs_conditions():
    with pytest.raises(ValueError, match="one of all, any, none is needed"):
        Segment.model_validate({"all": [{"title": "x"}]})


@pytest.mark.parametrize("settings", [{"exclude": [{"sql": "select 1"}]}, {"audience": {"any": [{"sql": "select 1"}]}}])
def test_a_query_stands_alone(settings):
    with pytest.raises(ValueError, match="sql"):
        campaign(**settings)
    with pytest.raises(ValueError, match="sql selects an audience"):
        project(always_exclude=[{"sql": "select 1"}])


def asking(sql: str = "select user_id from events", **changed: object) -> World:
    """A world whose campaign asks in SQL."""
    return World(definition(of=campaign(audience={"sql": sql}, **changed)), people=7)


def test_whom_a_query_finds_are_the_audience():
    world = asking(exclude=[{"trait": "name", "is": "gone"}])
    world.profiles.people["u003"].traits["name"] = "gone"
    world.queries.users = ("u001", "u003", "nobody", "u005", "u006")
    world.segmenter.start(ORDER)

    world.work()

    run = world.runs.get(RUN)
    assert (run.state, run.scanned, run.audience, run.tasks) == ("running", 5, 3, 1)
    assert world.selected == ["u001", "u005", "u006"]
    assert {r.address for c in world.chunks for r in c.recipients} >= {"u005@example.com"}
    (query,) = world.queries.asked.values()
    assert "1796086800000" in query


def test_every_page_of_a_query_may_come_twice(monkeypatch):
    monkeypatch.setattr(scanning, "RECIPIENTS_PER_STEP", 1)
    monkeypatch.setattr(querying, "PEOPLE_AT_ONCE", 1)
    world = asking()
    world.queries.users = tuple(f"u00{n}" for n in range(5))
    world.segmenter.start(ORDER)

    world.work(twice=True)

    assert sorted({r.user_id for c in world.chunks for r in c.recipients}) == list(world.queries.users)
    assert world.runs.get(RUN).audience == 5
    assert len(world.objects.keys("runs/", None, 100)) == 5
    assert len(world.queries.asked) == 1


def test_a_step_of_a_query_ends_when_its_time_is_up():
    world = asking()
    world.queries.users = tuple(f"u00{n}" for n in range(5))
    world.segmenter.start(ORDER)

    world.work(until=lambda: True)

    assert sorted(world.selected) == list(world.queries.users)
    assert len(world.objects.keys(f"runs/{RUN}/steps/", None, 100)) == 3


def test_a_query_that_is_not_done_is_looked_at_again_later():
    world = asking()
    world.queries.patience = 2
    world.segmenter.start(ORDER)
    (first,) = world.tasks.take()

    world.handle(first, until=lambda: False)

    ((again, delay),) = world.tasks.sent
    assert (again, delay) == (first, 1)
    assert world.runs.get(RUN).state == "scanning"


def test_a_query_that_fails_stops_the_run_before_anything_is_sent():
    world = asking()
    world.queries.problem = "Athena: no such column"
    world.segmenter.start(ORDER)

    world.work()

    run = world.runs.get(RUN)
    assert (run.state, run.stopped_because) == ("cancelled", "query_failed")
    assert world.sends.sent == []


def test_who_cannot_be_told_of_stops_the_run():
    world = asking(exclude=[{"did": "view", "count": {"gte": 3}, "within": "10d"}])
    day = 86_400
    at = int(AT.timestamp())
    old = History(at - 20 * day, at - day, 4, 0, (at - day,), (0,))
    world.profiles.people["u001"].histories["view"] = old
    world.queries.users = ("u001", "u002")
    world.segmenter.start(ORDER)

    world.work()

    assert world.runs.get(RUN).stopped_because == "inexact"


def test_the_people_are_kept_before_the_query_that_asks_for_them(monkeypatch):
    monkeypatch.setattr(scanning, "_KEPT_PER_STEP", 3)
    world = asking("select user_id from profiles")
    world.profiles.number_of_tasks = 2
    world.profiles.people["u002"].lists = {"vip": 5}
    world.queries.users = ("u002",)
    world.segmenter.start(ORDER)
    assert [ScanStep.model_validate_json(body).source for body in world.tasks.bodies] == ["snapshot", "snapshot"]

    world.work(twice=True)

    rows = world.objects.rows(f"profile_snapshots/run={RUN}/")
    assert sorted(row["user_id"] for row in rows) == [f"u{n:03d}" for n in range(7)]
    assert rows[0].keys() == {"user_id", "traits", "consents", "lists"}
    assert next(row for row in rows if row["user_id"] == "u002")["lists"] == '{"vip":5}'
    run = world.runs.get(RUN)
    assert (run.state, run.tasks, run.tasks_closed, run.audience) == ("running", 3, 3, 1)


def test_a_snapshot_s_step_ends_when_its_time_is_up():
    world = asking("select user_id from profiles")
    world.segmenter.start(ORDER)

    world.work(until=lambda: True)

    assert len(world.objects.keys(f"profile_snapshots/run={RUN}/", None, 100)) == 3


def test_a_snapshot_keeps_to_the_read_units_too():
    asked = campaign(audience={"sql": "select user_id from profiles"})
    world = World(definition(of=asked, within=project(limits={"read_units": "1/s"})), people=1)
    world.throttle.reserve(scanning.READS, 1, 900, world.clock.seconds())
    world.segmenter.start(ORDER)
    (task,) = world.tasks.take()

    world.handle(task, until=lambda: False)

    assert world.tasks.sent == [(task, 1)]


def test_of_two_that_begin_a_query_at_once_one_counts():
    objects = FakeObjects()
    querier = Querier(FakeQueries("u1"), FakeProfiles(person(1)), objects)
    other = FakeQueries("u001")

    class Racing(FakeQueries):
        def start(self, query: str, token: str) -> str:
            objects.put_once("runs/r/query", other.start(query, f"{token}-other").encode())
            return super().start(query, token)

        def done(self, name: str) -> bool:
            return other.done(name)

    assert Querier(Racing(), FakeProfiles(), objects).ready("r", "select 1", AT)
    with pytest.raises(AssertionError):
        querier.ready("r", "select 1", AT)


def test_nobody_at_all_leaves_no_object():
    objects = FakeObjects()

    Querier(FakeQueries(), FakeProfiles(), objects).keep("r", "00000-00000", [])
    Querier(FakeQueries(), FakeProfiles(), objects).keep("r", "00001-00000", [Profile("u1", rev=1)])

    assert objects.keys("", None, 9) == ["profile_snapshots/run=r/00001-00000.json.gz"]


def test_a_failed_query_says_why():
    queries = FakeQueries()
    queries.problem = "Athena: line 1"

    with pytest.raises(DefinitionError, match="line 1"):
        Querier(queries, FakeProfiles(), FakeObjects()).ready("r", "select 1", AT)
