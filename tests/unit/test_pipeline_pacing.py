"""The arithmetic of the rate: what a call may carry, and when."""

import pytest
from hypothesis import given, strategies as st

from dangol.pipeline.pacing import Pace, pace_of, slower

RATES = st.integers(1, 999_999)
BATCHES = st.sampled_from([1, 10, 25, 50, 100])
LATE = st.lists(st.floats(0, 1), min_size=20, max_size=400)


def busiest_second(pace: Pace, late: list[float]) -> int:
    """The most messages of a second, half-open, where each call is late by its share of what it may be."""
    starts = sorted(n * pace.interval + share * pace.late for n, share in enumerate(late))
    # The width of the second is kept clear of the arithmetic of floats.
    return max(sum(start <= t < start + 1 - 1e-9 for t in starts) for start in starts) * pace.size


@given(RATES, BATCHES, LATE)
def test_no_second_sees_more_than_the_rate_however_late_each_call_is(rate, batch, late):
    assert busiest_second(pace_of(rate, batch), late) <= rate


@given(RATES, RATES, BATCHES, LATE)
def test_nor_more_than_a_campaigns_own_rate(rate, own, batch, late):
    pace = slower(pace_of(rate, batch), own)

    assert busiest_second(pace, late) <= min(own, rate)
    assert pace.size <= pace_of(rate, batch).size
    assert pace.interval >= pace_of(rate, batch).interval


@given(st.integers(1, 1_000), BATCHES)
def test_hardly_any_of_the_rate_is_given_away(rate, batch):
    pace = pace_of(rate, batch)

    assert pace.size / pace.interval >= 0.94 * rate


@pytest.mark.parametrize(
    ("rate", "batch", "size", "calls"),
    [(1, 50, 1, 1), (14, 50, 1, 14), (50, 50, 5, 10), (97, 50, 8, 12), (1_000, 50, 50, 20), (1_000, 1, 1, 1_000)],
)
def test_a_call_carries_a_tenth_of_a_second_at_most(rate, batch, size, calls):
    pace = pace_of(rate, batch)

    assert (pace.size, pace.calls) == (size, calls)


def test_fifty_a_second_are_kept_to_nineteen_parts_of_twenty():
    pace = pace_of(50, 50)

    assert pace.size / pace.interval >= 0.95 * 50


def test_a_high_rate_forgives_a_late_call_and_asks_for_no_lead():
    pace = pace_of(100_000, 50)

    assert (pace.late, pace.lead, pace.next_lead) == (1.0, 0.0, 0.0)


def test_a_campaigns_own_rate_may_take_fuller_calls_than_it_would_alone():
    assert slower(pace_of(50, 50), 25) == Pace(5, 5, pace_of(50, 50).late)
