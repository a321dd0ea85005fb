from math import inf, sqrt

import pytest
from hypothesis import given, strategies as st

from dangol.domain.statistics import (
    Sums,
    chi_square_tail,
    means,
    sample_ratio,
    shares,
    smallest_visible,
)

# Hillstrom's three arms: people, visits, conversions.
MENS, WOMENS, NO_EMAIL = (21_307, 3_894, 267), (21_387, 3_238, 189), (21_306, 2_262, 122)


@pytest.mark.parametrize(("arm", "visit", "conversion"), [(MENS, 0.0765896, 0.0068050), (WOMENS, 0.0452331, 0.0031111)])
def test_hillstroms_uplifts_are_those_published(arm, visit, conversion):
    visits, conversions = (shares(arm[i], arm[0], NO_EMAIL[i], NO_EMAIL[0]) for i in (1, 2))

    assert visits is not None
    assert conversions is not None
    assert visits.absolute == pytest.approx(visit, abs=5e-8)
    assert conversions.absolute == pytest.approx(conversion, abs=5e-8)


def test_hillstroms_z_is_that_published():
    difference = shares(MENS[1], MENS[0], NO_EMAIL[1], NO_EMAIL[0])

    assert difference is not None
    assert difference.z == pytest.approx(22.486, abs=5e-4)
    assert difference.relative == pytest.approx(0.7214, abs=5e-5)
    assert 0 < (difference.p or 0) < 1e-100
    assert difference.low < difference.absolute < difference.high


def test_hillstroms_sample_ratio_is_that_published():
    found = sample_ratio([MENS[0], WOMENS[0], NO_EMAIL[0]], [1, 1, 1])

    assert found is not None
    assert found[0] == pytest.approx(0.2025, abs=5e-5)
    assert found[1] == pytest.approx(0.904, abs=5e-4)


def test_a_z_of_two_is_a_p_of_four_and_a_half_percent():
    # 60 of 100 against 46 of 100.
    difference = shares(60, 100, 46, 100)

    assert difference is not None
    assert difference.z == pytest.approx(0.14 / sqrt(0.53 * 0.47 * 0.02))
    assert difference.p == pytest.approx(0.0473, abs=1e-4)
    assert (difference.low, difference.high) == pytest.approx((0.0030, 0.2770), abs=1e-4)


def test_two_equal_shares_do_not_differ():
    difference = shares(10, 100, 10, 100)

    assert difference is not None
    assert (difference.absolute, difference.relative, difference.z, difference.p) == (0, 0, 0, 1)


def test_shares_of_nobody_are_not_compared():
    assert shares(0, 0, 1, 10) is None
    assert shares(1, 10, 0, 0) is None


def test_where_nobody_did_it_there_is_nothing_to_test():
    difference = shares(0, 10, 0, 10)

    assert difference is not None
    assert (difference.absolute, difference.relative, difference.z, difference.p) == (0, None, None, None)


def test_counters_that_run_ahead_of_their_people_break_nothing():
    assert shares(11, 10, 0, 10) is not None


@given(st.integers(1, 1_000), st.integers(1, 1_000), st.data())
def test_an_interval_holds_its_difference_and_turns_with_it(people, base_people, data):
    hits, base_hits = data.draw(st.integers(0, people)), data.draw(st.integers(0, base_people))

    ours, turned = shares(hits, people, base_hits, base_people), shares(base_hits, base_people, hits, people)

    assert ours is not None
    assert turned is not None
    assert ours.low <= ours.absolute <= ours.high
    assert turned.absolute == pytest.approx(-ours.absolute)
    assert ours.p is None or 0 <= ours.p <= 1


def test_two_means_are_compared_with_unequal_variances():
    # 1, 2, 3 against 1, 1, 4, 6.
    difference = means(Sums(3, 6, 14), Sums(4, 12, 54))

    assert difference is not None
    assert difference.absolute == -1
    assert difference.relative == pytest.approx(-1 / 3)
    assert difference.z == pytest.approx(-1 / sqrt(1 / 3 + 6 / 4))
    assert difference.high - difference.absolute == pytest.approx(1.959964 * sqrt(1 / 3 + 6 / 4))


def test_means_of_nobody_are_not_compared():
    assert means(Sums(0, 0, 0), Sums(2, 2, 2)) is None
    assert means(Sums(2, 2, 2), Sums(0, 0, 0)) is None


def test_means_without_any_spread_are_not_tested():
    difference = means(Sums(2, 4, 8), Sums(1, 0, 0))

    assert difference is not None
    assert (difference.absolute, difference.relative, difference.z, difference.p) == (2, None, None, None)


def test_sums_add_up():
    assert Sums(1, 2, 4) + Sums(2, 3, 5) == Sums(3, 5, 9)
    assert Sums(0, 0, 0).mean == 0
    assert Sums(1, 7, 49).variance_of_mean == 0


def test_the_smallest_visible_difference_halves_with_four_times_the_people():
    one, four = smallest_visible(0.1, 1_000, 1_000), smallest_visible(0.1, 4_000, 4_000)

    assert one == pytest.approx(2.801585 * sqrt(0.09 * 0.002), abs=1e-6)
    assert one == pytest.approx(2 * (four or inf))


@pytest.mark.parametrize(("share", "people", "base"), [(0.1, 0, 10), (0.1, 10, 0), (0, 10, 10), (1, 10, 10)])
def test_what_can_be_seen_is_not_known_without_people_or_spread(share, people, base):
    assert smallest_visible(share, people, base) is None


def test_a_sample_ratio_needs_two_arms_and_somebody():
    assert sample_ratio([10], [1]) is None
    assert sample_ratio([10, 3], [1, 0]) is None
    assert sample_ratio([0, 0], [1, 1]) is None


def test_a_split_as_it_was_meant_has_no_chi_square():
    assert sample_ratio([80, 20], [0.8, 0.2]) == pytest.approx((0, 1))


def test_a_broken_split_is_told():
    found = sample_ratio([5_500, 4_500], [1, 1])

    assert found is not None
    assert found[0] == pytest.approx(100)
    assert found[1] < 1e-20


@pytest.mark.parametrize(
    ("chi2", "freedom", "p"),
    [
        (0, 3, 1),
        (3.841459, 1, 0.05),
        (5.991465, 2, 0.05),
        (7.814728, 3, 0.05),
        (24.99579, 15, 0.05),
        (0.0039321, 1, 0.95),
        (10.827566, 1, 0.001),
        (2_000, 1, 0),
    ],
)
def test_the_tail_of_chi_square_is_that_of_the_tables(chi2, freedom, p):
    assert chi_square_tail(chi2, freedom) == pytest.approx(p, abs=1e-6)


@given(st.floats(0, 500), st.integers(1, 16))
def test_the_tail_is_a_probability_and_falls(chi2, freedom):
    assert 0 <= chi_square_tail(chi2 + 1, freedom) <= chi_square_tail(chi2, freedom) <= 1
