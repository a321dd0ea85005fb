"""A device's clock may be wrong; when it sent tells by how much."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dangol.contracts import Performed
from dangol.pipeline.moments import AHEAD, ON_THE_WAY, MomentError, happened_ms
from tests.fakes.world import NOW
from tests.unit.test_pipeline_track import World

HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


def by_a_clock_off_by(off: timedelta, ago: timedelta, way: timedelta = SECOND) -> dict[str, Any]:
    """What a device says of an event so long ago, whose call takes so long."""
    return {"timestamp": (NOW - ago + off).isoformat(), "sentAt": (NOW - way + off).isoformat()}


def at(said: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(happened_ms(said, NOW) / 1000, tz=UTC)


@pytest.mark.parametrize("off", [9 * HOUR, -9 * HOUR, timedelta(days=-20_000), timedelta(minutes=1)], ids=str)
def test_a_clock_that_is_off_is_corrected_but_for_the_time_on_the_way(off):
    assert at(by_a_clock_off_by(off, ago=2 * HOUR)) == NOW - 2 * HOUR + SECOND


def test_a_clock_that_is_right_is_believed_to_the_millisecond():
    assert at(by_a_clock_off_by(timedelta(0), ago=2 * HOUR, way=ON_THE_WAY)) == NOW - 2 * HOUR


def test_what_was_kept_on_the_device_for_days_is_told_of_its_own_day():
    assert at(by_a_clock_off_by(-HOUR, ago=timedelta(days=3))) == NOW - timedelta(days=3) + SECOND


@pytest.mark.parametrize("sent", [None, "yesterday", 5, [], "0001-01-01T00:00:00+14:00"], ids=str)
def test_a_time_of_sending_that_nobody_can_read_counts_for_nothing(sent):
    assert at({"timestamp": (NOW - HOUR).isoformat(), "sentAt": sent}) == NOW - HOUR


def test_what_still_lies_ahead_counts_from_its_arrival():
    assert at({"timestamp": (NOW + AHEAD + SECOND).isoformat()}) == NOW
    assert at({"timestamp": (NOW + AHEAD).isoformat()}) == NOW + AHEAD


def test_without_a_time_it_is_that_of_the_arrival():
    assert at({"sentAt": (NOW - HOUR).isoformat()}) == NOW


@pytest.mark.parametrize(
    "said",
    [
        {"timestamp": "yesterday"},
        {"timestamp": "1999-12-31T23:59:59Z"},
        {"timestamp": "9999-12-31T23:59:59Z", "sentAt": "2001-01-01T00:00:00Z"},
        {"timestamp": "0001-01-01T00:00:00+14:00"},
        {"timestamp": "2026-11-01T00:00:00Z", "sentAt": "2099-01-01T00:00:00Z"},
    ],
    ids=lambda said: said["timestamp"][:12],
)
def test_a_time_that_cannot_be_is_refused(said):
    with pytest.raises(MomentError):
        happened_ms(said, NOW)


def test_a_batch_says_once_when_it_was_sent_unless_a_call_says_so_itself():
    world = World()
    off = by_a_clock_off_by(9 * HOUR, ago=HOUR)
    call = {"type": "track", "userId": "u1", "event": "view"}
    right = {**call, "timestamp": (NOW - HOUR).isoformat(), "sentAt": NOW.isoformat()}

    world.tell("batch", {"sentAt": off["sentAt"], "batch": [{**call, "timestamp": off["timestamp"]}, right]})

    told = [event.at for event in world.happened if isinstance(event, Performed)]
    assert told == [int((NOW - HOUR + SECOND).timestamp() * 1000), int((NOW - HOUR).timestamp() * 1000)]


def test_a_single_call_is_corrected_and_a_bad_time_is_named():
    world = World()
    call = {"userId": "u1", "event": "view"}

    assert world.tell("track", {**call, **by_a_clock_off_by(-9 * HOUR, ago=HOUR)})[0] == 200
    status, answer = world.tell("track", {**call, "timestamp": "yesterday"})

    assert (status, answer["field"]) == (400, "timestamp")
    (event,) = world.happened
    assert isinstance(event, Performed)
    assert event.at == int((NOW - HOUR + SECOND).timestamp() * 1000)
