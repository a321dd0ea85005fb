from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from dangol.domain.campaign import Campaign
from dangol.domain.decision import Hold, Reason, Send, Skip, decide
from dangol.domain.frequency import frees_at, window_start
from dangol.domain.ledger import Entry, State
from dangol.domain.project import Cap
from tests.actors import ANN, NEW_YORK, NOON, NOW, SEOUL, campaign, entry, ledger, project, run

FULL = Skip(Reason.FREQUENCY_CAP)
ZONES = ["Asia/Seoul", "America/New_York", "America/Havana", "Africa/Cairo", "Asia/Kathmandu", "Pacific/Chatham"]
# From 2025 to 2027.
MOMENTS = st.integers(1_735_689_600, 1_830_297_600).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def cap(**said: object) -> Cap:
    return Cap.model_validate({"max": 1} | said)


def decided(*agos: timedelta, now: datetime = NOW, of: Campaign | None = None, **said: object) -> object:
    shop = project(caps=[{"max": 1} | said])
    return decide(run(of or campaign(), shop), ANN, ledger(*(entry(i, ago) for i, ago in enumerate(agos))), now)


def test_a_cap_is_a_cap():
    hours = [timedelta(hours=hour) for hour in range(1, 6)]

    assert decided(*hours[:4], max=5, per="24h") == Send(0)
    assert decided(*hours, max=5, per="24h") == FULL


def test_a_rolling_window_is_let_go_to_the_second():
    assert decided(timedelta(days=7), per="7d") == Send(0)
    assert decided(timedelta(days=7, seconds=-1), per="7d") == FULL


def test_a_fraction_of_a_second_lets_nobody_go_early():
    half_past = NOW + timedelta(milliseconds=500)

    assert decided(timedelta(days=1, seconds=-1), now=half_past, per="24h") == FULL
    assert decided(timedelta(days=1), now=half_past, per="24h") == Send(0)


def test_a_day_begins_at_midnight_where_the_person_is():
    assert decided(timedelta(hours=12), per="day") == FULL
    assert decided(timedelta(hours=12, seconds=1), per="day") == Send(0)


def test_a_week_begins_on_monday():
    monday = timedelta(days=1, hours=12)

    assert decided(monday, per="week") == FULL
    assert decided(monday + timedelta(seconds=1), per="week") == Send(0)


@pytest.mark.parametrize("state", State)
def test_all_but_failed_and_cancelled_sends_use_up_a_place(state):
    used = ledger(entry(1, state=state))

    free = state in (State.FAILED, State.CANCELLED)
    assert decide(run(shop=project(caps=[{"max": 1, "per": "day"}])), ANN, used, NOW) == (Send(0) if free else FULL)


def test_a_cap_of_a_purpose_counts_that_purpose_alone():
    informed = ledger(entry(1, purpose="information"))
    marketing, any_purpose = ([{"max": 1, "per": "day"} | more] for more in ({"purpose": "marketing"}, {}))

    assert decide(run(shop=project(caps=marketing)), ANN, informed, NOW) == Send(0)
    assert decide(run(shop=project(caps=any_purpose)), ANN, informed, NOW) == FULL


def test_information_is_never_capped():
    order = campaign(purpose="information")

    assert decided(timedelta(0), of=order, per="day") == Send(0)


def test_a_cap_of_information_would_do_nothing_and_is_refused():
    with pytest.raises(ValidationError, match="caps never hold information back"):
        cap(per="day", purpose="information")


def test_a_cap_of_a_channel_counts_that_channel_alone():
    texted = ledger(entry(1, channel="sms"))
    by_mail, by_text, by_any = ([{"max": 1, "per": "day"} | m] for m in ({"channel": "email"}, {"channel": "sms"}, {}))

    assert decide(run(shop=project(caps=by_mail)), ANN, texted, NOW) == Send(0)
    assert decide(run(shop=project(caps=by_text)), ANN, texted, NOW) == Send(0)
    assert decide(run(shop=project(caps=by_any)), ANN, texted, NOW) == FULL


def test_of_several_caps_each_holds():
    shop = project(caps=[{"max": 1, "per": "day"}, {"max": 2, "per": "7d"}])
    two_this_week = ledger(entry(1, timedelta(days=2)), entry(2, timedelta(days=3)))

    assert decide(run(shop=shop), ANN, two_this_week, NOW) == FULL
    assert decide(run(shop=shop), ANN, ledger(*two_this_week.entries[:1]), NOW) == Send(0)


def test_a_send_that_another_machine_s_clock_put_ahead_counts():
    assert decided(timedelta(seconds=-2), per="24h") == FULL


@given(MOMENTS, st.sampled_from(ZONES))
def test_the_day_and_the_week_begin_in_the_person_s_zone(now, zone):
    local = now.astimezone(ZoneInfo(zone))

    day, week = (window_start(cap(per=per), local).astimezone(UTC) for per in ("day", "week"))

    assert week <= day <= now
    assert day.astimezone(local.tzinfo).date() == local.date()
    assert (day - timedelta(seconds=1)).astimezone(local.tzinfo).date() == local.date() - timedelta(days=1)
    monday = local.date() - timedelta(days=local.weekday())
    assert week.astimezone(local.tzinfo).date() == monday
    assert (week - timedelta(seconds=1)).astimezone(local.tzinfo).date() == monday - timedelta(days=1)


@given(MOMENTS, st.sampled_from(ZONES), st.integers(1, 30))
def test_a_rolling_window_is_as_long_in_every_zone_and_over_every_change_of_clocks(now, zone, days):
    start = window_start(cap(per=f"{days}d"), now.astimezone(ZoneInfo(zone)))

    assert start.timestamp() == int(now.timestamp()) - days * 86_400 + 1


def test_a_day_that_loses_an_hour_is_a_day():
    noon = datetime(2026, 3, 8, 12, tzinfo=NEW_YORK)

    assert window_start(cap(per="day"), noon).astimezone(UTC) == datetime(2026, 3, 8, 5, tzinfo=UTC)


def test_midnight_in_seoul_is_three_in_the_afternoon_in_utc():
    assert window_start(cap(per="day"), NOW.astimezone(SEOUL)).timestamp() == NOON - 12 * 3_600


def lasting(expires: str) -> Campaign:
    return campaign(limits={"expires": expires})


def test_a_cap_may_hold_a_message_until_it_frees_within_the_campaign_s_time():
    hold: dict[str, Any] = {"per": "7d", "then": "hold"}
    used = timedelta(days=6)

    assert decided(used, of=lasting("25h"), **hold) == Hold(NOW + timedelta(days=1))
    assert decided(used, of=lasting("24h"), **hold) == FULL
    assert decided(used, **hold) == FULL


def test_a_full_cap_frees_when_the_oldest_of_those_that_fill_it_leaves():
    hours = [timedelta(hours=hour) for hour in (1, 5, 9, 20)]

    assert decided(*hours, of=lasting("24h"), max=2, per="1d", then="hold") == Hold(NOW + timedelta(hours=19))
    assert decided(*hours, of=lasting("24h"), max=4, per="1d", then="hold") == Hold(NOW + timedelta(hours=4))


@pytest.mark.parametrize(("per", "days"), [("day", 1), ("week", 6)])
def test_a_cap_of_the_calendar_frees_at_midnight_where_the_person_is(per, days):
    midnight = datetime(2026, 12, 1 + days, tzinfo=SEOUL)

    assert decided(timedelta(0), of=lasting("7d"), per=per, then="hold") == Hold(midnight)


def test_a_day_in_which_the_clocks_change_frees_at_its_own_midnight():
    # 25 hours long in New York, and in Havana the next day begins at one o'clock.
    longer, gap = (
        datetime(2026, 11, 1, 0, 30, tzinfo=NEW_YORK),
        datetime(2026, 3, 7, 12, tzinfo=ZoneInfo("America/Havana")),
    )

    def freed(local: datetime) -> datetime:
        used = ledger(Entry(1, int(local.timestamp()), 0, "email", "marketing"))
        found = frees_at(cap(per="day"), "email", "marketing", used, local)
        assert found
        return found

    assert freed(longer) == datetime(2026, 11, 2, tzinfo=NEW_YORK).astimezone(UTC)
    assert freed(longer) - longer.astimezone(UTC) == timedelta(hours=24, minutes=30)
    assert freed(gap).astimezone(gap.tzinfo).isoformat() == "2026-03-08T01:00:00-04:00"


def test_of_several_full_caps_the_last_to_free_holds_and_one_that_skips_skips():
    caps = [{"max": 1, "per": "day", "then": "hold"}, {"max": 1, "per": "2d", "then": "hold"}]
    today = ledger(entry(1))

    def told(*more: dict[str, object]) -> object:
        return decide(run(lasting("30d"), project(caps=[*caps, *more])), ANN, today, NOW)

    assert told() == Hold(NOW + timedelta(days=2))
    assert told({"max": 1, "per": "1h"}) == FULL


def test_a_person_s_own_pace_skips_even_where_caps_hold():
    slow = replace(ledger(entry(1)), pace=7)
    shop = project(caps=[{"max": 1, "per": "day", "then": "hold"}])

    assert decide(run(lasting("30d"), shop), ANN, slow, NOW) == FULL


@given(
    st.lists(st.integers(-3, 3 * 86_400), min_size=1, max_size=8),
    st.integers(1, 4),
    st.sampled_from(["day", "week", "1h", "2d", "30d"]),
    st.sampled_from(ZONES),
    MOMENTS,
)
def test_a_cap_is_full_until_it_frees_and_has_a_place_then(agos, most, per, zone, now):
    rule, local = cap(max=most, per=per), now.astimezone(ZoneInfo(zone))
    sent = [Entry(n, int(now.timestamp()) - ago, 0, "email", "marketing") for n, ago in enumerate(agos)]

    def freed(at: datetime) -> datetime | None:
        return frees_at(rule, "email", "marketing", ledger(*sent), at.astimezone(local.tzinfo))

    until = freed(now)
    if until is not None and max(e.claimed_at for e in sent) <= now.timestamp():
        assert until > now
        assert freed(until - timedelta(seconds=1)) == until
        assert freed(until) is None
