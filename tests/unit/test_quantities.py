from datetime import timedelta

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter, ValidationError

from dangol.domain.quantities import (
    Duration,
    Number,
    Points,
    PositiveDuration,
    Rate,
    Share,
    Text,
    format_duration,
    parse_duration,
)


def read(kind, value):
    return TypeAdapter(kind).validate_python(value)


def written(kind, value):
    return TypeAdapter(kind).dump_python(value, mode="json")


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("6h", timedelta(hours=6)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(days=14)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "7", "7 d", "7days", "-1d", "1.5d", "７d", "1000000s", 7, None, True])
def test_what_is_no_duration_says_how_one_is_written(text):
    with pytest.raises(ValueError, match="is not a duration; write it like 90s"):
        parse_duration(text)


def test_a_duration_that_no_calendar_holds_is_refused():
    with pytest.raises(ValueError, match="too long; at most 36500d"):
        parse_duration("999999w")


def test_a_duration_that_is_one_already_stays():
    assert parse_duration(timedelta(days=1)) == timedelta(days=1)


def test_nothing_is_a_duration_but_no_positive_one():
    assert read(Duration, "0s") == timedelta(0)
    with pytest.raises(ValidationError, match="longer than nothing"):
        read(PositiveDuration, "0s")


def test_a_duration_is_written_in_its_largest_whole_unit():
    assert [format_duration(parse_duration(t)) for t in ("0s", "90s", "120s", "48h", "1w")] == [
        "0d",
        "90s",
        "2m",
        "2d",
        "7d",
    ]


@given(st.integers(0, 999_999), st.sampled_from("smhdw"))
def test_every_duration_survives_being_stored(count, unit):
    text = f"{count}{unit}"
    try:
        duration = parse_duration(text)
    except ValueError:
        assert unit in "hdw"
    else:
        assert read(Duration, written(Duration, duration)) == duration


@given(st.integers(0, 100_000_000))
def test_every_share_survives_being_stored(millionths):
    text = f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}%"
    share = read(Share, text)

    assert 0 <= share <= 1
    assert read(Share, written(Share, share)) == share


@given(st.integers(-100_000_000, 100_000_000))
def test_percentage_points_survive_being_stored(millionths):
    sign = "-" if millionths < 0 else ""
    text = f"{sign}{abs(millionths) // 1_000_000}.{abs(millionths) % 1_000_000:06d}%p"
    points = read(Points, text)

    assert read(Points, written(Points, points)) == points


@pytest.mark.parametrize("value", ["10", "101%", "-1%", "10 %", "10%p", 0.1, 10, True, None])
def test_a_share_without_its_sign_is_refused_since_half_could_mean_two_things(value):
    with pytest.raises(ValidationError, match="is not a share; write it like 10%"):
        read(Share, value)


@pytest.mark.parametrize("value", ["3%", "3", "101%p", 0.03, 3, None])
def test_percentage_points_are_written_with_their_sign(value):
    with pytest.raises(ValidationError, match="write it like 3%p"):
        read(Points, value)


def test_a_rate_is_per_second_and_survives_being_stored():
    assert read(Rate, "14/s") == 14
    assert written(Rate, 14) == "14/s"


@pytest.mark.parametrize("value", ["0/s", "14", "14/m", 14, True, None])
def test_what_is_no_rate_says_how_one_is_written(value):
    with pytest.raises(ValidationError, match="is not a rate; write it like 14/s"):
        read(Rate, value)


def test_text_is_kept_in_nfc():
    assert read(Text, "\u1100\u1161") == "가"


@pytest.mark.parametrize("value", [1012345670, 1.5, True, None, ["a"], {"a": 1}])
def test_a_number_is_never_turned_into_text(value):
    with pytest.raises(ValidationError, match="is not text; put it in quotes"):
        read(Text, value)


@pytest.mark.parametrize("value", ["", " ", "\n"])
def test_blank_text_is_refused(value):
    with pytest.raises(ValidationError, match="is empty"):
        read(Text, value)


@pytest.mark.parametrize("value", ["1", True])
def test_a_number_is_a_number(value):
    with pytest.raises(ValidationError):
        read(Number, value)


@pytest.mark.parametrize("number", [9_007_199_254_740_993, -9_007_199_254_740_993, 3, 1.5])
def test_a_number_is_stored_as_it_was_written(number):
    """A whole one beyond 2^53, like an id, is not taken for its neighbour."""
    kept = TypeAdapter(Number)

    assert kept.validate_json(kept.dump_json(kept.validate_python(number))) == number
    assert kept.validate_python(number) == number
