"""What a segment is compiled to holds the true answer between its two bounds."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import given, strategies as st

from dangol.adapters.profiles import read_profile, write_profile
from dangol.adapters.quick import decision
from dangol.domain import profile as profiles
from dangol.domain.compiling import columns, compiled, residual, sieve
from dangol.domain.condition import Labelled, TraitCondition
from dangol.domain.matching import matches, select
from dangol.domain.profile import Profile
from dangol.domain.segment import DidCondition, Segment
from dangol.domain.sieve import (
    ALWAYS,
    NEVER,
    OPEN,
    Check,
    Columns,
    Not,
    Sieve,
    Subject,
    Times,
    all_of,
    checks,
    negate,
    passes,
    some_of,
)
from tests.actors import NOON
from tests.fakes.sieving import asking, seen
from tests.populations import MOMENT, SEGMENTS, Person, means, people

PLAN = Subject("trait", "plan")


def bounds(told: dict[str, Any]) -> Sieve:
    return compiled(Segment.model_validate(told), (), MOMENT)


@given(people(), SEGMENTS)
def test_the_language_means_what_it_says(person, told):
    assert matches(Segment.model_validate(told), person.profile(), MOMENT) is means(told, person)


@given(people(), SEGMENTS, st.lists(SEGMENTS, max_size=1), st.integers(1, 3), st.booleans())
def test_the_true_answer_lies_between_the_bounds(person, told, excluded, keep, forgetful):
    with pytest.MonkeyPatch.context() as patch:
        if forgetful:
            patch.setattr(profiles, "FACET_VALUES_KEPT", 1)
        profile = person.profile(keep if forgetful else 64)
    segment, taken = Segment.model_validate(told), [Segment.model_validate(one) for one in excluded]

    found = compiled(segment, taken, MOMENT)
    may, must = (passes(test, asking(profile)) for test in (found.may, found.must))

    answer = select(segment, taken, profile, MOMENT)
    assert may or answer is False
    assert answer is True or not must
    assert not found.exact or answer is must is may


@given(people(), SEGMENTS)
def test_items_of_the_wire_are_decided_like_profiles(person, told):
    profile, found = person.profile(), bounds(told)
    may, must = (passes(test, asking(profile)) for test in (found.may, found.must))

    decided = decision(found)(write_profile(profile))

    assert decided is (False if not may else True if must else None)


@given(people(), SEGMENTS)
def test_nothing_but_the_columns_is_needed_for_the_answer(person, told):
    segment, profile = Segment.model_validate(told), person.profile()

    read = seen(read_profile(write_profile(profile)), columns(segment))

    assert matches(segment, read, MOMENT) is matches(segment, profile, MOMENT)


@pytest.mark.parametrize(
    ("told", "exact"),
    [
        ({"trait": "plan", "is": "pro"}, True),
        ({"none": [{"trait": "points", "gt": 3}]}, True),
        ({"trait": "plan", "contains": 3}, False),
        ({"trait": "plan", "ends_with": "o"}, False),
        ({"trait": "since", "before": "30d"}, False),
        ({"consented": "email"}, True),
        ({"reachable": "console"}, True),
        ({"reachable": "email"}, False),
        ({"did": "buy"}, False),
        ({"all": []}, True),
        ({"any": []}, True),
    ],
)
def test_what_stored_attributes_tell_in_full_is_exact(told, exact):
    assert bounds(told).exact is exact


def test_at_least_once_within_a_window_is_the_latest_time():
    found = bounds({"did": "buy", "within": "1d"})

    latest = Subject("last", "buy")
    assert found.may == Check(latest, ">=", NOON - 86_400)
    assert found.must == all_of([found.may, Check(latest, "<", NOON)])


def test_a_facet_that_may_have_been_let_go_is_looked_up():
    found = bounds({"did": "buy", "where": {"category": "a"}, "within": "1d"})

    assert Check(Subject("gone", "buy"), ">=", NOON - 86_400) in found.may.parts  # type: ignore[union-attr]


def test_what_was_not_done_since_any_of_several_values_is_looked_up():
    found = bounds({"did": "buy", "where": {"category": ["a", "b"]}, "within": "1d", "then_not": "refund"})

    assert found.must == NEVER
    assert not found.exact


def test_a_consent_of_a_window_is_two_comparisons():
    said = Subject("consent", "email")

    assert bounds({"consented": "email", "before": "1d"}).may == all_of(
        [Check(said, ">=", 1), Check(said, "<", NOON - 86_400)]
    )
    assert bounds({"consented": "email", "within": "1d"}).exact


def test_somebody_who_did_nothing_may_be_meant():
    found = bounds({"did": "buy", "count": {"lt": 3}})

    bought = Subject("last", "buy")
    thrice = Times(None, NOON, 3)
    assert found.may == Not(Check(bought, "surely", thrice))
    assert found.must == some_of([negate(Check(bought, "exists")), Not(Check(bought, "possibly", thrice))])


def test_a_date_beyond_four_digits_asks_only_whether_there_is_one():
    told = {"trait": "since", "before": "1000-01-01"}

    assert bounds(told).may == Check(Subject("trait", "since"), "exists")


def test_a_trait_inside_another_is_left_to_python():
    assert bounds({"trait": "home.city", "is": "서울"}) == OPEN
    assert bounds({"trait": "home.since", "after": "1d"}) == OPEN
    assert columns(Segment.model_validate({"trait": "home.city", "is": "서울"})).traits == {"home", "home.city"}


class Unheard(Labelled):
    """A kind of condition that nobody has told the compiler of."""

    unheard: str


class Stricter(DidCondition):
    """A kind that is known, with something more."""

    in_the_rain: ClassVar[bool] = True


def test_a_condition_that_is_not_known_is_left_to_python():
    for unknown in (Unheard(unheard="x"), Stricter(did="buy")):
        assert sieve(unknown, MOMENT) == OPEN  # type: ignore[arg-type]
        assert columns(unknown).whole  # type: ignore[arg-type]


def test_a_part_that_is_not_known_leaves_the_condition_to_python(monkeypatch):
    known = "dangol.domain.compiling._UNDERSTOOD"
    understood: dict[type, frozenset[str]] = {Segment: frozenset({"all_"}), DidCondition: frozenset({"did"})}
    monkeypatch.setattr(known, understood)
    asked = DidCondition(did="buy", within=timedelta(days=1))

    assert sieve(asked, MOMENT) == OPEN
    assert sieve(DidCondition(did="buy"), MOMENT) != OPEN
    assert compiled(Segment(all_=(asked,)), (), MOMENT) == OPEN


def test_an_operator_that_is_not_known_is_left_to_python(monkeypatch):
    monkeypatch.setattr(TraitCondition, "operator", "rhymes_with")

    assert bounds({"trait": "plan", "is": "pro"}) == OPEN


def test_true_and_one_are_two_values():
    told = {"any": [{"trait": "plan", "is": 1}, {"trait": "plan", "is": True}]}

    assert bounds(told).may == some_of([Check(PLAN, "=", 1), Check(PLAN, "=", True)])
    assert len(bounds(told).may.parts) == 2  # type: ignore[union-attr]


def test_nothing_is_said_twice():
    one = Check(PLAN, "exists")

    assert all_of([one, all_of([one, one])]) == one
    assert some_of([one, NEVER]) == one
    assert all_of([one, NEVER]) == NEVER
    assert some_of([one, ALWAYS]) == ALWAYS
    assert negate(negate(one)) == one


def test_columns_add_up():
    told = {"all": [{"consented": "sms"}, {"did": "buy", "where": {"category": "a"}, "then_not": "refund"}]}

    assert columns(Segment.model_validate(told)) == Columns(
        events=frozenset({"buy[category=a]", "refund"}), watermarks=True, consents=True
    )


def test_a_profile_without_anything_is_decided_too():
    assert decision(bounds({"did_not": "buy"}))(write_profile(Profile("ann"))) is True


@pytest.mark.parametrize(
    ("count", "least", "most"),
    [
        ({"gt": 1}, 2, None),
        ({"gte": 1.5}, 2, None),
        ({"lt": 2}, None, 2),
        ({"lte": 2}, None, 3),
        ({"gte": -1}, None, None),
    ],
)
def test_how_often_is_asked_of_what_was_kept(count, least, most):
    found = bounds({"did": "buy", "count": count, "within": "1d"})

    asked = {(check.relation, check.operand.number) for check in checks(found.may) if isinstance(check.operand, Times)}
    assert asked == {*([("possibly", least)] if least else []), *([("surely", most)] if most else [])}


def test_what_is_left_to_python_is_told_condition_by_condition():
    told = {"all": [{"trait": "plan", "is": "pro"}, {"any": [{"did": "buy"}, {"consented": "email"}]}]}
    segment = Segment.model_validate(told)

    assert residual(segment, MOMENT) == [DidCondition(did="buy")]
    assert residual(Segment.model_validate({"trait": "plan", "is": "pro"}), MOMENT) == []


def test_what_was_never_done_was_not_followed_by_anything():
    idle = Person("ann")
    told = {"none": [{"did": "cart", "count": {"lte": 4}, "within": "1s", "then_not": "view"}]}

    assert means(told, idle)
    assert passes(bounds(told).may, asking(idle.profile()))


def test_a_list_is_told_in_full():
    told = {"in_list": "back"}

    assert bounds(told) == Sieve.every([Sieve(test := Check(Subject("list", "back"), ">=", 4), test)])
    assert columns(Segment.model_validate(told)) == Columns(lists=True)
