"""Whatever happened is counted once, in any order and however often it comes."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dangol.contracts import Aliased, Consented, Decided, Decisions, Identified, Listed, Performed, Received, Tracked
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, Flag, Ledger, State
from dangol.domain.profile import Profile
from dangol.domain.tracking import SEND_ID
from dangol.pipeline.identity import hashed
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.record import Recorder, Stores
from tests.dispatching import running
from tests.fakes import (
    FakeCatalogue,
    FakeClock,
    FakeDefinitions,
    FakeLedgers,
    FakeLists,
    FakeObjects,
    FakeOutcomes,
    FakeProfiles,
    FakeQueue,
    FakeRuns,
    FakeWebhooks,
)
from tests.fakes.world import NOW
from tests.shop_campaign import campaign, definition, project

SENT_AT = int(NOW.timestamp())
HOUR = 3_600
RUN = "launch-20261201T010000Z"


def entry(user: str, run: int = 1, variant: int = 0, at: int = SENT_AT, **changed) -> Ledger:
    sent = Entry(run, at, variant, "email", "marketing", labels=1, **changed)
    return Ledger(user, rev=1, consents={"email": 1}, entries=(sent,))


class World:
    """Everything that recording works on: u1 and u2 sent to, u3 held out."""

    def __init__(self, applied=None, *, unapplied=False) -> None:
        self.applied = applied or definition()
        self.runs = FakeRuns(running())
        self.clock = FakeClock()
        self.profiles = FakeProfiles(Profile("u1", consents={"email": 1}, rev=1))
        held = entry("u3", variant=HOLDOUT_VARIANT, state=State.HELD_OUT)
        self.ledgers = FakeLedgers(self.runs, entry("u1"), entry("u2", variant=1), held)
        self.outcomes = FakeOutcomes(self.runs)
        self.lists = FakeLists()
        self.objects = FakeObjects()
        self.catalogue = FakeCatalogue()
        self.webhooks = FakeWebhooks()
        self.events, self.sends, self.tasks = FakeQueue(), FakeQueue(), FakeQueue()
        self.recorder = Recorder(
            Stores(
                definitions=FakeDefinitions(*([] if unapplied else [self.applied])),
                runs=self.runs,
                profiles=self.profiles,
                ledgers=self.ledgers,
                outcomes=self.outcomes,
                lists=self.lists,
                objects=self.objects,
                catalogue=self.catalogue,
                clock=self.clock,
                webhooks=self.webhooks,
                events=self.events,
                sends=self.sends,
                tasks=self.tasks,
            )
        )

    def counts(self, run: str = RUN) -> dict[str, Decimal]:
        return {name: value for name, value in self.runs.counters[run].items() if value}


def bought(user: str = "u1", at: int = SENT_AT + HOUR, event_id: str = "e1", **properties) -> Performed:
    told = {"item_id": "new", "value": 79_000, **properties}
    return Performed(id=event_id, user_id=user, event="purchase", at=at * 1000, received_at=at * 1000, properties=told)


def did(kind: str, user: str = "u1", event_id: str = "t1", **changed) -> Tracked:
    told = {
        "kind": kind,
        "id": event_id,
        "run": 1,
        "user_id": user,
        "variant": 0,
        "link": 0,
        "at": (SENT_AT + HOUR) * 1000,
    }
    return Tracked.model_validate({**told, **changed})


def test_a_purchase_within_the_window_counts_its_person_its_sum_and_its_square():
    world = World()

    world.recorder.record([bought(), bought(event_id="e2", value=1_000)])

    counts = world.counts()
    assert counts["arm:0:goal:people"] == 1
    assert counts["arm:0:goal:sum"] == 80_000
    assert counts["arm:0:goal:squares"] == 80_000**2
    assert counts["label:0:converted"] == 1


def test_the_held_out_are_counted_the_same_way():
    world = World()

    world.recorder.record([bought("u3")])

    assert world.counts()["arm:holdout:goal:people"] == 1


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (SENT_AT - 1, False),
        (SENT_AT, True),
        (SENT_AT + 7 * 24 * HOUR - 1, True),
        (SENT_AT + 7 * 24 * HOUR, False),
    ],
)
def test_the_window_opens_with_the_send_and_is_half_open(at, counts):
    world = World()

    world.recorder.record([bought(at=at)])

    assert ("arm:0:goal:people" in world.counts()) is counts


def test_another_item_is_not_the_goal():
    world = World()

    world.recorder.record([bought(item_id="other")])

    assert world.counts() == {}


def test_decimals_are_summed_exactly():
    world = World()

    world.recorder.record([bought(event_id=f"e{n}", value="0.1") for n in range(3)])

    assert world.counts()["arm:0:goal:sum"] == Decimal("0.3")
    assert world.counts()["arm:0:goal:squares"] == Decimal("0.09")


@pytest.mark.parametrize("value", ["abc", True, "NaN", None, 10**12, "-1e400"])
def test_a_value_that_is_no_number_counts_the_person_and_no_money(value):
    world = World()

    world.recorder.record([bought(value=value)])

    assert world.counts()["arm:0:goal:people"] == 1
    assert "arm:0:goal:sum" not in world.counts()


def test_an_also_event_is_measured_beside_the_goal():
    world = World()
    seen = Performed(id="v1", user_id="u2", event="view_item", at=(SENT_AT + 5) * 1000, received_at=0)

    world.recorder.record([seen])

    assert world.counts()["arm:1:also:view_item:people"] == 1


def two_campaigns(attribution: str) -> World:
    world = World(definition(of=campaign(attribution=attribution)))
    world.runs.runs["second"] = running(2, "second")
    first, second = entry("u1").entries[0], entry("u1", run=2, at=SENT_AT + HOUR).entries[0]
    world.ledgers.ledgers["u1"] = Ledger("u1", rev=1, entries=(first, second))
    return world


def test_the_last_message_gets_the_conversion():
    world = two_campaigns("last")

    world.recorder.record([bought(at=SENT_AT + 2 * HOUR), bought("u1", SENT_AT + 60, "early")])

    assert world.counts("second")["arm:0:goal:people"] == 1
    assert world.counts()["arm:0:goal:sum"] == 79_000


def test_any_message_gets_the_conversion_where_the_campaign_says_so():
    world = two_campaigns("any")

    world.recorder.record([bought(at=SENT_AT + 2 * HOUR)])

    assert world.counts("second")["arm:0:goal:people"] == world.counts()["arm:0:goal:people"] == 1


def test_a_cancelled_claim_is_no_touch():
    world = World()
    world.ledgers.ledgers["u1"] = entry("u1", state=State.CANCELLED)

    world.recorder.record([bought()])

    assert world.counts() == {}


def test_clicks_and_opens_count_each_person_once_and_bots_apart():
    world = World()

    world.recorder.record(
        [
            did("clicked"),
            did("clicked", event_id="t2"),
            did("opened", event_id="t3"),
            did("clicked", "u2", "t4", verdict="bot", reason="agent"),
            did("opened", "u2", "t5", verdict="machine"),
        ]
    )

    counts = world.counts()
    assert counts["arm:0:clicked"] == counts["arm:0:opened"] == 1
    assert counts["arm:1:bot_clicked"] == counts["arm:1:machine_opened"] == 1
    assert counts["label:0:clicked"] == 1
    assert world.ledgers.ledgers["u1"].entries[0].flags == Flag.CLICKED | Flag.OPENED


def test_a_click_of_somebody_without_an_entry_or_of_an_unknown_run_counts_nothing():
    world = World()

    world.recorder.record([did("clicked", "stranger"), did("clicked", run=99)])

    assert world.counts() == {}


def test_an_opt_out_is_counted_and_mirrored_into_the_profile():
    world = World()
    world.ledgers.ledgers["u1"] = world.ledgers.ledgers["u1"].with_consent("email", given=False, at=SENT_AT)

    world.recorder.record([did("unsubscribed"), did("unsubscribed", "stranger", "t9")])

    assert world.counts() == {"arm:0:unsubscribed": 1}
    assert world.profiles.people["u1"].consents == {"email": -SENT_AT}


def test_events_are_folded_into_the_profile_once():
    world = World()

    recorded = world.recorder.record([bought(), bought(), bought(event_id="e2")])
    again = world.recorder.record([bought()])

    history = world.profiles.people["u1"].histories["purchase[item_id=new]"]
    assert (history.count, history.total) == (2, 2 * 79_000 * 10_000)
    assert (recorded.people, recorded.events, recorded.duplicates) == (1, 3, 1)
    assert again.duplicates == 1
    assert world.catalogue.known["events"] == {"purchase"}


def test_an_event_seen_more_than_two_weeks_ago_is_forgotten(monkeypatch):
    world = World()
    world.recorder.record([bought()])
    world.clock.pass_by(days=15)

    world.recorder.record([bought(event_id="later")])

    assert hashed("e1") not in world.profiles.people["u1"].seen
    assert hashed("later") in world.profiles.people["u1"].seen


def test_too_many_seen_events_let_the_oldest_go(monkeypatch):
    monkeypatch.setattr("dangol.pipeline.folding.SEEN_MOST", 2)
    world = World()
    world.recorder.record([bought()])
    world.clock.pass_by(days=1)

    world.recorder.record([bought(event_id="e2"), bought(event_id="e3")])

    assert set(world.profiles.people["u1"].seen) == {hashed("e2"), hashed("e3")}


def test_what_became_known_is_kept_and_an_older_word_does_not_overwrite_it():
    world = World()
    new = Identified(id="i1", user_id="u1", traits={"plan": "pro", "age": 30}, at=2_000_000, received_at=0)
    old = Identified(id="i2", user_id="u1", traits={"plan": "free"}, at=1_000_000, received_at=0)
    gone = Identified(id="i3", user_id="u1", traits={"age": None}, at=3_000_000, received_at=0)

    world.recorder.record([new, old, gone])

    assert world.profiles.people["u1"].traits == {"plan": "pro"}
    assert world.catalogue.known["traits"] == {"plan", "age"}


def test_a_visitor_has_a_profile_under_a_prefix_and_converts_nobody():
    world = World()
    seen = Performed(id="v", user_id="", anonymous_id="x1", event="purchase", at=(SENT_AT + 9) * 1000, received_at=0)

    world.recorder.record([seen])

    assert "anon:x1" in world.profiles.people
    assert world.counts() == {}


def test_whoever_is_quicker_is_read_again_and_nothing_is_lost():
    world = World()

    def somebody_else(store, key):
        def write():
            store.before_write = lambda: None
            store.__dict__[key]["u1"] = _raised(store.__dict__[key]["u1"])

        return write

    world.profiles.before_write = somebody_else(world.profiles, "people")
    world.ledgers.before_write = somebody_else(world.ledgers, "ledgers")
    world.recorder.record([bought(), did("clicked")])

    assert world.counts()["arm:0:clicked"] == 1
    assert world.profiles.people["u1"].histories["purchase"].count == 1


def test_an_outcome_somebody_else_wrote_is_read_again():
    world = World()

    def quicker():
        world.outcomes.before_write = lambda: None
        world.recorder.record([bought(event_id="other")])

    world.outcomes.before_write = quicker

    world.recorder.record([bought()])

    assert world.counts()["arm:0:goal:people"] == 1
    assert world.counts()["arm:0:goal:sum"] == 158_000


def test_everything_goes_to_the_lake_with_names_instead_of_numbers():
    world = World()
    decided = Decided(user_id="u1", outcome="sent", variant=0, provider_id="m1")
    chunk = Decisions(run=RUN, campaign="launch", channel="email", at=SENT_AT * 1000, decided=[decided])
    said = agreed(method="import")
    known = Identified(id="i1", user_id="u1", traits={"이름": "지은"}, at=0, received_at=0)

    world.recorder.record([chunk, did("clicked"), bought(), known, did("clicked", run=99, event_id="t9")])
    world.recorder.record_evidence([said])
    world.recorder.record([])

    (sent,) = world.objects.rows("decisions/dt=2026-12-01/")
    assert (sent["run"], sent["outcome"], sent["provider_id"]) == (RUN, "sent", "m1")
    clicks = world.objects.rows("engagement/")
    assert {click.get("run") for click in clicks} == {RUN, None}
    kinds = [row["kind"] for row in world.objects.rows("events/")]
    assert sorted(kinds) == ["consent", "event", "identify"]


def test_what_is_counted_for_a_run_is_told_to_the_lake_with_its_arm():
    world = World(definition(of=campaign(also=["purchase"])))

    world.recorder.record([bought(), bought("u3", event_id="e2", value=1_000), bought("stranger", event_id="e3")])
    world.recorder.record([bought(), bought(event_id="e4", item_id="old")])

    told = {
        (row["user_id"], row["arm"], row["counts_as"], row["event"], row["value"], row["id"])
        for row in world.objects.rows("conversions/dt=2026-12-01/")
    }
    assert told == {
        ("u1", "A", "goal", "purchase", 79_000, "e1"),
        ("u1", "A", "also", "purchase", 79_000, "e1"),
        ("u1", "A", "also", "purchase", 79_000, "e4"),
        ("u3", "holdout", "goal", "purchase", 1_000, "e2"),
        ("u3", "holdout", "also", "purchase", 1_000, "e2"),
    }


def test_what_counts_for_no_run_leaves_no_row():
    world = World()

    world.recorder.record([bought("stranger")])

    assert world.objects.rows("conversions/") == []


def test_what_an_app_tells_of_its_message_counts_for_the_person_whatever_library_it_is_told_with():
    world = World()
    shown = did("shown", user_agent="okhttp/4.12.0", link=SEND_ID)
    clicked = did("clicked", event_id="t2", user_agent="okhttp/4.12.0", link=SEND_ID)

    world.recorder.record([shown, clicked])

    counts = world.counts()
    assert counts["arm:0:shown"] == counts["arm:0:clicked"] == 1
    assert "arm:0:unsubscribed" not in counts
    assert "arm:0:bot_clicked" not in counts


def test_a_row_of_engagement_has_every_column():
    world = World()
    receipt = Received(kind="delivered", id="r1", run=1, user_id="u1", channel="email", at=SENT_AT * 1000)

    world.recorder.record([did("clicked"), receipt, did("clicked", run=99, event_id="t9")])

    assert len({tuple(sorted(row)) for row in world.objects.rows("engagement/")}) == 1


def test_a_batch_that_is_written_again_lands_on_the_same_object():
    world = World()

    world.recorder.record([did("clicked")])
    world.recorder.record([did("clicked")])

    assert len(world.objects.rows("engagement/")) == 1


def test_a_run_that_nobody_knows_yet_is_looked_up_again_after_a_while():
    runs, clock = FakeRuns(), FakeClock()
    known = KnownRuns(runs, FakeDefinitions(definition()), clock)
    assert known.get(1) is None
    runs.runs[RUN] = running()
    assert known.get(1) is None

    clock.pass_by(seconds=6)

    found = known.get(1)
    assert found is not None
    assert known.get(1) == found


HAPPENINGS = (
    bought(event_id="a", value=1),
    bought(event_id="b", value=2),
    bought("u3", event_id="c", value=5),
    did("clicked", event_id="d"),
    did("clicked", "u2", "e"),
    did("opened", event_id="f"),
)


@settings(max_examples=60, deadline=None)
@given(
    order=st.lists(st.sampled_from(HAPPENINGS), min_size=0, max_size=12), cuts=st.lists(st.integers(0, 18), max_size=4)
)
def test_order_duplicates_and_batches_change_nothing(order, cuts):
    expected, world = World(), World()
    expected.recorder.record(list(HAPPENINGS))
    everything = [*order, *HAPPENINGS]
    edges = [0, *sorted(cuts), len(everything)]

    for start, end in pairwise(edges):
        world.recorder.record(everything[start:end])

    assert world.counts() == expected.counts()
    assert world.profiles.people["u1"].histories == expected.profiles.people["u1"].histories
    assert {k: o.sums for k, o in world.outcomes.outcomes.items()} == {
        k: o.sums for k, o in expected.outcomes.outcomes.items()
    }


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", range(1, 14))
def test_whatever_call_a_recorder_dies_at_everything_counts_once(fatal, after):
    expected, world = World(), World()
    expected.recorder.record([*HAPPENINGS, OPT_OUT])
    _die_at(world, fatal, after=after)

    with suppress(KilledError):
        world.recorder.record([*HAPPENINGS, OPT_OUT])
    world.recorder.record([*HAPPENINGS, OPT_OUT])

    assert world.counts() == expected.counts()
    assert world.profiles.people == expected.profiles.people
    assert world.outcomes.outcomes == expected.outcomes.outcomes
    assert world.objects.objects == expected.objects.objects


OPT_OUT = did("unsubscribed", "u2", "o1")


def _die_at(world: World, fatal: int, *, after: bool) -> None:
    """Let the n-th call to a store end the process, before or after its effect."""
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
        (world.objects, ("put_once",)),
        (world.profiles, ("get_many", "put_many")),
        (world.ledgers, ("get_many", "put_counted")),
        (world.outcomes, ("get_many", "put_counted")),
    ):
        for name in names:
            deadly(store, name)


def test_a_campaign_without_a_goal_measures_its_also_events_for_a_week():
    world = World(definition(of=campaign(goal=None), within=project()))
    near = Performed(id="v1", user_id="u1", event="view_item", at=(SENT_AT + 6 * 86_400) * 1000, received_at=0)
    far = Performed(id="v2", user_id="u2", event="view_item", at=(SENT_AT + 8 * 86_400) * 1000, received_at=0)

    for order in permutations([near, far]):
        world.recorder.record(list(order))

    assert world.counts() == {"arm:0:also:view_item:people": 1}


def _raised(thing):
    return replace(thing, rev=thing.rev + 1)


BURST = (
    did("clicked", event_id="n1"),
    did("clicked", event_id="n2", link=1, at=(SENT_AT + HOUR + 1) * 1000),
    did("clicked", "u2", "n3", verdict="bot", reason="agent"),
    did("clicked", "u2", "n4", at=(SENT_AT + 2 * HOUR) * 1000),
)


def test_a_later_click_takes_an_earlier_one_from_the_person_with_its_counters():
    world = World()

    world.recorder.record(list(BURST[:1]))
    before = world.counts()
    world.recorder.record(list(BURST[1:2]))

    assert before == {"arm:0:clicked": 1, "label:0:clicked": 1}
    assert world.counts() == {"arm:0:bot_clicked": 1}
    assert world.ledgers.ledgers["u1"].entries[0].flags == Flag.BOT_CLICKED


def test_clicks_of_a_person_stay_beside_those_of_a_bot():
    world = World()

    world.recorder.record([*BURST, did("clicked", event_id="n5", at=(SENT_AT + 9 * HOUR) * 1000)])

    counts = world.counts()
    assert counts["arm:0:clicked"] == counts["arm:0:bot_clicked"] == 1
    assert counts["arm:1:clicked"] == counts["arm:1:bot_clicked"] == 1


def test_clicks_are_judged_together_in_whatever_order_and_however_often_they_come():
    for order in permutations(BURST):
        world = World()
        for happening in (*order, *order):
            world.recorder.record([happening])

        assert world.counts() == {
            "arm:0:bot_clicked": 1,
            "arm:1:clicked": 1,
            "arm:1:bot_clicked": 1,
            "label:0:clicked": 1,
        }


def test_the_hidden_link_gives_it_away_and_is_no_click_of_a_person():
    world = World()

    world.recorder.record([did("clicked"), did("clicked", event_id="h", link=253, verdict="bot", reason="hidden_link")])

    assert world.counts() == {"arm:0:bot_clicked": 1}


def test_a_known_bot_is_told_by_its_agent_with_the_verdict_in_the_lake():
    world = World()
    scrap = "facebookexternalhit/1.1; kakaotalk-scrap/1.0; +https://devtalk.kakao.com/t/scrap/33984"

    world.recorder.record(
        [
            did("clicked", user_agent=scrap),
            did("opened", event_id="t2", user_agent="curl/8.6.0"),
            did("unsubscribed", "u2", "t3", user_agent="curl/8.6.0"),
        ]
    )

    assert world.counts() == {"arm:0:bot_clicked": 1, "arm:0:machine_opened": 1, "arm:1:unsubscribed": 1}
    told = {row["kind"]: (row["verdict"], row["reason"]) for row in world.objects.rows("engagement/")}
    assert told == {"clicked": ("bot", "agent"), "opened": ("bot", "agent"), "unsubscribed": ("human", None)}


def test_an_old_entry_goes_with_its_clicks():
    world = World()
    world.recorder.record([did("clicked")])
    ledger = world.ledgers.ledgers["u1"]
    assert ledger.clicks

    much_later = NOW + timedelta(days=500)
    again = ledger.with_entry(Entry(2, int(much_later.timestamp()), 0, "email", "marketing"), much_later)

    assert again.clicks == frozenset()


def agreed(**changed: Any) -> Consented:
    told: dict[str, Any] = {"id": "c1", "user_id": "u1", "at": SENT_AT * 1000, "received_at": SENT_AT * 1000}
    return Consented(**{**told, "consents": {"email": True}, "method": "api", "source": "app", **changed})


def test_consent_that_comes_through_the_api_stands_in_ledger_and_mirror():
    world = World()
    world.profiles.people["u1"] = Profile("u1", rev=1)
    world.ledgers.ledgers["u1"] = Ledger("u1", rev=3)

    world.recorder.record([agreed(consents={"email": True, "push": False}, night=True), agreed(consents={"sms": True})])

    ledger = world.ledgers.ledgers["u1"]
    assert (ledger.consents, ledger.night) == ({"email": SENT_AT, "push": -SENT_AT, "sms": SENT_AT}, SENT_AT)
    assert ledger.rev == 4
    assert world.profiles.people["u1"].consents == ledger.consents


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0)])
def test_the_newest_word_stands_in_whatever_order_they_come(order):
    world = World()
    world.ledgers.ledgers["u1"] = Ledger("u1", rev=1)
    yes, no = agreed(), agreed(id="c2", at=(SENT_AT + 1) * 1000, consents={"email": False})

    for index in order:
        world.recorder.record([(yes, no)[index]])

    assert world.ledgers.ledgers["u1"].consents == {"email": -SENT_AT - 1}
    assert world.ledgers.ledgers["u1"].rev <= 3


def test_a_word_that_loses_against_another_writer_is_said_again():
    world = World()
    world.ledgers.ledgers["u1"] = Ledger("u1", rev=1)

    def somebody_is_quicker() -> None:
        world.ledgers.before_write = lambda: None
        world.ledgers.ledgers["u1"] = Ledger("u1", rev=2, consents={"sms": 5})

    world.ledgers.before_write = somebody_is_quicker
    world.recorder.record([agreed()])

    assert world.ledgers.ledgers["u1"].consents == {"sms": 5, "email": SENT_AT}


def test_what_was_said_on_a_page_is_evidence_and_changes_no_ledger_again():
    world = World()
    world.ledgers.ledgers["u1"] = Ledger("u1", rev=1)

    world.recorder.record(
        [agreed(method="page", consents={"email": False}, pace=7, run=1, ip="192.0.2.1", wording="v1")]
    )

    assert world.ledgers.ledgers["u1"].rev == 1
    (row,) = world.objects.rows("events/")
    assert (row["kind"], row["source"]) == ("consent", "app")
    assert json.loads(row["properties"]) == {
        "consents": {"email": False},
        "method": "page",
        "pace": 7,
        "run": 1,
        "ip": "192.0.2.1",
        "wording": "v1",
    }


def test_an_alias_is_kept_in_the_lake_with_the_id_before():
    world = World()

    world.recorder.record([Aliased(id="l", user_id="u1", previous_id="phone", at=0, received_at=0)])

    (row,) = world.objects.rows("events/")
    assert (row["kind"], row["user_id"], row["properties"]) == ("alias", "u1", '{"previous_id":"phone"}')


def test_who_is_on_a_list_is_recorded_and_goes_to_the_lake_person_by_person():
    world = World()
    said = Listed(id="l1", name="vip", user_ids=["u1", "u2"], at=SENT_AT * 1000, received_at=SENT_AT * 1000, source="x")

    world.recorder.record([said])
    world.recorder.record([said])

    rows = world.objects.rows("events/")
    assert [(row["id"], row["kind"], row["user_id"]) for row in rows] == [
        ("l1:u1", "list", "u1"),
        ("l1:u2", "list", "u2"),
    ]
    assert rows[0]["properties"] == '{"list":"vip","member":true}'
    assert world.profiles.people["u2"].lists == {"vip": SENT_AT}
    assert world.lists.get("vip").imported_at == SENT_AT


def test_a_message_that_was_shown_counts_its_person_once():
    world = World()

    world.recorder.record([did("shown"), did("shown")])
    world.recorder.record([did("shown")])

    assert world.counts() == {"arm:0:shown": 1}
    assert world.ledgers.ledgers["u1"].entries[0].flags == Flag.SHOWN


def test_what_comes_before_the_first_apply_is_recorded_with_nothing_declared():
    world = World(unapplied=True)
    agreed = Consented(id="c1", user_id="u9", at=SENT_AT * 1000, received_at=0, consents={"email": True}, method="api")
    known = Identified(id="i1", user_id="u9", traits={"email": "u9@example.com"}, at=SENT_AT * 1000, received_at=0)

    world.recorder.record([bought("u9", value="12.5"), known, agreed])

    person = world.profiles.people["u9"]
    assert (person.histories["purchase"].count, set(person.histories)) == (1, {"purchase"})
    assert person.traits == {"email": "u9@example.com"}
    assert world.ledgers.ledgers["u9"].consented("email")
    assert {row["id"] for row in world.objects.rows("events/")} == {"e1", "i1", "c1"}
    assert world.events.bodies == world.sends.bodies == []


def test_what_came_before_the_first_apply_is_known_after_it():
    before = World(unapplied=True)
    before.recorder.record([bought("u9")])
    after = World()
    after.profiles.people = before.profiles.people

    again = after.recorder.record([bought("u9")])

    assert again.duplicates == 1
    assert after.profiles.people["u9"].histories["purchase"].count == 1
