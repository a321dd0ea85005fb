"""Why a segment does not select somebody: the conditions that stand in the way, and no others."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from dangol.domain.matching import Moment, matches
from dangol.domain.profile import History, Profile
from dangol.domain.segment import Segment
from dangol.domain.unmet import unmet
from tests.actors import NOON, NOW, SEOUL

MOMENT = Moment(NOW, SEOUL)
BOUGHT = History(NOON - 50, NOON - 50, 1, 0, (NOON - 50,), (0,))
ANN = Profile("ann", traits={"plan": "free", "email": "a@b"}, histories={"purchase": BOUGHT}, rev=1)
PRO, FREE = {"trait": "plan", "is": "pro"}, {"trait": "plan", "is": "free"}
VIEWED, PURCHASED = {"did": "view_item", "within": "30d"}, {"did": "purchase"}


def told(segment: dict[str, Any], profile: Profile = ANN) -> list[tuple[str, Any, Any]]:
    found = unmet(Segment.model_validate(segment), profile, MOMENT)
    return [(u.path, u.holds, u.found) for u in found]


def test_nothing_stands_in_the_way_of_somebody_who_is_selected():
    assert told({"all": [FREE, PURCHASED]}) == []


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ({"all": [FREE, PRO]}, [("all[1]", False, "free")]),
        ({"any": [PRO, VIEWED]}, [("any[0]", False, "free"), ("any[1]", False, {"count": 0})]),
        ({"any": [PRO, FREE], "all": [VIEWED]}, [("all[0]", False, {"count": 0})]),
        ({"none": [PRO, FREE]}, [("none[1]", True, "free")]),
        (
            {"all": [{"did_not": "purchase"}]},
            [("all[0]", False, {"count": 1, "last": "2026-12-01T02:59:10+00:00"})],
        ),
        ({"any": [{"all": [FREE, {"any": [PRO]}]}]}, [("any[0].all[1].any[0]", False, "free")]),
        ({"all": [{"consented": "email"}, {"reachable": "sms"}]}, [("all[0]", False, None), ("all[1]", False, None)]),
    ],
)
def test_the_conditions_in_the_way_are_named_with_what_is_known(segment, expected):
    assert told(segment) == expected


def test_a_branch_of_none_is_named_as_a_whole():
    assert told({"none": [{"all": [FREE, PURCHASED]}]}) == [("none[0]", True, None)]


def test_what_the_kept_history_cannot_tell_is_named_as_such():
    often = History(1, NOON - 5, 9, 0, (NOON - 5,), (0,))
    forgetful = Profile("bo", histories={"purchase": often}, rev=1)

    ((path, holds, _),) = told({"did": "purchase", "count": {"gte": 3}, "within": "30d"}, forgetful)

    assert (path, holds) == ("all[0]", None)


def test_a_condition_is_written_as_in_its_file():
    (found,) = unmet(Segment.model_validate({"all": [VIEWED]}), ANN, MOMENT, "audience")

    assert (found.path, found.written) == ("audience.all[0]", VIEWED)


_LEAVES = st.sampled_from([PRO, FREE, VIEWED, PURCHASED, {"did_not": "purchase"}])
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.dictionaries(
        st.sampled_from(["all", "any", "none"]), st.lists(inner, min_size=1, max_size=3), min_size=1
    ),
    max_leaves=8,
)


@given(_TREES)
def test_something_is_in_the_way_of_exactly_those_who_are_not_selected(tree):
    segment = Segment.model_validate(tree)

    assert bool(list(unmet(segment, ANN, MOMENT))) is (matches(segment, ANN, MOMENT) is not True)
