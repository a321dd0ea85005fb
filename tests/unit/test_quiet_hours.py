from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, strategies as st

from dangol.domain.frequency import quiet_until
from dangol.domain.project import QuietHours
from tests.actors import NEW_YORK, SEOUL

NIGHT = QuietHours.model_validate({"from": "21:00", "to": "08:00"})
NOON = QuietHours.model_validate({"from": "12:00", "to": "13:00"})
ZONES = ["Asia/Seoul", "America/New_York", "Africa/Cairo", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"]
CLOCKS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 30]))
# From 2026 to 2027, and more often the two nights in which New York changes its clocks.
MOMENTS = st.one_of(
    st.integers(1_767_225_600, 1_830_297_600),
    st.integers(1_793_498_400, 1_793_527_200),
    st.integers(1_772_935_200, 1_772_964_000),
).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def seoul(hour: int, minute: int = 0, second: int = 0) -> datetime:
    return datetime(2026, 12, 1, hour, minute, second, tzinfo=SEOUL)


def new_york(month: int, hour: int, minute: int, fold: int = 0) -> datetime:
    return datetime(2026, month, {3: 8, 11: 1}[month], hour, minute, fold=fold, tzinfo=NEW_YORK)


@pytest.mark.parametrize("at", [seoul(21), seoul(23, 59, 59)])
def test_in_the_evening_the_quiet_ends_tomorrow(at):
    assert quiet_until(NIGHT, at) == seoul(8) + timedelta(days=1)


@pytest.mark.parametrize("at", [seoul(0), seoul(7, 59, 59)])
def test_after_midnight_the_quiet_ends_today(at):
    assert quiet_until(NIGHT, at) == seoul(8)


@pytest.mark.parametrize("at", [seoul(8), seoul(20, 59, 59)])
def test_by_day_it_is_not_quiet(at):
    assert quiet_until(NIGHT, at) is None


def test_quiet_hours_may_lie_within_one_day():
    assert quiet_until(NOON, seoul(11, 59)) is None
    assert quiet_until(NOON, seoul(12)) == seoul(13)
    assert quiet_until(NOON, seoul(13)) is None


def test_quiet_hours_may_end_at_midnight():
    evening = QuietHours.model_validate({"from": "21:00", "to": "00:00"})

    assert quiet_until(evening, seoul(22)) == seoul(0) + timedelta(days=1)
    assert quiet_until(evening, seoul(0)) is None


def test_an_end_that_comes_twice_is_the_second():
    early = QuietHours.model_validate({"from": "21:00", "to": "01:30"})
    second = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)

    assert quiet_until(early, new_york(11, 1, 10)) == second
    assert quiet_until(early, new_york(11, 1, 10, fold=1)) == second


def test_an_end_that_the_clocks_skip_comes_after_the_gap():
    early = QuietHours.model_validate({"from": "21:00", "to": "02:30"})

    until = quiet_until(early, new_york(3, 1, 59))

    assert until == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert quiet_until(early, until.astimezone(NEW_YORK)) is None


def test_a_night_in_which_the_clocks_change_ends_at_eight():
    assert quiet_until(NIGHT, new_york(3, 1, 0)) == new_york(3, 8, 0)
    assert quiet_until(NIGHT, new_york(11, 1, 0)) == new_york(11, 8, 0)


@given(MOMENTS, st.sampled_from(ZONES), CLOCKS, CLOCKS)
def test_the_end_is_never_past_lies_outside_and_comes_within_a_day(now, zone, start, end):
    # Whoever is loud for an hour a day at most may lose it to a change of clocks.
    assume(start != end and (start.hour - end.hour) % 24 > 1)
    hours = QuietHours.model_validate({"from": start, "to": end})

    until = quiet_until(hours, now.astimezone(ZoneInfo(zone)))

    if until is not None:
        assert until.tzinfo is UTC
        assert now < until <= now + timedelta(hours=25)
        assert quiet_until(hours, until.astimezone(ZoneInfo(zone))) is None
