from datetime import timedelta
from typing import Any

import pytest

from dangol.domain.campaign import Campaign
from dangol.domain.conversion import DEFAULT_WINDOW, Touch, attributed, fits, interests, window
from dangol.domain.ledger import State
from tests.actors import NOON, campaign, entry

GOAL: dict[str, Any] = {"event": "purchase", "where": {"item": "course"}, "within": "7d"}
WEEK = 7 * 86_400
COURSE = {"item": "course"}


def selling(**changes: object) -> Campaign:
    return campaign(**{"goal": GOAL, "also": ["view_item"]} | changes)


def touch(number: int = 1, ago: timedelta = timedelta(0), of: Campaign | None = None, **changes: Any) -> Touch:
    return Touch(entry(number, ago, **changes), of or selling())


def counted(*touches: Touch, event: str = "purchase", after: int = 60) -> list[int]:
    return [found.entry.run for found, _ in attributed(touches, event, COURSE, NOON + after)]


def test_an_event_is_a_goal_an_also_both_or_nothing():
    both = selling(also=["purchase", "view_item"])

    assert interests(both, "purchase", COURSE) == ("also:purchase", "goal")
    assert interests(both, "purchase", {"item": "book"}) == ("also:purchase",)
    assert interests(both, "view_item", {}) == ("also:view_item",)
    assert interests(both, "sign_up", COURSE) == ()
    assert interests(campaign(), "purchase", COURSE) == ()


@pytest.mark.parametrize(
    ("where", "properties", "fitting"),
    [
        ({}, {}, True),
        ({"item": "course"}, {"item": "course", "more": 1}, True),
        ({"item": "course"}, {"item": "book"}, False),
        ({"item": "course"}, {}, False),
        ({"item": ["course", "book"]}, {"item": "book"}, True),
        ({"item": 7}, {"item": "7"}, True),
        ({"item": 7}, {"item": 7.0}, True),
        ({"first": True}, {"first": 1}, False),
        ({"first": True}, {"first": True}, True),
        ({"item": "None"}, {}, False),
        ({"item": "None"}, {"item": None}, False),
        ({"item": "course", "sale": True}, {"item": "course"}, False),
    ],
)
def test_a_goal_asks_for_properties(where, properties, fitting):
    goal = selling(goal={**GOAL, "where": where}).goal

    assert goal is not None
    assert fits(goal, properties) is fitting


def test_the_window_is_the_goal_s_or_seven_days():
    assert window(selling(goal={**GOAL, "within": "3d"})) == timedelta(days=3)
    assert window(campaign()) == DEFAULT_WINDOW == timedelta(days=7)


@pytest.mark.parametrize(("after", "runs"), [(-1, []), (0, [1]), (WEEK - 1, [1]), (WEEK, [])])
def test_the_window_opens_at_the_claim_and_is_half_open(after, runs):
    assert counted(touch(), after=after) == runs


def test_with_attribution_last_the_latest_touch_alone_counts():
    assert counted(touch(1, timedelta(days=2)), touch(2, timedelta(days=1))) == [2]
    assert counted(touch(2, timedelta(days=1)), touch(1, timedelta(days=2))) == [2]


def test_of_two_touches_in_one_second_the_later_run_counts():
    assert counted(touch(2), touch(1)) == [2]


def test_with_attribution_any_an_earlier_touch_counts_too():
    anyway = selling(attribution="any")

    assert counted(touch(1, timedelta(days=2), anyway), touch(2, timedelta(days=1))) == [1, 2]
    assert counted(touch(1, timedelta(days=2)), touch(2, timedelta(days=1), anyway)) == [2]


def test_a_touch_that_takes_no_interest_takes_nothing_away():
    assert counted(touch(1, timedelta(days=2)), touch(2, timedelta(days=1), campaign())) == [1]


def test_a_later_touch_whose_window_has_closed_takes_nothing_away():
    brief = selling(goal={**GOAL, "within": "1h"})

    assert counted(touch(1, timedelta(days=2)), touch(2, timedelta(days=1), brief)) == [1]


@pytest.mark.parametrize("state", State)
def test_everyone_claimed_counts_also_the_held_out_and_the_failed(state):
    assert counted(touch(state=state)) == ([] if state is State.CANCELLED else [1])


def test_somebody_held_out_is_touched_like_the_rest():
    assert counted(touch(1, timedelta(days=2)), touch(2, timedelta(days=1), state=State.HELD_OUT)) == [2]


def test_nobody_touched_is_nothing_counted():
    assert counted() == []
    assert counted(touch(), event="sign_up") == []


def test_what_the_event_is_to_a_campaign_comes_with_the_touch():
    one = touch(of=selling(also=["purchase"]))

    assert attributed([one], "purchase", COURSE, NOON) == [(one, ("also:purchase", "goal"))]
