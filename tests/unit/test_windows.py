"""From when to when a condition looks, to the second, in the project's zone."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dangol.domain.matching import Moment, sampled
from dangol.domain.segment import DidCondition
from dangol.domain.windows import span

SEOUL, BERLIN = ZoneInfo("Asia/Seoul"), ZoneInfo("Europe/Berlin")
# A Wednesday, 10:00 in Seoul.
AT = datetime(2026, 12, 2, 1, tzinfo=UTC)


def looked(at: datetime, zone: ZoneInfo = SEOUL, **window: object) -> tuple[str | None, str]:
    """The stretch as its ends read on the wall."""
    start, end = span(DidCondition.model_validate({"did": "x", **window}), Moment(at, zone))

    def wall(second: int) -> str:
        return datetime.fromtimestamp(second, tz=zone).strftime("%m-%d %H:%M:%S")

    return (None if start is None else wall(start)), wall(end)


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        ({}, None, "12-02 10:00:00"),
        ({"within": "1h"}, "12-02 09:00:00", "12-02 10:00:00"),
        ({"since": "2026-11-01"}, "11-01 00:00:00", "12-02 10:00:00"),
        ({"since": "2026-11-01T12:00:30Z"}, "11-01 21:00:30", "12-02 10:00:00"),
        ({"since": "2d"}, "11-30 10:00:00", "12-02 10:00:00"),
        ({"between": ["2026-11-01", "2026-12-01"]}, "11-01 00:00:00", "12-01 00:00:00"),
        ({"between": ["2026-12-01", "2027-01-01"]}, "12-01 00:00:00", "12-02 10:00:00"),
        ({"between": ["7d", "1d"]}, "11-25 10:00:00", "12-01 10:00:00"),
        ({"during": "today"}, "12-02 00:00:00", "12-02 10:00:00"),
        ({"during": "yesterday"}, "12-01 00:00:00", "12-02 00:00:00"),
        ({"during": "this_week"}, "11-30 00:00:00", "12-02 10:00:00"),
        ({"during": "last_week"}, "11-23 00:00:00", "11-30 00:00:00"),
        ({"during": "this_month"}, "12-01 00:00:00", "12-02 10:00:00"),
        ({"during": "last_month"}, "11-01 00:00:00", "12-01 00:00:00"),
    ],
)
def test_a_window_begins_and_ends(window, start, end):
    assert looked(AT, **window) == (start, end)


def test_a_day_is_a_day_on_the_wall_when_the_clocks_change():
    spring = datetime(2026, 3, 30, 10, tzinfo=UTC)
    start, end = span(DidCondition(did="x", during="yesterday"), Moment(spring, BERLIN))

    assert end - start == 23 * 3_600  # type: ignore[operator]


def test_a_sample_is_the_same_people_every_time_and_part_of_a_larger_one():
    users = [f"u{n}" for n in range(10_000)]
    tenth = {user for user in users if sampled(user, 0.1)}

    assert 900 < len(tenth) < 1_100
    assert tenth == {user for user in users if sampled(user, 0.1)}
    assert tenth < {user for user in users if sampled(user, 0.2)}
    other = {user for user in users if sampled(user, 0.1, "other")}
    assert 50 < len(tenth & other) < 150
