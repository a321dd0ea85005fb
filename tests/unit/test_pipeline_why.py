"""Why somebody did, or did not, get a campaign."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dangol.contracts import Reach, Recipient, ScanStep, StepResult
from dangol.domain.decision import Reason
from dangol.domain.errors import InputError, NotFoundError
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, Ledger, State
from dangol.domain.profile import History, Profile
from dangol.pipeline.steps import packed, step_key
from dangol.pipeline.why import Inquiry, Stores
from dangol.ports import Journal, RunItem
from tests.dispatching import NOW, RUN, consenting, running
from tests.fakes import (
    FakeClock,
    FakeDefinitions,
    FakeJournals,
    FakeLedgers,
    FakeLists,
    FakeObjects,
    FakeProfiles,
    FakeRuns,
    FakeTraces,
)
from tests.shop_campaign import campaign, definition, project, recipient

AT = int(NOW.timestamp())
LATER = "2026-12-01T01:00:05.000+00:00"
ANN = Profile("ann", traits={"email": "ann@example.com"}, rev=1)
# Nobody is held out, and no night is quiet: what would be decided now is plain.
SHOP: dict[str, Any] = {"within": project()}


class World:
    """A run that selected `ann` and `bo` in its second step, as far as it is told to be."""

    campaign = campaign()

    def __init__(self, states: str | None = None, entry: Entry | None = None, **run: Any) -> None:
        self.definition = definition(**{**SHOP, "of": self.campaign})
        self.runs = FakeRuns(running(**run))
        self.objects = FakeObjects()
        self.clock = FakeClock(NOW + timedelta(minutes=1))
        self.ledgers = FakeLedgers(self.runs, consenting("ann"))
        self.profiles = FakeProfiles(ANN)
        self.journals = FakeJournals(self.runs)
        self.traces = FakeTraces()
        self.selected("00000-00000", [recipient("zoe")])
        self.selected("00000-00001", [recipient("bo"), recipient("ann")])
        if states:
            self.journal(states)
        if entry:
            self.ledgers.ledgers["ann"] = replace(consenting("ann"), rev=2, entries=(entry,))

    def selected(self, step: str, people: list[Recipient]) -> None:
        task, number = map(int, step.split("-"))
        key = step_key(ScanStep(run=RUN, task=task, tasks=1, step=number))
        self.objects.put_once(key, packed(StepResult(chunks=[people], scanned=9, inexact=0, last=None)))

    def journal(self, states: str, parked: float | None = None) -> None:
        wanted = Journal(RUN, "00000-00001-0", "w", 0, "..")
        self.journals.take(wanted, lease_until=AT, now=AT)
        held = replace(wanted, states=states)
        if parked is None:
            self.journals.mark(held)
        else:
            self.journals.park(held, deltas={}, until=parked or None)

    def decided(self, outcome: str, reason: str | None = None) -> None:
        told = {"at": LATER, "kind": "decided", "outcome": outcome}
        self.traces.rows["ann"] = [*self.traces.rows.get("ann", []), {**told, **({"reason": reason} if reason else {})}]

    def why(self, user_id: str = "ann", run: str | None = None) -> dict[str, Any]:
        stores = Stores(
            definitions=FakeDefinitions(self.definition),
            runs=self.runs,
            journals=self.journals,
            profiles=self.profiles,
            ledgers=self.ledgers,
            lists=FakeLists(),
            objects=self.objects,
            traces=self.traces,
            clock=self.clock,
        )
        return Inquiry(stores).why(user_id, "launch", run)


def claim(state: State = State.SENT, variant: int = 1, run: int = 1, at: int = AT + 3) -> Entry:
    return Entry(run, at, variant, "email", "marketing", state)


def short(told: dict[str, Any]) -> tuple[str, str | None, str | None]:
    return told["outcome"], told["reason"], told["at"]


def kinds(told: dict[str, Any]) -> list[str]:
    return [step["kind"] for step in told["trail"]]


def step_named(told: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(step for step in told["trail"] if step["kind"] == kind)


@pytest.mark.parametrize("letter", ["s", "S"])
def test_somebody_who_was_sent_to(letter):
    world = World(f".{letter}", claim())
    world.decided("sent")
    world.traces.rows["ann"].append({"at": "2026-12-01T01:09:00.000+00:00", "kind": "clicked", "verdict": "human"})

    told = world.why()

    assert short(told) == ("sent", None, LATER)
    assert kinds(told) == ["consent", "scheduled", "selected", "claimed", "decided", "clicked"]
    assert step_named(told, "claimed") == {"at": "2026-12-01T01:00:03+00:00", "kind": "claimed", "arm": "B"}
    assert step_named(told, "consent")["given"] is True


def test_a_send_that_the_lake_has_not_heard_of_yet():
    assert short(World(".s", claim()).why()) == ("sent", None, "2026-12-01T01:00:03+00:00")


def test_somebody_held_out_is_in_the_holdout():
    told = World(".H", claim(State.HELD_OUT, HOLDOUT_VARIANT)).why()

    assert told["outcome"] == "held_out"
    assert step_named(told, "claimed")["arm"] == "holdout"


def test_a_refusal_has_the_providers_reason():
    world = World(".X", claim(State.FAILED))
    world.decided("failed", "message_rejected")

    assert short(world.why()) == ("failed", "message_rejected", LATER)


def test_what_is_in_doubt_says_so():
    assert short(World(".U", claim(State.UNKNOWN)).why()) == ("unknown", "in_doubt", "2026-12-01T01:00:03+00:00")


@pytest.mark.parametrize("reason", list(Reason))
def test_a_skip_has_its_reason_from_the_lake(reason):
    world = World(".K")
    world.decided("skipped", reason)

    assert short(world.why()) == ("skipped", reason, LATER)


def test_a_skip_whose_reason_is_still_on_its_way():
    assert short(World(".K").why()) == ("skipped", None, None)


def test_of_several_decisions_the_latest_counts():
    world = World(".K")
    world.decided("skipped", "quiet_hours")
    world.decided("skipped", "expired")

    assert world.why()["reason"] == "expired"


@pytest.mark.parametrize("reason", ["frequency_cap", "already_sent"])
def test_whoever_was_barred_by_other_messages_sees_which(reason):
    world = World(".K")
    world.runs.runs["older"] = running(2, "older", "older")
    entries = (
        claim(run=5, at=AT - 31 * 86_400),
        claim(run=4, at=AT - 90),
        claim(State.FAILED, run=3, at=AT - 80),
        claim(run=2, at=AT - 60),
    )
    world.ledgers.ledgers["ann"] = Ledger("ann", rev=2, entries=entries)
    world.decided("skipped", reason)

    told = world.why()

    assert [step.get("run") for step in told["trail"] if step["kind"] == "touched"] == [None, "older"]
    assert "consent" not in kinds(told)


@pytest.mark.parametrize(
    ("states", "run", "parked", "reason"),
    [
        (None, {}, None, "queued"),
        ("..", {}, None, "queued"),
        (".f", {}, None, "in_flight"),
        ("..", {}, AT + 900.0, "held"),
        ("..", {"paused": "by_hand"}, 0.0, "paused"),
        (None, {"paused": "by_hand"}, None, "paused"),
    ],
)
def test_whoever_waits_is_told_for_what_and_what_would_be_decided_now(states, run, parked, reason):
    world = World(**run)
    if states:
        world.journal(states, parked)

    told = world.why()

    assert short(told) == ("pending", reason, None)
    assert step_named(told, "would_be")["outcome"] == "sent"
    assert ("stopped" in kinds(told)) is bool(run)


def test_a_claim_of_the_run_itself_bars_nobody():
    world = World("..", claim())
    world.definition = definition(of=campaign(once_per="campaign"))

    assert step_named(world.why(), "would_be")["outcome"] == "sent"


@pytest.mark.parametrize(
    ("shop", "message", "expected"),
    [
        ({"quiet_hours": {"marketing": {"from": "09:00", "to": "12:00"}}}, {}, {"outcome": "held"}),
        ({}, {"holdout": "100%"}, {"outcome": "held_out"}),
        ({"caps": [{"max": 1, "per": "day"}]}, {}, {"outcome": "skipped", "reason": "frequency_cap"}),
    ],
)
def test_every_decision_can_be_foretold(shop, message, expected):
    world = World()
    world.definition = definition(of=campaign(**message), within=project(**shop))
    world.ledgers.ledgers["ann"] = replace(consenting("ann"), entries=(claim(run=9),))

    would_be = step_named(world.why(), "would_be")

    assert expected.items() <= would_be.items()
    assert ("until" in would_be) is (expected["outcome"] == "held")


def test_whom_a_cancelled_run_did_not_reach_was_stopped():
    told = World("..", state="cancelled", stopped_because="too_many_failed").why()

    assert short(told) == ("skipped", "campaign_stopped", None)
    assert step_named(told, "stopped")["because"] == "too_many_failed"


def test_a_run_that_is_still_scanned_may_select_them_yet():
    assert short(World(state="scanning").why("ann2")) == ("pending", "scanning", None)


def test_without_the_runs_objects_the_lake_tells():
    world = World()
    world.objects.objects.clear()
    world.decided("skipped", "no_consent")

    assert short(world.why()) == ("skipped", "no_consent", LATER)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [(State.SENT, "sent"), (State.HELD_OUT, "held_out"), (State.FAILED, "failed"), (State.CANCELLED, "skipped")],
)
def test_without_lake_and_objects_the_ledger_tells(state, outcome):
    world = World(entry=claim(state))
    world.objects.objects.clear()

    assert short(world.why()) == (outcome, None, "2026-12-01T01:00:03+00:00")


def test_a_journal_outlives_ledger_and_lake():
    assert short(World(".S").why()) == ("sent", None, None)


def bought(user_id: str, **traits: str) -> Profile:
    return Profile(user_id, traits=traits, histories={"purchase": History(1, 5, 2, 0, (1, 5), (0, 0))}, rev=1)


def test_somebody_outside_the_audience_is_told_which_condition_stands_in_the_way():
    world = World()
    world.profiles = FakeProfiles(bought("eve"))

    told = world.why("eve")

    assert short(told) == ("not_selected", "not_in_segment", "2026-12-01T01:01:00+00:00")
    assert step_named(told, "condition") == {
        "at": "2026-12-01T01:01:00+00:00",
        "kind": "condition",
        "path": "audience.any[0]",
        "condition": {"as": "동의", "trait": "email", "exists": True},
        "holds": False,
        "found": None,
    }


def test_somebody_whom_a_query_did_not_find():
    world = World()
    world.profiles = FakeProfiles(bought("eve"))
    world.definition = definition(of=campaign(audience={"sql": "select 1"}, exclude=[{"did": "purchase"}]))
    assert world.why("eve")["reason"] == "excluded"
    world.definition = definition(of=campaign(audience={"sql": "select 1"}))

    told = world.why("eve")

    assert short(told)[:2] == ("not_selected", "not_in_segment")
    condition = step_named(told, "condition")
    assert (condition["condition"], condition["holds"]) == ({"sql": "select 1"}, None)


def test_somebody_whom_nobody_knows():
    assert short(World().why("nobody"))[:2] == ("not_selected", "unknown_person")


def test_somebody_of_whom_the_history_cannot_tell():
    world = World()
    world.definition = definition(of=campaign(audience={"did": "purchase", "count": {"gte": 3}, "within": "30d"}))
    much = History(1, AT - 5, 9, 0, (AT - 5,), (0,))
    world.profiles = FakeProfiles(Profile("eve", histories={"purchase": much}, rev=1))

    assert world.why("eve")["reason"] == "inexact"


def test_somebody_who_was_excluded_is_told_by_what():
    world = World()
    world.definition = definition(
        of=campaign(exclude=[{"trait": "email", "is": "x"}, {"title": "산 사람", "did": "purchase"}])
    )
    world.profiles = FakeProfiles(bought("eve", email="eve@example.com"))

    told = world.why("eve")

    assert told["reason"] == "excluded"
    assert step_named(told, "excluded")["segment"] == "산 사람"


def test_somebody_who_would_be_selected_now_and_was_not_then():
    world = World()
    world.profiles = FakeProfiles(bought("eve", email="eve@example.com"))

    assert short(world.why("eve"))[:2] == ("not_selected", "selected_now")


def test_a_campaign_that_never_ran_tells_what_would_be():
    world = World()
    world.runs.runs.clear()

    told, other = world.why(), world.why("nobody")

    assert (told["run"], told["outcome"], told["reason"]) == (None, "not_run", "selected_now")
    assert step_named(told, "would_be")["outcome"] == "sent"
    assert (other["outcome"], other["reason"], other["trail"]) == ("not_run", "unknown_person", [])


def test_the_latest_run_is_meant_where_none_is_named():
    world = World(".S", claim())
    later: RunItem = running(2, "launch-20261202T010000Z", scheduled_at=NOW + timedelta(days=1))
    world.runs.runs[later.run] = later

    assert (world.why()["run"], world.why(run=RUN)["run"]) == (later.run, RUN)


def test_a_run_of_another_campaign_is_refused():
    world = World()
    world.runs.runs["other-1"] = running(2, "other-1", "other")

    with pytest.raises(InputError, match="a run of other"):
        world.why(run="other-1")
    with pytest.raises(NotFoundError):
        world.why(run="nowhere")


def test_many_steps_are_read_to_the_last(monkeypatch):
    monkeypatch.setattr("dangol.pipeline.whereabouts._STEPS_AT_ONCE", 1)

    assert World(".S", claim()).why()["outcome"] == "sent"


def test_whoever_was_shown_a_message_is_told_so_while_others_still_wait():
    shown = Entry(1, AT + 3, 0, "in_web", "marketing")
    world = World("..", shown)

    assert short(world.why()) == ("sent", None, "2026-12-01T01:00:03+00:00")
    assert world.why("bo")["outcome"] == "pending"


class SeveralChannels(World):
    """The same by e-mail, then by text message."""

    campaign = campaign(channel=None, channels=["email", "sms"], messages={"sms": {"text": "새 강의"}})


def test_of_several_channels_the_ledger_says_what_became_of_it_and_the_trail_by_which():
    world = SeveralChannels("SS", replace(claim(State.FAILED), channel="sms"))
    world.decided("failed", "solapi_3031")

    told = world.why()

    assert (told["outcome"], told["reason"]) == ("failed", "solapi_3031")
    assert next(step for step in told["trail"] if step["kind"] == "claimed")["channel"] == "sms"


def test_what_would_be_decided_names_the_channel_where_there_are_several():
    world = SeveralChannels("..")
    world.selected("00000-00002", [recipient("eve", address=None, others=[Reach(address="+821012345678")])])
    world.ledgers.ledgers["eve"] = Ledger("eve", consents={"sms": AT - 9})

    told = world.why("eve")

    assert {step["channel"] for step in told["trail"] if step["kind"] == "consent"} == {"sms"}
    (would_be,) = (step for step in told["trail"] if step["kind"] == "would_be")
    assert (would_be["outcome"], would_be["channel"]) == ("sent", "sms")
