from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, strategies as st

from dangol.domain.comparing import as_moment, compares, holds
from dangol.domain.comparison import Comparison
from dangol.domain.condition import TraitCondition
from tests.actors import NEW_YORK, NOW, SEOUL

LONDON = ZoneInfo("Europe/London")
EVERY = {
    "is": "pro",
    "not": "pro",
    "in": ["pro"],
    "gt": 1,
    "gte": 1,
    "lt": 1,
    "lte": 1,
    "between": [1, 2],
    "contains": "pro",
    "starts_with": "pro",
    "ends_with": "pro",
    "exists": True,
    "before": "365d",
    "after": "2026-01-01",
}
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.lists(st.integers(), max_size=3)
)


def compare(value: object, zone: ZoneInfo = SEOUL, /, **said: object) -> bool:
    return holds(TraitCondition.model_validate({"trait": "t", **said}), value, NOW, zone)


@pytest.mark.parametrize("operator", EVERY)
def test_a_missing_trait_matches_nothing_but_not(operator):
    assert compare(None, **{operator: EVERY[operator]}) is (operator == "not")


def test_exists_is_about_the_trait_alone():
    assert compare(None, exists=False)
    assert compare(0, exists=True)
    assert not compare("", exists=False)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("pro", {"is": "pro"}),
        (1.0, {"is": 1}),
        (True, {"is": True}),
        ("free", {"not": "pro"}),
        (2, {"in": [1, 2]}),
        (2, {"gt": 1}),
        (1, {"gte": 1}),
        (0.5, {"lt": 1}),
        (1, {"lte": 1}),
        (1, {"between": [1, 2]}),
        (2, {"between": [1, 2]}),
        ("a pro plan", {"contains": "pro"}),
        (["dev", "design"], {"contains": "dev"}),
        ("route 66", {"contains": 66}),
        ("프로", {"starts_with": "프"}),
        ("프로", {"ends_with": "로"}),
    ],
)
def test_a_trait_matches_what_it_is(value, said):
    assert compare(value, **said)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("Pro", {"is": "pro"}),
        ("pro", {"not": "pro"}),
        ("1", {"is": 1}),
        (3, {"in": [1, 2]}),
        (1, {"gt": 1}),
        (1, {"lt": 1}),
        ("5", {"gt": 1}),
        (2.1, {"between": [1, 2]}),
        ("pro", {"contains": "plan"}),
        (["develop"], {"contains": "dev"}),
        (66, {"contains": 66}),
        (5, {"starts_with": "5"}),
        (5, {"ends_with": "5"}),
    ],
)
def test_a_trait_does_not_match_what_it_is_not(value, said):
    assert not compare(value, **said)


def test_true_is_not_one():
    assert not compare(True, **{"is": 1})
    assert not compare(1, **{"is": True})
    assert not compare(False, **{"in": [0]})
    assert compare(True, **{"not": 1})
    assert not compare([True], contains=1)
    assert not compare(True, gte=1)
    assert not compare(True, after="1960-01-01")


@given(ANYTHING, st.sampled_from(sorted(EVERY)))
def test_no_value_breaks_a_comparison(value, operator):
    assert compare(value, **{operator: EVERY[operator]}) in (True, False)


def test_days_back_are_counted_from_the_run_to_the_second():
    assert compare("2026-11-30T12:00:00+09:00", after="1d")
    assert not compare("2026-11-30T12:00:00+09:00", before="1d")
    assert compare("2026-11-30T11:59:59+09:00", before="1d")
    assert not compare("2026-11-30T11:59:59+09:00", after="1d")


def test_days_back_are_of_twenty_four_hours_over_a_change_of_clocks():
    sunday = datetime(2026, 11, 1, 12, tzinfo=NEW_YORK)
    condition = TraitCondition.model_validate({"trait": "t", "after": "1d"})

    assert holds(condition, "2026-10-31T13:00:00-04:00", sunday, NEW_YORK)
    assert not holds(condition, "2026-10-31T12:59:59-04:00", sunday, NEW_YORK)


def test_a_date_begins_at_midnight_in_the_project_s_zone():
    assert compare("2026-12-01", SEOUL, after="2026-11-30T15:00Z")
    assert not compare("2026-12-01", SEOUL, after="2026-11-30T15:00:01Z")
    assert compare("2026-12-01", NEW_YORK, after="2026-12-01T05:00Z")


@pytest.mark.parametrize("zone", [SEOUL, NEW_YORK, LONDON])
@pytest.mark.parametrize("at", [datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 7, 5, tzinfo=UTC)])
def test_epoch_seconds_are_the_same_moment_in_every_zone(zone, at):
    assert as_moment(at.timestamp(), zone) == as_moment(int(at.timestamp()), zone) == at


@pytest.mark.parametrize("value", ["", "soon", "2026-13-01", "20240101T1x", True, None, 10**18, float("nan"), -1e18])
def test_what_is_no_moment_is_none(value):
    assert as_moment(value, SEOUL) is None


@pytest.mark.parametrize(
    ("told", "value", "answer"),
    [
        ({"gte": 50_000}, "50000", True),
        ({"gte": 50_000}, "49999.5", False),
        ({"between": [1, 2]}, "many", False),
        ({"lt": 5}, "nan", False),
        ({"not": "dev"}, "data", True),
        ({"not": 3}, "3", False),
        ({"is": True}, "true", True),
        ({"in": [3, "dev"]}, "3", True),
        ({"starts_with": "de"}, "dev", True),
        ({"ends_with": "v"}, "data", False),
        ({"contains": "at"}, "data", True),
    ],
)
def test_a_facet_compares_as_it_is_written(told, value, answer):
    assert compares(Comparison.model_validate(told), value) is answer
