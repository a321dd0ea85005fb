"""Cohorts as Amplitude's and Mixpanel's webhooks tell them, up to who is on the list."""

import json
from itertools import permutations
from typing import Any

import pytest

from dangol.contracts import Listed
from dangol.domain.profile import Profile
from dangol.pipeline import cohorts
from dangol.pipeline.listing import Lister
from tests.fakes import FakeLists, FakeProfiles
from tests.unit.test_pipeline_track import AUTH, World

ENTERED = {
    "cohort_name": "이탈위험",
    "cohort_id": "7khm89cz",
    "in_cohort": True,
    "computed_time": "1796000000",
    "message_id": "9baaa88f::enter::0",
    "users": [{"user_id": "u1"}, {"user_id": "u2"}],
}


def mixpanel(action: str, *users: str, session: str | None = "s1", **changed: Any) -> dict[str, Any]:
    """A call as Mixpanel documents it."""
    members = [{"email": "x@example.com", "mixpanel_distinct_id": user, "first_name": "x"} for user in users]
    parameters = {
        "mixpanel_project_id": "12",
        "mixpanel_cohort_name": "vip",
        "mixpanel_cohort_id": "34",
        "mixpanel_cohort_description": "",
        "mixpanel_session_id": session,
        "page_info": {"total_pages": 1, "page_count": 1},
        "members": members,
        **changed,
    }
    return {"action": action, "parameters": parameters}


def said(world: World) -> list[Listed]:
    happened: list[Any] = list(world.happened)
    assert all(isinstance(each, Listed) for each in happened)
    return happened


def members(happened: list[Listed], name: str) -> list[str]:
    """Who is on a list after all of it."""
    lists, profiles = FakeLists(), FakeProfiles()
    for each in happened:
        Lister(lists, profiles).record([each])
    since = lists.get(name).replaced_at
    return sorted(user for user, profile in profiles.people.items() if profile.listed(name, since))


def test_who_enters_an_amplitude_cohort_is_on_the_list():
    world = World()

    assert world.tell("cohorts/amplitude", ENTERED) == (200, {"status": "success", "people": 2, "skipped": 0})

    (entered,) = said(world)
    assert (entered.name, entered.user_ids, entered.member) == ("이탈위험", ["u1", "u2"], True)
    assert (entered.at, entered.source, entered.session) == (1_796_000_000_000, "amplitude", None)


def test_amplitude_s_words_count_by_when_they_were_computed():
    world = World()
    world.tell(
        "cohorts/amplitude",
        {**ENTERED, "in_cohort": False, "computed_time": "1796003600", "users": [{"user_id": "u1"}]},
    )
    world.tell("cohorts/amplitude", ENTERED)
    world.tell("cohorts/amplitude", ENTERED)

    for order in permutations(said(world)):
        assert members(list(order), "이탈위험") == ["u2"]
    first, again = said(world)[1:]
    assert first.id == again.id


@pytest.mark.parametrize("computed", ["", None, "soon", "99999999999", "5"])
def test_a_time_that_cannot_be_is_when_the_call_came(computed):
    world = World()

    world.tell("cohorts/amplitude", {**ENTERED, "computed_time": computed})

    assert said(world)[0].at == int(world.clock.now().timestamp() * 1000)


def test_mixpanel_tells_a_cohort_anew_and_then_who_came_and_went():
    world = World()
    assert world.tell("cohorts/mixpanel", mixpanel("members", "u1", "u2"))[0] == 200
    world.clock.pass_by(seconds=5)
    world.tell("cohorts/mixpanel", mixpanel("members", "u3"))
    world.clock.pass_by(hours=1)
    world.tell("cohorts/mixpanel", mixpanel("add_members", "u4"))
    status, answer = world.tell("cohorts/mixpanel", mixpanel("remove_members", "u1"))

    assert (status, answer) == (200, {"action": "remove_members", "status": "success", "people": 1, "skipped": 0})
    assert members(said(world), "vip") == ["u2", "u3", "u4"]
    assert members(list(reversed(said(world))), "vip") == ["u2", "u3", "u4"]

    world.clock.pass_by(hours=1)
    world.tell("cohorts/mixpanel", mixpanel("members", "u9", session="s2"))
    assert members(said(world), "vip") == ["u9"]
    world.clock.pass_by(hours=1)
    world.tell("cohorts/mixpanel", mixpanel("members", session="s3"))
    assert members(said(world), "vip") == []


def test_visitors_whom_nobody_knows_are_left_out():
    world = World()
    users = [{"user_id": user} for user in ("anon:x", "$device:1", "", " u5 ", "u5", 7, None, True, "a\nb", "x" * 257)]

    status, answer = world.tell("cohorts/amplitude", {**ENTERED, "users": [*users, "u8"]})

    assert (status, answer["people"], answer["skipped"]) == (200, 2, 8)
    assert said(world)[0].user_ids == ["u5", "7"]


def test_a_large_cohort_goes_in_parts_that_a_queue_takes(monkeypatch):
    monkeypatch.setattr(cohorts, "PEOPLE_IN_ONE", 2)
    world = World()

    world.tell("cohorts/mixpanel", mixpanel("members", *(f"u{n}" for n in range(5))))

    assert [each.user_ids for each in said(world)] == [["u0", "u1"], ["u2", "u3"], ["u4"]]
    assert len({each.id for each in said(world)}) == 3
    assert members(said(world), "vip") == ["u0", "u1", "u2", "u3", "u4"]


def test_long_ids_fit_into_the_queue():
    world = World()

    world.tell("cohorts/mixpanel", mixpanel("add_members", *(f"{n:0256d}" for n in range(2_000))))

    assert sum(len(each.user_ids) for each in said(world)) == 2_000
    assert max(len(body) for body in world.queue.bodies) < 1_048_576


@pytest.mark.parametrize(
    ("tool", "body", "field"),
    [
        ("amplitude", b"{", "body"),
        ("amplitude", [], "body"),
        ("amplitude", {**ENTERED, "in_cohort": "true"}, "in_cohort"),
        ("amplitude", {**ENTERED, "users": None}, "users"),
        ("amplitude", {**ENTERED, "cohort_name": " "}, "cohort_name"),
        ("amplitude", {**ENTERED, "cohort_name": "x" * 129}, "cohort_name"),
        ("amplitude", {**ENTERED, "cohort_name": "a\nb"}, "cohort_name"),
        ("amplitude", {**ENTERED, "cohort_name": 7}, "cohort_name"),
        ("mixpanel", {"action": "members"}, "parameters"),
        ("mixpanel", {"action": "replace"}, "action"),
        ("mixpanel", mixpanel("members", members={}), "parameters.members"),
        ("mixpanel", mixpanel("members", session=None), "parameters.mixpanel_session_id"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_field(tool, body, field):
    world = World()

    status, answer = world.tell(f"cohorts/{tool}", body)

    assert (status, answer["status"], answer["field"]) == (400, "failure", field)
    assert answer["error"]["code"] == 400
    assert world.queue.sent == []


def test_a_call_needs_a_write_key_a_known_tool_and_bounds(monkeypatch):
    world = World()

    assert world.ask("POST", "/v1/cohorts/amplitude", ENTERED).status == 401
    assert world.ask("POST", "/v1/cohorts/amplitude", ENTERED, authorization="Basic eA==").status == 401
    assert world.ask("POST", "/v1/cohorts/braze", ENTERED, authorization=AUTH).status == 404
    assert world.ask("GET", "/v1/cohorts/amplitude", authorization=AUTH).status == 404
    monkeypatch.setattr(cohorts, "MAX_BODY", len(json.dumps(ENTERED)))
    assert world.tell("cohorts/amplitude", ENTERED)[0] == 200
    assert world.tell("cohorts/amplitude", {**ENTERED, "x": 1})[0] == 413
    assert len(said(world)) == 1


def test_somebody_new_becomes_a_person():
    world = World()
    world.tell("cohorts/amplitude", ENTERED)
    profiles = FakeProfiles(Profile("u1", {"name": "지은"}))

    Lister(FakeLists(), profiles).record(said(world))

    assert profiles.people["u1"].traits == {"name": "지은"}
    assert profiles.people["u2"].lists == {"이탈위험": 1_796_000_000}
