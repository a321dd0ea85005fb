from decimal import Decimal
from math import inf

import pytest
from hypothesis import given, strategies as st

from dangol.domain.profile import (
    FACET_VALUES_KEPT,
    History,
    Occurrence,
    Profile,
    Tally,
    event_keys,
    fold,
    scaled,
    set_traits,
)
from dangol.domain.project import CHANNELS, EventSpec

PLAIN = EventSpec()
DEV = EventSpec(facets=("category",))
OCCURRENCES = st.builds(
    Occurrence,
    event=st.sampled_from(["view", "buy"]),
    at=st.integers(0, 30),
    value=st.integers(-3, 3),
    properties=st.fixed_dictionaries({"category": st.sampled_from(["dev", "design", 3, None])}),
)


def folded(occurrences: list[Occurrence], spec: EventSpec = PLAIN) -> Profile:
    profile = Profile("ann")
    for occurrence in occurrences:
        fold(profile, occurrence, spec)
    return profile


def history(*times: int, keep: int = 64) -> History:
    return folded([Occurrence("view", at, value=at) for at in times], EventSpec(keep=keep)).histories["view"]


@given(st.data(), st.lists(OCCURRENCES, max_size=12), st.integers(1, 5))
def test_the_order_in_which_events_arrive_does_not_matter(data, occurrences, keep):
    spec = EventSpec(facets=("category",), keep=keep)

    shuffled = data.draw(st.permutations(occurrences))

    assert folded(shuffled, spec) == folded(occurrences, spec)


def test_a_history_knows_first_last_count_and_total_whatever_it_keeps():
    seen = history(5, 1, 9, 7, 3, keep=2)

    assert seen == History(first=1, last=9, count=5, total=25, times=(7, 9), values=(7, 9))


def test_an_event_that_comes_late_takes_its_place_in_time():
    assert history(10, 30, 20).times == (10, 20, 30)
    assert history(10, 30, 20, keep=2).times == (20, 30)


def test_sixty_four_occurrences_are_kept_unless_declared_otherwise():
    assert len(history(*range(100)).times) == 64


def test_a_window_takes_its_first_second_and_not_its_last():
    seen = history(10, 20, 30)

    assert seen.within(10, 30) == Tally(2, 2, 30, 30)
    assert seen.within(11, 31) == Tally(2, 2, 50, 50)
    assert seen.within(None, 30) == Tally(2, 2, 30, 30)
    assert seen.within(30, 30) == Tally(0, 0, 0, 0)
    assert seen.within(31, 99) == Tally(0, 0, 0, 0)


def test_a_window_within_what_is_kept_is_exact():
    assert history(10, 20, 30, 40, keep=2).within(31, 41) == Tally(1, 1, 40, 40)


def test_a_window_around_everything_is_exact_though_little_is_kept():
    seen = history(10, 20, 30, 40, keep=2)

    assert seen.within(None, 41) == Tally(4, 4, 100, 100)
    assert seen.within(10, 41) == Tally(4, 4, 100, 100)


def test_a_window_before_the_first_occurrence_is_empty_though_little_is_kept():
    assert history(10, 20, 30, 40, keep=2).within(None, 10) == Tally(0, 0, 0, 0)


def test_a_window_that_begins_among_what_was_dropped_is_a_range():
    # The one dropped at 20 may have been in the window, and so may that of 10.
    assert history(10, 20, 30, 40, keep=2).within(11, 41) == Tally(2, 4, -inf, inf)


def test_a_window_that_begins_at_the_oldest_kept_is_a_range():
    # What was dropped may have happened in the same second.
    assert history(30, 30, 30, 40, keep=2).within(30, 41) == Tally(4, 4, 130, 130)
    assert history(20, 30, 30, 40, keep=2).within(30, 41) == Tally(2, 4, -inf, inf)


def test_a_window_that_ends_among_what_was_dropped_knows_of_the_first():
    assert history(10, 20, 30, 40, keep=2).within(None, 25) == Tally(1, 2, -inf, inf)


def test_a_window_that_ends_at_the_oldest_kept_is_a_range():
    assert history(10, 30, 30, keep=1).within(None, 30) == Tally(1, 2, -inf, inf)


def test_a_refund_among_what_was_dropped_leaves_the_sum_open():
    spent = folded([Occurrence("buy", at, value) for at, value in ((1, 900), (2, -900), (3, 5))], EventSpec(keep=1))

    assert spent.histories["buy"].within(2, 9) == Tally(1, 3, -inf, inf)


@pytest.mark.parametrize(
    ("end", "latest"), [(10, None), (11, (10, 10)), (30, (10, 29)), (31, (30, 30)), (99, (40, 40))]
)
def test_the_latest_occurrence_is_told_as_exactly_as_it_is_known(end, latest):
    assert history(10, 20, 30, 40, keep=2).latest_before(end) == latest


def test_the_latest_occurrence_is_exact_where_all_are_kept():
    assert history(10, 20).latest_before(20) == (10, 10)
    assert history(10, 20).latest_before(10) is None


def test_an_event_is_kept_under_itself_and_each_facet_it_carries():
    spec = EventSpec(facets=("category", "item", "sale", "brand"))
    properties = {"category": "dev", "item": 7.0, "sale": True, "colour": "red", "brand": None}

    assert event_keys("view", properties, spec) == ["view", "view[category=dev]", "view[item=7]", "view[sale=true]"]


def test_a_facet_value_that_is_no_scalar_is_left_out():
    assert event_keys("view", {"category": ["dev"]}, DEV) == ["view"]


def test_facet_values_beyond_the_bound_go_oldest_first_and_leave_a_watermark():
    seen = folded([Occurrence("view", at, properties={"category": at}) for at in range(FACET_VALUES_KEPT + 2)], DEV)

    facets = [key for key in seen.histories if key != "view"]
    assert len(facets) == FACET_VALUES_KEPT
    assert "view[category=1]" not in facets
    assert "view[category=2]" in facets
    assert seen.watermarks == {"view": 1}
    assert seen.histories["view"].count == FACET_VALUES_KEPT + 2


def test_a_watermark_never_falls():
    seen = folded([Occurrence("view", at, properties={"category": at}) for at in range(100, 152)], DEV)

    fold(seen, Occurrence("view", 3, properties={"category": "late"}), DEV)

    assert seen.watermarks == {"view": 101}


def test_an_event_whose_name_ends_in_brackets_is_no_facet():
    seen = Profile("ann")
    for number in range(FACET_VALUES_KEPT + 5):
        fold(seen, Occurrence(f"Clicked [{number}]", number), PLAIN)

    assert len(seen.histories) == FACET_VALUES_KEPT + 5
    assert not seen.watermarks


def test_the_watermark_of_an_event_whose_name_ends_in_brackets_is_its_own():
    views = [Occurrence("view [top]", at, properties={"category": at}) for at in range(FACET_VALUES_KEPT + 1)]

    assert folded(views, DEV).watermarks == {"view [top]": 0}


@pytest.mark.parametrize(
    ("value", "whole"),
    [(None, 0), (79_000, 790_000_000), (0.1, 1_000), (Decimal("0.00005"), 0), (Decimal("-1.5"), -15_000)],
)
def test_a_value_is_kept_in_whole_ten_thousandths(value, whole):
    assert scaled(value) == whole


def test_three_tenths_are_three_times_a_tenth():
    assert scaled(0.1) + scaled(0.1) + scaled(0.1) == scaled(0.3)


def test_a_late_update_does_not_overwrite_a_newer_trait():
    ann = Profile("ann")
    set_traits(ann, {"plan": "pro", "name": "Ann"}, 10)

    set_traits(ann, {"plan": "free", "city": "Seoul"}, 9)

    assert ann.traits == {"plan": "pro", "name": "Ann", "city": "Seoul"}
    assert ann.trait_times == {"plan": 10, "name": 10, "city": 9}


def test_none_removes_a_trait_and_an_older_update_does_not_bring_it_back():
    ann = Profile("ann")
    set_traits(ann, {"plan": "pro"}, 10)
    set_traits(ann, {"plan": None, "never": None}, 20)

    set_traits(ann, {"plan": "free"}, 15)

    assert ann.traits == {}


def test_of_two_updates_in_the_same_second_the_later_read_stands():
    ann = Profile("ann")
    set_traits(ann, {"plan": "pro"}, 10)
    set_traits(ann, {"plan": "free"}, 10)

    assert ann.traits == {"plan": "free"}


def test_a_person_is_reached_where_their_traits_say():
    ann = Profile("ann", traits={"email": "ann@example.com", "phone": 1012345678, "in_app": ""})

    reached = {channel: ann.address(channel) for channel in CHANNELS if ann.address(channel)}

    assert reached["email"] == "ann@example.com"
    assert reached["sms"] == reached["alimtalk"] == "+821012345678"
    assert {reached[channel] for channel in ("console", "webhook", "in_web", "in_app")} == {"ann"}
    assert not {"push", "web_push"} & reached.keys()


def test_a_number_that_cannot_be_dialled_reaches_nobody():
    assert Profile("ann", traits={"phone": "02-123"}).address("sms") is None


def test_a_withdrawn_consent_is_no_consent():
    ann = Profile("ann", consents={"email": 10, "sms": -10})

    assert [ann.consented(channel) for channel in ("email", "sms", "push", "console")] == [True, False, False, True]
