from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, strategies as st

from dangol.domain import profile as profiles
from dangol.domain.ledger import UNDATED
from dangol.domain.matching import Moment, labels, matches, select
from dangol.domain.profile import Occurrence, Profile, fold
from dangol.domain.project import EventSpec
from dangol.domain.segment import Segment
from dangol.domain.three import every, negated, some
from tests.actors import NOON, NOW, SEOUL

AT_NOON = Moment(NOW, SEOUL)
ANSWERS = (True, False, None)
YES = {"trait": "name", "exists": True}
NO = {"trait": "name", "exists": False}
# Of the oldest views, only the number is left.
UNSURE = {"did": "view", "count": {"gte": 3}, "within": "25s"}
BY_ANSWER = {True: YES, False: NO, None: UNSURE}


def rule(**said: object) -> Segment:
    return Segment.model_validate(said)


def did(*occurrences: tuple[str, int], keep: int = 64, **properties: object) -> Profile:
    """Ann, who did each event so many seconds ago, for 1,000 each."""
    ann = Profile("ann", traits={"name": "Ann"})
    for event, ago in occurrences:
        spec = EventSpec(keep=keep, facets=("category", "item"))
        fold(ann, Occurrence(event, NOON - ago, 10_000_000, properties), spec)
    return ann


ANN = did(("view", 30), ("view", 20), ("view", 10), keep=2)


def answer(ann: Profile, /, **said: object) -> bool | None:
    return matches(rule(**said), ann, AT_NOON)


@pytest.mark.parametrize(("ago", "within"), [(10, True), (11, False), (0, False), (1, True), (-1, False)])
def test_a_window_is_half_open_to_the_second(ago, within):
    assert answer(did(("view", ago)), did="view", within="10s") is within


def test_without_a_window_everything_before_the_run_counts():
    assert answer(did(("view", 10_000_000)), did="view") is True
    assert answer(did(("view", 0)), did="view") is False


def test_a_late_start_asks_the_same_question():
    before = did(("purchase", 50))
    after = did(("purchase", 50), ("purchase", -5), ("purchase", -500))

    for said in ({"count": {"gte": 2}}, {"value": {"gte": 2_000}}, {"within": "51s"}, {"within": "49s"}):
        assert answer(before, did="purchase", **said) is answer(after, did="purchase", **said)


def test_a_fraction_of_a_second_does_not_move_a_window():
    late = Moment(NOW + timedelta(milliseconds=900), SEOUL)

    assert matches(rule(did="view", within="10s"), did(("view", 10)), late) is True


def test_counts_among_what_is_kept_are_exact():
    ann = did(*(("view", ago) for ago in range(1, 101)))

    assert answer(ann, did="view", within="60s", count={"gte": 60}) is True
    assert answer(ann, did="view", within="60s", count={"gte": 61}) is False
    assert answer(ann, did="view", within="60s", count={"gt": 59, "lte": 60}) is True


def test_a_count_beyond_what_is_kept_cannot_be_told_unless_the_kept_decide_it():
    ann = did(*(("view", ago) for ago in range(1, 101)))

    assert answer(ann, did="view", within="90s", count={"gte": 64}) is True
    assert answer(ann, did="view", within="90s", count={"gte": 65}) is None
    assert answer(ann, did="view", within="90s", count={"gt": 100}) is False
    assert answer(ann, did="view", within="90s", count={"lt": 64}) is False
    assert answer(ann, did="view", within="90s", count={"lte": 100}) is True
    assert answer(ann, did="view", within="90s", count={"lte": 70}) is None
    assert answer(ann, did="view", count={"gte": 100}) is True


def test_a_sum_over_more_than_is_kept_cannot_be_told():
    ann = did(("buy", 30), ("buy", 20), ("buy", 10), keep=2)

    assert answer(ann, did="buy", within="15s", value={"gte": 1_000}) is True
    assert answer(ann, did="buy", within="25s", value={"gte": 1_000}) is None
    assert answer(ann, did="buy", within="31s", value={"gte": 3_000}) is True
    assert answer(ann, did="buy", value={"gt": 3_000}) is False


def test_a_refund_that_was_let_go_is_never_guessed():
    ann = Profile("ann")
    for ago, value in ((30, 900), (25, -900), (10, 500)):
        fold(ann, Occurrence("buy", NOON - ago, value * 10_000), EventSpec(keep=1))

    assert answer(ann, did="buy", within="26s", value={"gte": 500}) is None


def test_did_not_is_the_complement_of_did():
    for ann, within in product((ANN, did(), did(("view", 40))), ("5s", "25s", "99s")):
        assert answer(ann, did_not="view", within=within) is negated(answer(ann, did="view", within=within))


def test_a_person_without_any_event_did_not():
    assert answer(Profile("bob"), did_not="purchase") is True
    assert answer(Profile("bob"), did="purchase") is False
    assert answer(Profile("bob"), did="purchase", count={"lt": 3}) is True


def test_a_facet_is_asked_by_its_value_or_by_several():
    ann = did(("view", 30), ("view", 20), category="dev")

    assert answer(ann, did="view", where={"category": "dev"}, count={"gte": 2}) is True
    assert answer(ann, did="view", where={"category": "design"}) is False
    assert answer(ann, did="view", where={"category": ["design", "dev"]}, within="21s") is True
    assert answer(ann, did_not="view", where={"category": "design"}) is True


def test_a_facet_value_named_twice_counts_once():
    assert (
        answer(did(("view", 5), category="dev"), did="view", where={"category": ["dev", "dev"]}, count={"gte": 2})
        is False
    )
    assert answer(did(("view", 5), item=1), did="view", where={"item": [1, "1", 1.0]}, count={"gte": 2}) is False


def test_below_the_watermark_of_a_facet_nothing_is_known():
    ann = did(("view", 20), category="dev")
    ann.watermarks["view"] = NOON - 50

    assert answer(ann, did="view", where={"category": "design"}, within="50s") is None
    assert answer(ann, did="view", where={"category": "design"}, within="49s") is False
    assert answer(ann, did="view", where={"category": "design"}) is None
    assert answer(ann, did="view", where={"category": "dev"}) is True
    assert answer(ann, did="view", where={"category": "dev"}, count={"lt": 2}) is None
    assert answer(ann, did="view", where={"category": "dev"}, within="60s", value={"gte": 1_000}) is None
    assert answer(ann, did_not="view", where={"category": "design"}, within="60s") is None
    assert answer(ann, did="view", within="60s", count={"gte": 2}) is False


def test_then_not_is_about_what_came_after():
    assert answer(did(("cart", 20), ("buy", 30)), did="cart", then_not="buy") is True
    assert answer(did(("cart", 20), ("buy", 10)), did="cart", then_not="buy") is False
    assert answer(did(("cart", 20), ("buy", 20)), did="cart", then_not="buy") is False
    assert answer(did(("cart", 20), ("buy", 10), ("cart", 5)), did="cart", then_not="buy") is True
    assert answer(did(("cart", 20)), did="cart", then_not="buy") is True
    assert answer(did(("buy", 20)), did="cart", then_not="buy") is False


def test_then_not_looks_at_the_latest_within_the_window_and_before_the_run():
    ann = did(("cart", 20), ("cart", -3), ("buy", -1))

    assert answer(ann, did="cart", then_not="buy", within="20s") is True
    assert answer(ann, did="cart", then_not="buy", within="19s") is False


def test_then_not_cannot_tell_where_the_facet_may_have_been_let_go():
    ann = did(("view", 90), ("buy", 30), category="design")
    ann.watermarks["view"] = NOON - 40
    dev = {"did": "view", "where": {"category": "dev"}, "within": "60s"}

    assert answer(ann, **dev, then_not="buy") is False
    assert answer(ann, **dev, then_not="refund") is None
    ann.watermarks["view"] = NOON - 20
    assert answer(ann, **dev, then_not="buy") is None
    assert answer(ann, did="view", where={"category": "design"}, then_not="buy") is None
    ann.watermarks["view"] = NOON - 70
    assert answer(ann, **dev, then_not="buy") is False


def test_what_was_let_go_after_the_run_began_was_before_its_last_second_or_not_at_all():
    ann = did(("view", 90), ("buy", 1), category="design")
    ann.watermarks["view"] = NOON + 5

    assert answer(ann, did="view", where={"category": "dev"}, then_not="buy") is False


def test_then_not_cannot_tell_where_the_latest_before_the_run_was_let_go():
    ann = did(("view", 30), ("view", 20), ("view", -5), ("view", -6), ("buy", 25), keep=2)

    assert answer(ann, did="view", then_not="buy") is None
    assert answer(ann, did="view", then_not="refund") is True


def test_then_not_cannot_tell_where_what_came_after_was_let_go():
    ann = did(("cart", 20), ("buy", 40), ("buy", 15), ("buy", -5), keep=1)

    assert answer(ann, did="cart", then_not="buy") is None


@pytest.mark.parametrize(("one", "other"), list(product(ANSWERS, ANSWERS)))
def test_not_all_is_any_not_and_not_any_is_all_not_also_where_nobody_can_tell(one, other):
    both = [BY_ANSWER[one], BY_ANSWER[other]]
    nots = [{"none": [condition]} for condition in both]

    assert answer(ANN, none=[{"all": both}]) is answer(ANN, any=nots)
    assert answer(ANN, none=both) is answer(ANN, all=nots) is answer(ANN, none=[{"any": both}])


@given(st.lists(st.sampled_from(ANSWERS), max_size=6))
def test_de_morgan_holds_for_any_number_of_answers(answers):
    assert negated(every(answers)) is some([negated(a) for a in answers])
    assert negated(some(answers)) is every([negated(a) for a in answers])


def test_all_of_nothing_is_everybody_and_any_of_nothing_nobody():
    assert answer(ANN, all=[]) is True
    assert answer(ANN, any=[]) is False
    assert answer(ANN, none=[]) is True


def test_the_three_parts_of_a_group_hold_together():
    for one, other, third in product(ANSWERS, repeat=3):
        parts = {"all": [BY_ANSWER[one]], "any": [BY_ANSWER[other]], "none": [BY_ANSWER[third]]}

        assert answer(ANN, **parts) is every([one, other, negated(third)])


def test_an_exclusion_takes_people_out_again():
    everybody = rule(all=[])

    for excluded in ANSWERS:
        assert select(everybody, [rule(all=[BY_ANSWER[excluded]])], ANN, AT_NOON) is negated(excluded)
    assert select(rule(any=[]), [rule(all=[UNSURE])], ANN, AT_NOON) is False
    assert select(everybody, [rule(all=[NO]), rule(all=[YES])], ANN, AT_NOON) is False


def test_each_labelled_branch_that_selects_a_person_sets_its_bit():
    branches = [YES | {"as": "a"}, NO | {"as": "b"}, YES, UNSURE | {"as": "c"}, YES | {"as": "d"}]

    assert labels(rule(any=branches), ANN, AT_NOON) == 0b1001
    assert labels(rule(all=[YES]), ANN, AT_NOON) == 0


def test_more_than_eight_labels_do_not_fit_and_are_left_out():
    assert labels(rule(any=[YES | {"as": str(i)} for i in range(12)]), ANN, AT_NOON) == 0xFF


def test_consent_and_address_are_asked_per_channel():
    ann = Profile("ann", traits={"email": "ann@example.com"}, consents={"email": 5, "sms": -5})

    assert answer(ann, consented="email") is True
    assert answer(ann, consented="sms") is False
    assert answer(ann, reachable="email") is True
    assert answer(ann, reachable="push") is False


def test_the_first_time_of_a_value_that_was_let_go_is_not_known():
    ann = Profile("ann", watermarks={"view": NOON - 50})

    assert answer(ann, first_did="view", where={"category": "dev"}, within="60s") is None
    assert answer(ann, first_did="view", where={"category": "dev"}, within="40s") is False
    # What is kept of it may not be the first of all, and the first is no later.
    again = did(("view", 20), category="dev")
    again.watermarks["view"] = NOON - 50
    assert answer(again, first_did="view", where={"category": "dev"}, within="60s") is None
    assert answer(again, first_did="view", where={"category": "dev"}, within="10s") is False


def test_a_consent_is_asked_for_its_day():
    year = 31_536_000
    ann = Profile("ann", consents={"email": NOON - 2 * year, "push": UNDATED, "sms": -(NOON - 2 * year)})

    assert answer(ann, consented="email", before="700d") is True
    assert answer(ann, consented="email", before="730d") is False
    assert answer(ann, consented="email", within="730d") is True
    assert answer(ann, consented="email", between=["1000d", "730d"]) is False
    assert answer(ann, consented="email", since="2025-01-01") is False
    assert answer(ann, consented="push", before="1970-01-02") is True
    assert answer(ann, consented="sms", before="1d") is False
    assert answer(ann, consented="console", before="700d") is True


def test_the_moment_is_told_in_epoch_seconds():
    assert Moment(datetime(1970, 1, 2, tzinfo=UTC), SEOUL).seconds == 86_400


def by_category(*occurrences: tuple[str, int, str]) -> Profile:
    ann = Profile("ann")
    for event, ago, category in occurrences:
        fold(ann, Occurrence(event, NOON - ago, 0, {"category": category}), EventSpec(facets=("category",)))
    return ann


def test_what_was_let_go_leaves_open_what_was_left_undone(monkeypatch):
    monkeypatch.setattr(profiles, "FACET_VALUES_KEPT", 1)
    asked = {"did": "view", "then_not": "buy", "same": "category"}
    ann = by_category(("view", 20, "a"), ("buy", 10, "a"), ("view", 5, "b"))

    assert ann.watermarks == {"view": NOON - 20, "buy": NOON - 10}
    assert answer(ann, **asked) is True
    assert answer(ann, **asked, where={"category": "c"}) is None
    assert answer(ann, **asked, within="2s") is False
    # It may have been b that was bought 20 seconds ago.
    bob = by_category(("view", 30, "b"), ("view", 5, "b"), ("buy", 20, "a"))
    assert answer(bob, **asked, between=["40s", "10s"]) is None
