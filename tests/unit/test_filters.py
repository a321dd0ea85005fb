"""The FilterExpression of a segment: what AWS takes, and never narrower than the segment."""

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dangol.adapters.filters import Expression
from dangol.adapters.fitting import exactly_said, fitted
from dangol.adapters.profiles import write_profile
from dangol.domain.compiling import compiled
from dangol.domain.matching import select
from dangol.domain.profile import Profile
from dangol.domain.segment import Segment
from dangol.domain.sieve import ALWAYS, NEVER, Check, Columns, Not, Subject, Test, all_of, negate, passes, some_of
from tests.fakes.filtering import Filter, ValidationError
from tests.fakes.sieving import asking
from tests.populations import DID, DID_NOT, MOMENT, SEGMENTS, TRAIT, people

PLAN = Subject("trait", "plan")
LONG = "x" * 300


def filter_of(test: Test) -> Filter:
    """The filter as AWS would take it."""
    expression = Expression()
    text = expression.filter(test)
    assert text is not None
    return Filter(text, expression.names, expression.values)


def may(told: dict[str, Any]) -> Test:
    return compiled(Segment.model_validate(told), (), MOMENT).may


@given(people(), SEGMENTS)
def test_a_filter_says_what_the_sieve_says(person, told):
    profile, test = person.profile(), may(told)
    said = fitted(test)

    if said == ALWAYS:
        assert Expression().filter(test) is None
    else:
        assert filter_of(test)(write_profile(profile)) is passes(said, asking(profile))
    assert passes(said, asking(profile)) or not passes(test, asking(profile))


MANY_LEAVES = st.one_of(DID, DID_NOT, TRAIT)
HUGE = st.tuples(
    st.lists(MANY_LEAVES, min_size=1, max_size=6), st.integers(1, 120), st.sampled_from(["all", "any", "none"])
)


def repeated(leaves: list[dict[str, Any]], times: int, top: str) -> dict[str, Any]:
    """So much that AWS would not take it: the same conditions, on other traits and events each time."""
    parts = []
    for n in range(times):
        for leaf in leaves:
            (kind,) = leaf.keys() & {"did", "did_not", "trait"}
            parts.append(leaf | ({kind: f"{leaf[kind]}{n}"} if n else {}))
    groups = [{"any": parts[i : i + 7]} for i in range(0, len(parts), 7)]
    return {top: groups}


@settings(max_examples=40)
@given(people(), HUGE)
def test_a_filter_stays_within_the_limits_and_loses_nobody_whatever_the_segment(person, huge):
    told, profile = repeated(*huge), person.profile()
    segment, expression = Segment.model_validate(told), Expression()

    text = expression.filter(may(told))

    stays = text is None or Filter(text, expression.names, expression.values)(write_profile(profile))
    assert stays or select(segment, (), profile, MOMENT) is False


def test_what_fits_is_kept_of_a_filter_that_is_too_long():
    told = {"all": [{"trait": f"t{n}", "is": "x"} for n in range(500)]}

    said = fitted(may(told))

    assert 30 < len(said.parts) < 500  # type: ignore[union-attr]
    filter_of(may(told))


def test_an_any_that_is_too_long_is_widened_branch_by_branch():
    branches = [{"all": [{"trait": f"t{n}{m}", "is": "x"} for m in range(9)]} for n in range(20)]

    said = fitted(may({"any": branches}))

    assert len(said.parts) == 20  # type: ignore[union-attr]
    filter_of(may({"any": branches}))


def test_an_any_of_too_many_lets_everybody_through():
    assert Expression().filter(may({"any": [{"trait": f"t{n}", "is": "x"} for n in range(500)]})) is None


def test_a_filter_that_nobody_passes_is_one_too():
    assert not filter_of(NEVER)(write_profile(Profile("ann")))


@pytest.mark.parametrize("negated", [False, True])
def test_a_long_list_is_asked_for_a_hundred_at_a_time(negated):
    told = {"trait": "plan", "in": [f"p{n}" for n in range(250)]}
    test = may({"none": [told]} if negated else told)

    stays = filter_of(test)

    for plan in ("p7", "p107", "p249"):
        assert stays(write_profile(Profile("ann", {"plan": plan}))) is not negated
    assert stays(write_profile(Profile("ann", {"plan": "q"}))) is negated


BEGINNINGS = ("pro", "p", "프로", "\ud7ff", "p\U0010ffff", "\U0010ffff")
TEXTS = (
    "",
    "p",
    "pro",
    "프로",
    "프롤",
    "pz",
    "q",
    "\ud7ff",
    "\ud7ff가",
    "\ue000",
    "p\U0010ffff",
    "p\U0010ffffz",
    "\U0010ffff",
)


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_how_a_text_begins_is_asked_for_by_its_place_in_the_order(beginning, negated):
    told = {"trait": "plan", "starts_with": beginning}

    stays = filter_of(may({"none": [told]} if negated else told))

    for plan in TEXTS:
        assert stays(write_profile(Profile("ann", {"plan": plan}))) is (plan.startswith(beginning) is not negated)
    # MiniStack would refuse the scan for `begins_with` and a number.
    for other in (5, True, ["pro"]):
        assert stays(write_profile(Profile("ann", {"plan": other}))) is negated


@pytest.mark.parametrize(
    "check",
    [
        Check(PLAN, ">", 1e300),
        Check(PLAN, "=", 1e-200),
        Check(PLAN, ">", 2**53 + 2),
        Check(PLAN, "in", ("pro", 1e300)),
        Check(PLAN, "=", "\ud800"),
        Check(Subject("trait", LONG), "exists"),
        Check(Subject("last", "\ud800"), "exists"),
        Check(PLAN, "=", Subject("last", LONG)),
        Check(PLAN, "=", "x" * 70_000),
    ],
)
def test_what_dynamodb_cannot_be_asked_is_left_to_python(check):
    other = Check(Subject("last", "buy"), "exists")

    assert fitted(all_of([check, other])) == fitted(all_of([Not(check), other])) == other
    assert fitted(some_of([check, other])) == ALWAYS
    assert not exactly_said(all_of([check, other]))


def test_numbers_are_numbers_and_true_is_not_one():
    stays = filter_of(some_of([Check(PLAN, "=", 1), Check(PLAN, "=", True)]))

    assert [stays(write_profile(Profile("ann", {"plan": plan}))) for plan in (1, True, "1", 2)] == [
        True,
        True,
        False,
        False,
    ]


def test_whether_a_filter_says_all_is_known():
    told = {"none": [{"trait": "plan", "in": [f"p{n}" for n in range(250)]}]}

    assert exactly_said(may(told))
    assert not exactly_said(may({"all": [{"trait": f"t{n}", "is": "x"} for n in range(500)]}))


def test_columns_are_named_one_by_one():
    expression = Expression()
    asked = Columns(frozenset({"plan"}), frozenset({"view[category=dev]"}), watermarks=True, consents=True)

    assert expression.projection(asked) == "user_id, watermarks, consents, did.#0, traits.#1"
    assert expression.names == {"#0": "view[category=dev]", "#1": "plan"}
    assert Expression().projection(Columns(whole=True)) is None


@pytest.mark.parametrize("traits", [frozenset({LONG}), frozenset({f"t{n}" for n in range(900)})])
def test_columns_that_cannot_be_named_come_with_their_maps(traits):
    expression = Expression()

    told = expression.projection(Columns(traits=traits, events=frozenset({"buy"})))

    assert told in ("user_id, did.#0, traits", "user_id, did, traits")


def test_an_event_and_its_facet_come_with_all_that_was_done():
    asked = Columns(events=frozenset({"view", "view[category=dev]"}), traits=frozenset({"plan"}))

    assert Expression().projection(asked) == "user_id, did, traits.#0"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a = :0 AND " * 400 + "a = :0", "4 KB"),
        ("NOT " * 301 + "a = :0", "300"),
        (f"a IN ({', '.join([':0'] * 101)})", "hundred"),
        ("#1 = :0", "nothing"),
        ("a = :1", "nothing"),
        ("name = :0", "reserved"),
        ("a = :0)", "follows"),
        ("a ? :0", "read"),
        ("a = :0 OR", "missing"),
    ],
)
def test_the_double_refuses_what_aws_refuses(text, problem):
    with pytest.raises(ValidationError, match=problem):
        Filter(text, {"#0": "a"}, {":0": {"N": "1"}})


@pytest.mark.parametrize(
    ("names", "values", "problem"),
    [
        ({"#0": "x" * 256}, {}, "255"),
        ({}, {":1": {"S": "x" * 2_100_000}}, "2 MB"),
        ({}, {":1": {"N": "1e126"}}, "range"),
        ({}, {":1": {"N": "1" * 39}}, "digits"),
    ],
)
def test_the_double_refuses_names_and_values_that_aws_refuses(names, values, problem):
    with pytest.raises(ValidationError, match=problem):
        Filter(f"a IN ({', '.join(values or [':0'])})", names, values or {":0": {"N": "1"}})


def test_a_missing_attribute_fails_every_comparison():
    assert not filter_of(Check(PLAN, "<", 3))(write_profile(Profile("ann")))
    assert filter_of(negate(Check(PLAN, "<", 3)))(write_profile(Profile("ann")))
