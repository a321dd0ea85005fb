from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from dangol.domain import decision
from dangol.domain.campaign import Campaign
from dangol.domain.decision import Hold, HoldOut, Person, Reason, Send, Skip, decide, entry_for
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, Ledger, State
from dangol.domain.medium import permission
from dangol.domain.run import Run
from dangol.domain.suppression import address_hash
from tests.actors import ANN, NEW_YORK, NOON, NOW, SEOUL, campaign, entry, ledger, project, run

NIGHT = {"marketing": {"from": "21:00", "to": "08:00"}}
MIDNIGHT = NOW + timedelta(hours=12)
MORNING = NOW + timedelta(hours=20)
HELD_OUT = campaign(holdout="100%")


def once(per: str) -> Campaign:
    return campaign(once_per=per)


def test_a_person_who_agreed_is_sent_to():
    assert decide(run(), ANN, ledger(), NOW) == Send(0)


def test_a_run_that_expired_sends_nothing_any_more():
    soon = run(campaign(limits={"expires": "6h"}))

    assert decide(soon, ANN, ledger(), NOW + timedelta(hours=6, seconds=-1)) == Send(0)
    assert decide(soon, ANN, ledger(), NOW + timedelta(hours=6)) == Skip(Reason.EXPIRED)


def test_hours_until_expiry_are_hours_over_a_change_of_clocks():
    scheduled = datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK)
    over_night = run(campaign(limits={"expires": "6h"}), scheduled_at=scheduled)

    assert over_night.expires_at == datetime(2026, 11, 1, 10, 30, tzinfo=UTC)


def test_a_person_without_an_address_is_unreachable():
    assert decide(run(), Person("bob", None), ledger(), NOW) == Skip(Reason.UNREACHABLE)
    assert decide(run(), Person("bob", ""), ledger(), NOW) == Skip(Reason.UNREACHABLE)


def test_a_suppressed_address_gets_nothing_not_even_information():
    suppressed = ledger(suppressed=frozenset({address_hash("email", "ANN@example.com")}))

    for purpose in ("marketing", "information"):
        assert decide(run(campaign(purpose=purpose)), ANN, suppressed, NOW) == Skip(Reason.SUPPRESSED)


def test_a_suppression_is_of_one_address():
    other = ledger(suppressed=frozenset({address_hash("email", "old@example.com")}))

    assert decide(run(), ANN, other, NOW) == Send(0)


def test_advertising_needs_consent_and_information_does_not():
    for nothing in (Ledger("ann"), ledger(consents={"email": -NOON}), ledger(consents={"sms": NOON})):
        assert decide(run(), ANN, nothing, NOW) == Skip(Reason.NO_CONSENT)
        assert decide(run(campaign(purpose="information")), ANN, nothing, NOW) == Send(0)


@pytest.mark.parametrize(
    ("ago", "most", "enough"),
    [(timedelta(days=2), 1, True), (timedelta(days=2), 2, False), (timedelta(days=3), 1, False)],
)
def test_a_session_is_shown_the_same_at_most_so_often_over_all_runs(ago, most, enough):
    shown = campaign(channel="in_web", message={"text": "t"}, show={"on": "exit", "max": most, "per": "3d"})
    siblings = {3: NOW - ago, 7: NOW}
    before = ledger(replace(entry(3, ago), channel="in_web"), entry(4, ago))

    decided = decide(run(shown, siblings=siblings), ANN, before, NOW)

    assert decided == (Skip(Reason.FREQUENCY_CAP) if enough else Send(0))


def test_once_per_campaign_looks_at_every_run_of_it():
    earlier = ledger(entry(3, timedelta(days=399)))
    long_ago = {3: NOW - timedelta(days=399), 7: NOW}

    assert decide(run(once("campaign"), siblings=long_ago), ANN, earlier, NOW) == Skip(Reason.ALREADY_SENT)
    assert decide(run(once("campaign"), siblings={4: NOW, 7: NOW}), ANN, earlier, NOW) == Send(0)
    assert decide(run(siblings=long_ago), ANN, earlier, NOW) == Send(0)


@pytest.mark.parametrize(
    ("apart", "barred"),
    [(timedelta(days=7), False), (timedelta(days=7, seconds=-1), True), (-timedelta(days=1), True)],
)
def test_once_per_a_time_is_measured_between_the_scheduled_times_of_the_runs(apart, barred):
    weekly = run(once("7d"), siblings={3: NOW - apart, 7: NOW})

    # Their turn came late last week, and comes early this week.
    decided = decide(weekly, ANN, ledger(entry(3, timedelta(days=6, hours=20))), NOW)

    assert decided == (Skip(Reason.ALREADY_SENT) if barred else Send(0))


def test_a_weekly_start_is_a_week_apart_where_the_clocks_change():
    # Clocks go forward on 8 March, so that this week lacks an hour.
    before, after = (datetime(2026, 3, day, 10, tzinfo=NEW_YORK) for day in (3, 10))
    told: dict[str, Any] = {"scheduled_at": after.astimezone(UTC), "siblings": {3: before.astimezone(UTC)}}
    touched = ledger(Entry(3, int(before.timestamp()), 0, "email", "marketing"))
    there = {"weekly": ["tue"], "at": "10:00", "timezone": "America/New_York"}

    def decided(per: str) -> object:
        return decide(run(campaign(once_per=per, schedule=there), **told), ANN, touched, after)

    assert decided("7d") == Send(0)
    assert decided("168h") == Send(0)
    assert decided("167h") == Send(0)
    assert decided("8d") == Skip(Reason.ALREADY_SENT)
    assert decided("169h") == Skip(Reason.ALREADY_SENT)


def test_a_person_who_shares_an_address_leaves_it_to_the_one_who_stands_for_it():
    assert decide(run(), replace(ANN, shared=True), ledger(), NOW) == Skip(Reason.SAME_ADDRESS)
    assert decide(run(), replace(ANN, shared=True), Ledger("ann"), NOW) == Skip(Reason.NO_CONSENT)


def test_the_global_holdout_gets_no_advertising_at_all():
    shop = project(global_holdout={"share": "100%"})

    assert decide(run(shop=shop), ANN, ledger(), NOW) == Skip(Reason.GLOBAL_HOLDOUT)
    assert decide(run(campaign(purpose="information"), shop), ANN, ledger(), NOW) == Send(0)
    assert decide(run(shop=project(global_holdout={"share": "0%"})), ANN, ledger(), NOW) == Send(0)


def test_the_global_holdout_is_that_of_the_run_s_own_quarter_where_the_project_is():
    shop = project(global_holdout={"share": "50%"})
    # 2027 begins in Seoul nine hours before it does in UTC.
    quarters = [datetime(2026, 12, 31, hour, 59, tzinfo=UTC) for hour in (14, 15)]
    people = [Person(f"u{n}", "u@example.com") for n in range(64)]

    def held(scheduled_at: datetime, now: datetime) -> list[str]:
        of = run(shop=shop, scheduled_at=scheduled_at)
        return [p.user_id for p in people if decide(of, p, ledger(), now) == Skip(Reason.GLOBAL_HOLDOUT)]

    old, new = (held(at, at) for at in quarters)
    assert old != new
    assert held(quarters[0], quarters[1]) == old


@pytest.mark.parametrize("state", State)
def test_whoever_may_have_got_it_does_not_get_it_again(state):
    touched = ledger(entry(3, timedelta(days=1), state=state))

    decided = decide(run(once("campaign"), siblings={3: NOW}), ANN, touched, NOW)

    free = state in (State.FAILED, State.CANCELLED)
    assert decided == (Send(0) if free else Skip(Reason.ALREADY_SENT))


def test_at_night_a_message_waits_for_the_morning():
    assert decide(run(shop=project(quiet_hours=NIGHT)), ANN, ledger(), MIDNIGHT) == Hold(MORNING)


def test_where_the_campaign_says_so_it_is_dropped_at_night():
    drop = project(quiet_hours={"marketing": NIGHT["marketing"] | {"then": "drop"}})

    assert decide(run(shop=drop), ANN, ledger(), MIDNIGHT) == Skip(Reason.QUIET_HOURS)


def test_nobody_waits_for_a_morning_after_the_run_expires():
    quiet = project(quiet_hours=NIGHT)

    assert decide(run(campaign(limits={"expires": "20h"}), quiet), ANN, ledger(), MIDNIGHT) == Skip(Reason.QUIET_HOURS)
    assert decide(run(campaign(limits={"expires": "21h"}), quiet), ANN, ledger(), MIDNIGHT) == Hold(MORNING)


def test_who_agreed_to_messages_at_night_gets_them_then():
    quiet = run(shop=project(quiet_hours=NIGHT))

    assert decide(quiet, ANN, ledger(night=NOON), MIDNIGHT) == Send(0)
    assert decide(quiet, ANN, ledger(night=-NOON), MIDNIGHT) == Hold(MORNING)


def test_quiet_hours_are_of_one_purpose_and_may_except_a_channel():
    excepted = project(quiet_hours={"marketing": NIGHT["marketing"] | {"except": ["email"]}})

    assert decide(run(campaign(purpose="information"), project(quiet_hours=NIGHT)), ANN, ledger(), MIDNIGHT) == Send(0)
    assert decide(run(shop=excepted), ANN, ledger(), MIDNIGHT) == Send(0)


def test_of_several_quiet_hours_the_last_to_end_counts_and_a_drop_drops():
    noon = {"from": "11:00", "to": "13:00"}
    longer = {"from": "12:00", "to": "14:00", "channels": ["email", "sms"]}
    other = {"from": "12:00", "to": "20:00", "channels": ["sms"]}

    def decided(*hours: Any) -> object:
        return decide(run(shop=project(quiet_hours={"marketing": hours})), ANN, ledger(), NOW)

    assert decided(noon, longer, other) == Hold(NOW + timedelta(hours=2))
    assert decided(noon | {"then": "drop"}, longer) == Skip(Reason.QUIET_HOURS)
    assert decided(other) == Send(0)


def test_korea_s_night_rule_is_a_preset():
    def decided(clock: time, channel: str, *, night: int = 0, **changes: object) -> object:
        of = replace(
            run(shop=project(quiet_hours="korea")), campaign=campaign(**changes).model_copy(update={"channel": channel})
        )
        given = ledger(consents={permission(channel): 1}, night=night)
        return decide(of, ANN, given, datetime.combine(NOW.date(), clock, tzinfo=SEOUL))

    assert decided(time(20, 59, 59), "sms") == Send(0)
    assert isinstance(decided(time(21), "sms"), Hold)
    assert isinstance(decided(time(7, 59, 59), "sms"), Hold)
    assert decided(time(8), "sms") == Send(0)
    assert decided(time(23), "email") == Send(0)
    assert decided(time(20, 50), "sms") == Send(0)
    assert isinstance(decided(time(20, 50), "brand_message"), Hold)
    assert decided(time(23), "sms", night=1) == Send(0)
    assert decided(time(23), "sms", purpose="information") == Send(0)


def test_night_is_where_the_person_is_else_in_the_campaign_s_zone_else_in_the_project_s():
    quiet = project(quiet_hours=NIGHT)
    abroad = campaign(schedule={"daily": "10:00", "timezone": "America/New_York"})

    # 12:00 in Seoul is 22:00 in New York.
    assert decide(run(shop=quiet), ANN, ledger(), NOW) == Send(0)
    assert isinstance(decide(run(abroad, quiet), ANN, ledger(), NOW), Hold)
    assert isinstance(decide(run(shop=quiet), replace(ANN, zone=NEW_YORK), ledger(), NOW), Hold)
    assert decide(run(abroad, quiet), replace(ANN, zone=SEOUL), ledger(), NOW) == Send(0)
    assert run(campaign(schedule={"daily": "10:00"})).zone == SEOUL


def test_the_holdout_is_treated_like_the_rest_up_to_the_hand_over():
    held_out = run(HELD_OUT, project(quiet_hours=NIGHT))

    assert decide(held_out, ANN, ledger(), NOW) == HoldOut()
    assert decide(held_out, ANN, Ledger("ann"), NOW) == Skip(Reason.NO_CONSENT)
    assert decide(held_out, ANN, ledger(), MIDNIGHT) == Hold(MORNING)


def test_the_project_s_holdout_is_for_marketing():
    shop = project(holdout="100%")

    assert decide(run(shop=shop), ANN, ledger(), NOW) == HoldOut()
    assert decide(run(campaign(purpose="information"), shop), ANN, ledger(), NOW) == Send(0)
    assert decide(run(campaign(holdout="0%"), shop), ANN, ledger(), NOW) == Send(0)


def test_a_split_drawn_elsewhere_is_taken_over():
    drawn = run(campaign(assign_by={"trait": "arm", "holdout": "none"}, variants=[{"name": "A"}, {"name": "B"}]))

    assert decide(drawn, replace(ANN, assigned="B"), ledger(), NOW) == Send(1)
    assert decide(drawn, replace(ANN, assigned="none"), ledger(), NOW) == HoldOut()
    assert decide(drawn, replace(ANN, assigned="C"), ledger(), NOW) == Skip(Reason.NOT_ASSIGNED)
    assert decide(drawn, ANN, ledger(), NOW) == Skip(Reason.NOT_ASSIGNED)


def test_the_first_reason_that_holds_is_told_in_a_fixed_order():
    everything = campaign(once_per="campaign", limits={"expires": "11h"})
    shop = project(quiet_hours={"marketing": NIGHT["marketing"] | {"then": "drop"}}, caps=[{"max": 1, "per": "7d"}])
    bad = Ledger("ann", suppressed=frozenset({address_hash("email", "ann@example.com")}), entries=(entry(3),))
    agreed = replace(bad, suppressed=frozenset(), consents={"email": 1})
    late, in_time, nobody = (
        run(everything, shop, siblings={3: NOW}),
        campaign(once_per="campaign"),
        Person("ann", None),
    )

    def reasons(of: Run, *cases: tuple[Person, Ledger, datetime]) -> list[object]:
        return [decide(of, person, known, at) for person, known, at in cases]

    told = reasons(late, (nobody, bad, MIDNIGHT))
    told += reasons(
        run(in_time, shop, siblings={3: NOW}),
        (nobody, bad, MIDNIGHT),
        (ANN, bad, MIDNIGHT),
        (ANN, replace(bad, suppressed=frozenset()), MIDNIGHT),
        (ANN, agreed, MIDNIGHT),
    )
    told += reasons(run(campaign(), shop), (ANN, agreed, MIDNIGHT), (ANN, agreed, NOW))

    held_back = project(global_holdout={"share": "100%"})
    shared = replace(ANN, shared=True)
    among = run(in_time, held_back, siblings={3: NOW})
    told[4:4] = reasons(among, (shared, agreed, MIDNIGHT), (ANN, agreed, MIDNIGHT))

    order = (
        "expired",
        "unreachable",
        "suppressed",
        "no_consent",
        "same_address",
        "global_holdout",
        "already_sent",
        "quiet_hours",
        "frequency_cap",
    )
    assert told == [Skip(Reason(reason)) for reason in order]
    # To wait for the winner of a test is no reason, and that a session was shown it often enough is one of the above.
    assert len(decision._CHECKS) == len(order) + 2


def test_a_claim_is_written_as_it_was_decided():
    of = run(campaign(variants=[{"name": "A"}, {"name": "B"}], purpose="information"))

    claimed = entry_for(of, replace(ANN, labels=5), Send(1), NOW + timedelta(milliseconds=999))

    assert claimed == Entry(7, NOON, 1, "email", "information", State.SENT, labels=5)


def test_a_claim_of_the_holdout_has_its_own_arm_and_state():
    claimed = entry_for(run(), ANN, HoldOut(), NOW)

    assert (claimed.variant, claimed.state) == (HOLDOUT_VARIANT, State.HELD_OUT)
    assert claimed.counts


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ((), Send(0)),
        ((entry(ago=timedelta(days=7, seconds=-1)),), Skip(Reason.FREQUENCY_CAP)),
        ((entry(ago=timedelta(days=7)),), Send(0)),
        ((entry(channel="push", ago=timedelta(days=1)),), Skip(Reason.FREQUENCY_CAP)),
        ((entry(purpose="information", ago=timedelta(days=1)),), Send(0)),
        ((entry(state=State.FAILED, ago=timedelta(days=1)),), Send(0)),
        ((entry(state=State.HELD_OUT, ago=timedelta(days=1)),), Skip(Reason.FREQUENCY_CAP)),
    ],
)
def test_a_person_who_wants_one_a_week_gets_one_in_seven_days_whatever_the_channel(others, expected):
    assert decide(run(), ANN, ledger(*others, pace=7), NOW) == expected


def test_a_persons_pace_is_for_advertising_alone():
    of = campaign(purpose="information")

    assert decide(run(of), ANN, ledger(entry(ago=timedelta(hours=1)), pace=30), NOW) == Send(0)
