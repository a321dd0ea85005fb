"""Messages inside a session: nothing is claimed before it would be seen, nobody ends twice, and nobody is lost."""

from datetime import timedelta
from typing import Any

import pytest

from dangol.contracts import SendChunk
from dangol.domain.ledger import Entry, Flag, State
from dangol.domain.profile import Profile
from dangol.domain.tracking import SESSION_ID, verify
from dangol.ports import Waiting
from tests.dispatching import KEYS, RUN, running
from tests.fakes.world import NOW
from tests.sessions import Session, waiting
from tests.shop_campaign import recipient

DAILY = {"caps": [{"max": 1, "per": "day"}]}


def test_nothing_is_claimed_or_counted_while_nobody_is_there():
    world = Session("ann", "ben")

    world.place()

    assert sorted(world.inbox.messages) == [("ann", 1), ("ben", 1)]
    assert (world.ledger("ann").entries, world.counted()) == ((), {})
    (standing,) = world.journals.of_step(RUN, "0")
    assert (standing.states, standing.parked) == ("..", (NOW + timedelta(days=14)).timestamp())
    assert [at for _, at in world.timer.set.values()] == [(NOW + timedelta(days=14)).timestamp()]


def test_whoever_is_there_is_claimed_counted_and_shown_the_message():
    world = Session("ann", "ben")
    world.place()

    answer = world.visit("ann")

    (message,) = answer["messages"]
    assert verify(message.pop("send_id"), KEYS)[0].link == SESSION_ID
    assert message == {
        "id": "1",
        "show": {"on": "page", "form": "modal"},
        "expires_at": "2026-12-15T01:00:00+00:00",
        "title": "고객님, 첫 강의는 반값으로",
        "text": "지금 받으면 바로 쓸 수 있어요.",
        "cta": {"label": "쿠폰 받기", "link": "https://shop.example/coupon"},
        "close": "오늘은 그만 보기",
    }
    assert answer["waiting"] == []
    assert [entry.state for entry in world.ledger("ann").entries] == [State.SENT]
    assert (world.counted(), world.decided()) == ({"sent": 1}, {"ann": "sent"})


def test_a_claimed_message_comes_again_until_it_was_shown_and_is_claimed_once():
    world = Session("ann")
    world.place()
    first = world.visit("ann")

    world.clock.pass_by(days=2)

    assert world.visit("ann") == first
    assert (world.ledger("ann").rev, world.counted()) == (1, {"sent": 1})
    world.shower().seen("ann", 1)
    assert world.visit("ann") == {"messages": [], "waiting": []}


def test_a_message_that_was_shown_does_not_come_again_with_its_chunk():
    world = Session("ann")
    world.place()
    world.visit("ann")
    world.ledgers.store(world.ledger("ann").with_flag(1, Flag.SHOWN))
    world.inbox.put_many(list(world.inbox.messages.values()))

    assert world.visit("ann")["messages"] == []
    assert world.inbox.messages == {}
    world.again()
    assert world.inbox.messages == {}


def test_the_holdout_is_claimed_when_it_would_be_shown_takes_a_cap_and_sees_nothing():
    world = Session("ann", of=waiting(holdout="100%", project=DAILY))
    world.place()

    assert world.visit("ann")["messages"] == []

    (entry,) = world.ledger("ann").entries
    assert (entry.state, entry.claimed_at) == (State.HELD_OUT, int(NOW.timestamp()))
    assert (world.counted(), world.inbox.messages) == ({"held_out": 1}, {})


@pytest.mark.parametrize("change", [{"in_web": -1}, {}])
def test_a_refusal_is_kept_and_silence_is_none(change):
    world = Session("ann")
    world.ledgers.ledgers["ann"] = world.ledger("ann").with_consent("email", given=True, at=1)
    world.place()
    for channel in change:
        world.ledgers.store(world.ledger("ann").with_consent(channel, given=False, at=2))

    shown = world.visit("ann")["messages"]

    assert len(shown) == (0 if change else 1)
    assert world.counted() == ({} if change else {"sent": 1})


def test_whom_nothing_can_be_shown_is_skipped_at_once():
    world = Session("ann", "ben", "cho", of=waiting(message={"text": "{{ city }}"}))
    world.ledgers.store(world.ledger("ann").with_consent("in_web", given=False, at=1))

    world.place()

    assert world.counted() == {"no_consent": 1, "missing_variable": 2}
    assert world.inbox.messages == {}


def test_somebody_whose_trait_names_no_arm_is_skipped_also_behind_a_full_cap():
    split = waiting(assign_by={"trait": "arm"}, variants=[{"name": "A"}], project=DAILY)
    world = Session("ann", of=split)
    spend(world, "ann")

    world.place()

    assert world.counted() == {"not_assigned": 1}


def spend(world: Session, user_id: str) -> None:
    """Have somebody's cap of today be full."""
    entry = Entry(99, int(world.clock.now().timestamp()), 0, "email", "marketing")
    world.ledgers.store(world.ledger(user_id).with_entry(entry, world.clock.now()))


def test_a_full_cap_lets_a_message_wait_and_the_next_day_it_is_shown():
    world = Session("ann", of=waiting(project=DAILY))
    world.place()
    spend(world, "ann")

    today = world.visit("ann")["messages"]
    world.clock.pass_by(days=1)
    tomorrow = world.visit("ann")["messages"]

    assert (len(today), len(tomorrow), world.counted()) == (0, 1, {"sent": 1})


def test_two_messages_take_one_cap_between_them():
    world = Session("ann", of=waiting(project=DAILY))
    world.runs.runs["second"] = running(2, "second")
    world.place()
    world.inbox.put_many([Waiting("second", 2, "in_web", recipient("ann", address="ann"), 0)])

    shown = [message["id"] for _ in range(3) for message in world.visit("ann")["messages"]]

    assert shown == ["1", "1", "1"]
    world.shower().seen("ann", 1)
    assert world.visit("ann")["messages"] == []
    assert [entry.run for entry in world.ledger("ann").entries] == [1]


def test_one_message_at_a_time_is_claimed_the_oldest_first():
    world = Session("ann")
    world.runs.runs["second"] = running(2, "second")
    world.place()
    world.inbox.put_many([Waiting("second", 2, "in_web", recipient("ann", address="ann"), 0)])

    first = world.visit("ann")["messages"]
    world.shower().seen("ann", 1)
    second = world.visit("ann")["messages"]

    assert ([m["id"] for m in first], [m["id"] for m in second]) == (["1"], ["2"])


@pytest.mark.parametrize(
    ("show", "told"),
    [
        ({"on": "delay", "after": "10s", "form": "card"}, {"on": "delay", "form": "card", "after": 10_000}),
        ({"on": "scroll", "depth": "70%"}, {"on": "scroll", "form": "modal", "depth": 0.7}),
        ({"on": "scroll"}, {"on": "scroll", "form": "modal", "depth": 0.5}),
        ({"on": "exit", "form": "banner"}, {"on": "exit", "form": "banner"}),
    ],
)
def test_a_message_for_a_later_moment_is_claimed_when_that_moment_has_come(show, told):
    world = Session("ann", of=waiting(show=show))
    world.place()

    seen = world.visit("ann")
    assert seen == {"messages": [], "waiting": [{"id": "1", "show": told}]}
    assert world.ledger("ann").entries == ()

    (message,) = world.visit("ann", asked="1")["messages"]
    assert (message["show"], world.counted()) == (told, {"sent": 1})
    assert world.visit("ann", asked="2") == {"messages": [], "waiting": []}


def test_a_message_is_shown_on_its_pages_and_its_channel_alone():
    world = Session("ann", of=waiting(show={"page": "/courses/*"}))
    world.place()

    elsewhere = [world.visit("ann", page) for page in ("/", "/courses", "/x/courses/dev")]
    in_the_app = world.visit("ann", "/courses/dev", channel="in_app")

    assert [answer["messages"] for answer in (*elsewhere, in_the_app)] == [[], [], [], []]
    assert len(world.visit("ann", "/courses/dev")["messages"]) == 1


def test_a_visitor_is_shown_what_is_theirs_until_they_turn_out_to_be_somebody():
    world = Session("anon:v1")
    world.place()
    assert len(world.visit("anon:v1")["messages"]) == 1

    world.profiles.people["anon:v1"] = Profile("anon:v1", merged_into="ann", rev=2)

    assert world.visit("anon:v1") == {"messages": [], "waiting": []}


def test_a_paused_run_shows_nothing_and_places_nothing_and_goes_on_where_it_was():
    world = Session("ann")
    world.runs.pause(RUN, "by_hand")
    world.place()
    assert world.inbox.messages == {}
    world.runs.resume(RUN, [])
    world.again()
    world.runs.pause(RUN, "by_hand")

    assert world.visit("ann")["messages"] == []

    world.runs.resume(RUN, [])
    assert len(world.visit("ann")["messages"]) == 1


def test_at_the_end_whoever_was_there_stays_and_the_others_are_skipped_by_what_stood_in_their_way():
    world = Session("ann", "dan", "ben", "eve", of=waiting(holdout="20%", project={"caps": [{"max": 1, "per": "30d"}]}))
    world.place()
    world.visit("ann")
    world.visit("dan")
    spend(world, "ben")

    world.end()

    assert world.counted() == {"held_out": 1, "sent": 1, "frequency_cap": 1, "expired": 1}
    assert world.decided() == {"ann": "held_out", "dan": "sent", "ben": "frequency_cap", "eve": "expired"}
    assert (world.inbox.messages, world.sends.sent) == ({}, [])
    (standing,) = world.journals.of_step(RUN, "0")
    assert (standing.states, standing.done) == ("HSKK", True)


def test_a_message_that_was_claimed_and_not_seen_is_not_shown_after_the_end():
    world = Session("ann", "ben")
    world.place()
    world.visit("ann")

    world.clock.time = NOW + timedelta(days=14)

    assert (world.visit("ann")["messages"], world.visit("ben")["messages"]) == ([], [])
    assert world.counted() == {"sent": 1}


def test_a_campaign_says_itself_how_long_its_messages_wait():
    world = Session("ann", of=waiting(limits={"expires": "10m"}))

    world.place()

    # So short a time is waited out in the queue.
    ((body, delay),) = world.sends.sent
    assert (delay, world.timer.set) == (600, {})
    world.clock.pass_by(minutes=10)
    assert world.visit("ann")["messages"] == []
    world.deliver(SendChunk.model_validate_json(body))
    assert world.counted() == {"expired": 1}


def test_a_cancelled_run_ends_at_once_and_takes_nothing_back_that_was_seen():
    world = Session("ann", "ben", "cho", of=waiting(holdout="50%"))
    world.place()
    for user in ("ann", "ben"):
        world.visit(user)
    before = world.counted()
    world.runs.set_state(RUN, "cancelled", expected="running")

    world.again()

    assert world.counted() == {**before, "campaign_stopped": 1}
    assert sum(world.counted().values()) == 3
    assert world.visit("cho")["messages"] == []


def test_who_is_claimed_as_their_run_ends_ends_once():
    """The message is taken away before the ledger is read, so whichever comes first holds and the other finds it."""
    world = Session("ann")
    world.place()
    world.inbox.before_claim = world.end

    assert world.visit("ann")["messages"] == []

    assert (world.counted(), world.ledger("ann").entries) == ({"expired": 1}, ())


def test_a_claim_that_lost_to_another_change_is_decided_again():
    world = Session("ann")
    world.place()
    refusals = iter([("email", False), ("in_web", False)])

    def refuse() -> None:
        channel, given = next(refusals)
        world.ledgers.store(world.ledger("ann").with_consent(channel, given=given, at=1))

    world.inbox.before_claim = refuse

    assert world.visit("ann")["messages"] == []
    assert world.ledger("ann").entries == ()


def test_two_sessions_at_once_claim_once():
    world = Session("ann")
    world.place()
    other: list[Any] = []

    def elsewhere() -> None:
        world.inbox.before_claim = lambda: None
        other.append(world.visit("ann"))

    world.inbox.before_claim = elsewhere

    assert world.visit("ann") == other[0]
    assert (world.counted(), len(other[0]["messages"])) == ({"sent": 1}, 1)


def test_a_chunk_that_comes_twice_places_and_counts_once():
    world = Session("ann", "ben")
    world.place()
    world.visit("ann")

    world.clock.pass_by(hours=1)
    world.again()
    world.again()
    world.end()

    assert world.counted() == {"sent": 1, "expired": 1}


def test_a_variant_is_drawn_as_on_every_other_channel():
    split = waiting(
        variants=[{"name": "A"}, {"name": "B", "message": {"title": "다른 제목"}}],
        message={"title": "제목", "text": "글"},
    )
    users = [f"u{n}" for n in range(40)]
    world = Session(*users, of=split)
    world.place()

    titles = {user: world.visit(user)["messages"][0]["title"] for user in users}

    assert set(titles.values()) == {"제목", "다른 제목"}
    assert all((titles[u] == "다른 제목") == (world.ledger(u).entries[0].variant == 1) for u in users)


def test_at_night_whoever_is_there_is_shown_their_message_unless_the_project_names_the_channel():
    night = {"from": "09:00", "to": "23:00"}
    general = Session("ann", of=waiting(project={"quiet_hours": {"marketing": night}}))
    named = Session("ann", of=waiting(project={"quiet_hours": {"marketing": {**night, "channels": ["in_web"]}}}))
    for world in (general, named):
        world.place()

    assert (len(general.visit("ann")["messages"]), len(named.visit("ann")["messages"])) == (1, 0)


def test_a_message_without_an_act_to_ask_for_has_none():
    world = Session("ann", of=waiting(message={"text": "공지예요."}, purpose="information"))
    world.place()

    (message,) = world.visit("ann")["messages"]

    assert (message["cta"], message["title"], message["close"]) == (None, "", "")


def test_whoever_loses_every_round_is_shown_it_on_the_next_page():
    world = Session("ann")
    world.place()
    at = iter(range(1, 100))
    world.inbox.before_claim = lambda: world.ledgers.store(
        world.ledger("ann").with_consent("sms", given=True, at=next(at))
    )  # type: ignore[assignment]  # what it returns is not looked at

    assert world.visit("ann")["messages"] == []

    world.inbox.before_claim = lambda: None
    assert len(world.visit("ann")["messages"]) == 1
