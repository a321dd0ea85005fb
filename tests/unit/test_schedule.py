from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from dangol.domain.campaign import ScheduleRule
from dangol.domain.schedule import Expression, campaign_of, cron_of, expression, run_id, scheduled_time
from tests.actors import NEW_YORK, NOW, SEOUL


def written(**rule: object) -> Expression:
    return expression(ScheduleRule.model_validate(rule), SEOUL)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"at": "2026-12-01T10:00"}, "at(2026-12-01T10:00:00)"),
        ({"daily": "10:05"}, "cron(5 10 * * ? *)"),
        ({"weekly": ["mon", "thu"], "at": "10:30"}, "cron(30 10 ? * MON,THU *)"),
        ({"monthly": 1, "at": "09:00"}, "cron(0 9 1 * ? *)"),
        ({"cron": "0 10 ? * MON *"}, "cron(0 10 ? * MON *)"),
        ({"every": "1d"}, "rate(1 day)"),
        ({"every": "2w"}, "rate(14 days)"),
        ({"every": "36h"}, "rate(36 hours)"),
        ({"every": "60m"}, "rate(1 hour)"),
        ({"every": "90m"}, "rate(90 minutes)"),
        ({"every": "60s"}, "rate(1 minute)"),
    ],
)
def test_a_rule_is_written_as_scheduler_reads_it(rule, text):
    assert written(**rule).text == text


def test_only_a_single_start_happens_once():
    assert written(at="2026-12-01T10:00").once
    assert not written(daily="10:00").once
    assert not written(weekly=["mon"], at="10:00").once


def test_a_rule_without_a_zone_is_read_in_the_project_s():
    assert written(daily="10:00").zone == "Asia/Seoul"
    assert written(daily="10:00", timezone="America/New_York").zone == "America/New_York"


def test_a_schedule_ends_in_its_own_zone():
    until = written(daily="10:00", until="2026-12-24T18:00", timezone="America/New_York").until

    assert until == datetime(2026, 12, 24, 18, tzinfo=NEW_YORK)
    assert written(daily="10:00").until is None


@given(st.integers(1, 600_000))
def test_a_rate_says_as_many_minutes_as_the_rule(minutes):
    count, unit = written(every=timedelta(minutes=minutes)).text[len("rate(") : -1].split()

    assert int(count) * {"minute": 1, "hour": 60, "day": 1_440}[unit.rstrip("s")] == minutes
    assert unit.endswith("s") is (count != "1")


def test_a_rule_that_names_no_time_of_day_starts_at_midnight():
    assert cron_of(ScheduleRule.model_construct(monthly=3)) == "0 0 3 * ? *"


def test_a_run_is_named_by_campaign_and_time_whatever_the_zone():
    assert run_id("sale", NOW) == run_id("sale", NOW.astimezone(SEOUL)) == "sale-20261201T030000Z"


def test_a_run_s_name_tells_its_campaign():
    assert campaign_of("summer-sale-20261201T030000Z") == "summer-sale"
    assert campaign_of("a-20261201T030000Z-20261201T030000Z") == "a-20261201T030000Z"


@pytest.mark.parametrize("text", ["", "sale", "sale-20261201", "-20261201T030000Z", "sale-20261201T030000Z "])
def test_what_is_no_run_s_name_tells_no_campaign(text):
    assert campaign_of(text) is None


def test_the_scheduled_time_counts_not_the_time_of_the_start():
    assert scheduled_time("2026-12-01T02:00:00.123Z", NOW) == datetime(2026, 12, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "<aws.scheduler.scheduled-time>"])
def test_without_a_scheduled_time_it_is_the_current_minute(text):
    late = NOW + timedelta(seconds=42, microseconds=7)

    assert scheduled_time(text, late) == NOW
