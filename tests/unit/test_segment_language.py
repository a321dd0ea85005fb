from datetime import timedelta

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from dangol.domain.segment import (
    Bounds,
    DidCondition,
    Group,
    Segment,
    TraitCondition,
    conditions,
    facet_text,
    longest_window,
)


def segment(body):
    return Segment.model_validate(body)


def stored(model):
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


names = st.text("abcdef_", min_size=1, max_size=8)
scalars = st.one_of(names, st.integers(-1000, 1000), st.booleans(), st.floats(-1e6, 1e6))
durations = st.builds(lambda count, unit: f"{count}{unit}", st.integers(1, 500), st.sampled_from("smhdw"))
traits = st.one_of(
    st.fixed_dictionaries({"trait": names, "is": scalars}),
    st.fixed_dictionaries({"trait": names, "not": scalars}),
    st.fixed_dictionaries({"trait": names, "in": st.lists(scalars, min_size=1, max_size=3)}),
    st.fixed_dictionaries({"trait": names, "gte": st.floats(-1e6, 1e6)}),
    st.fixed_dictionaries({"trait": names, "between": st.just([1, 2])}),
    st.fixed_dictionaries({"trait": names, "exists": st.booleans()}),
    st.fixed_dictionaries({"trait": names, "before": st.one_of(durations, st.just("2026-12-01"))}),
)
behaviours = st.fixed_dictionaries(
    {"did": names},
    optional={
        "where": st.dictionaries(names, st.one_of(scalars, st.lists(scalars, min_size=1, max_size=2)), max_size=1),
        "within": durations,
        "count": st.fixed_dictionaries({"gte": st.integers(0, 60)}),
        "value": st.fixed_dictionaries({"lt": st.integers(0, 1000)}),
        "then_not": names,
        "as": names,
    },
)
leaves = st.one_of(
    traits,
    behaviours,
    st.fixed_dictionaries({"did_not": names}, optional={"within": durations}),
    st.fixed_dictionaries({"consented": st.sampled_from(["email", "sms"])}),
    st.fixed_dictionaries({"reachable": st.just("push")}),
)
trees = st.recursive(
    leaves,
    lambda inner: st.fixed_dictionaries(
        {"any": st.lists(inner, max_size=3)},
        optional={"all": st.lists(inner, max_size=3), "none": st.lists(inner, max_size=3), "as": names},
    ),
    max_leaves=8,
)


@given(trees)
def test_every_segment_survives_being_stored(tree):
    rule = segment(tree)

    assert segment(stored(rule)) == rule
    assert Segment.model_validate_json(rule.model_dump_json(by_alias=True, exclude_unset=True)) == rule


def test_a_segment_may_be_a_single_condition_with_a_title():
    rule = segment({"title": "산 사람", "did": "purchase", "within": "30d"})

    assert rule.title == "산 사람"
    assert rule.all_ == (DidCondition(did="purchase", within="30d"),)


def test_a_segment_read_already_is_taken_as_it_is():
    rule = segment({"did": "purchase"})

    assert Segment.model_validate(rule) is rule


def test_groups_and_conditions_are_told_apart_when_they_are_models_already():
    inner = Group(any_=(TraitCondition(trait="plan", is_="pro"),))

    assert segment({"all": [inner]}).all_ == (inner,)


def test_groups_nest_as_deep_as_one_likes():
    tree: dict[str, object] = {"trait": "plan", "is": "pro"}
    for _ in range(50):
        tree = {"all": [tree]}

    assert len(conditions(segment(tree))) == 51


def test_labelled_branches_are_those_of_the_top_any():
    rule = segment({"any": [{"as": "찜", "did": "wish"}, {"did": "view"}, {"all": [{"as": "x", "did": "buy"}]}]})

    assert [branch.label for branch in rule.branches()] == ["찜"]
    assert segment({"all": []}).branches() == ()


def test_the_longest_window_is_the_furthest_look_back():
    rule = segment({"any": [{"did": "view", "within": "30d"}, {"none": [{"did_not": "buy", "within": "365d"}]}]})

    assert longest_window(rule) == timedelta(days=365)
    assert longest_window(segment({"trait": "plan", "is": "pro"})) == timedelta(0)


@pytest.mark.parametrize(
    ("condition", "operator", "operand"),
    [
        ({"trait": "plan", "is": "pro"}, "is", "pro"),
        ({"trait": "plan", "not": False}, "not", False),
        ({"trait": "plan", "in": ["a", 1]}, "in", ["a", 1]),
        ({"trait": "age", "between": [20, 30]}, "between", (20, 30)),
        ({"trait": "name", "exists": False}, "exists", False),
    ],
)
def test_a_trait_condition_knows_its_one_operator(condition, operator, operand):
    read = TraitCondition.model_validate(condition)

    assert (read.operator, read.operand) == (operator, operand)


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ({"trait": "plan"}, "exactly one comparison"),
        ({"trait": "plan", "is": "a", "not": "b"}, "exactly one comparison"),
        ({"trait": "plan", "is": None}, "exactly one comparison"),
        ({"trait": "plan", "in": []}, "at least 1"),
        ({"trait": "plan", "is": {"a": 1}}, "is not a value"),
        ({"trait": "age", "between": [30, 20]}, "larger number"),
        ({"trait": "age", "gt": "20"}, "valid number"),
        ({"trait": "age", "gt": float("nan")}, "finite number"),
        ({"trait": "vip", "exists": "yes"}, "valid boolean"),
        ({"trait": "since", "before": "2026-13-01"}, "neither a date nor a time back"),
        ({"trait": "since", "after": "gestern"}, "neither a date nor a time back"),
        ({"did": "buy", "where": {"a": 1, "b": 2}}, "one facet per condition"),
        ({"did": "buy", "where": {"price": {"gte": "1"}}}, "valid number"),
        ({"did": "buy", "where": {"price": {"exists": True}}}, "a facet has no exists"),
        ({"did": "buy", "within": "1d", "since": "2026-01-01"}, "one window is enough"),
        ({"did": "buy", "between": ["90d", "365d"]}, "ends before it begins"),
        ({"did": "buy", "between": ["2026-02-01", "2026-01-01"]}, "ends before it begins"),
        ({"did": "buy", "during": "tomorrow"}, "'today', 'yesterday'"),
        ({"did": "view", "same": "item"}, "same goes with then_not"),
        ({"did": "view", "then_not": "buy", "same": "item", "count": {"gte": 2}}, "asks of each value by itself"),
        ({"did": "view", "then_not": "buy", "same": "item", "where": {"x": 1}}, "let where and same name one facet"),
        ({"received": "launch", "within": "401d"}, "remembered for 400 days"),
        ({"sample": "0%"}, "greater than 0"),
        ({"did": "buy", "where": {"price": []}}, "an empty list matches nobody"),
        ({"did": "buy", "count": {}}, "one of gt, gte, lt, lte"),
        ({"did": "buy", "within": "0d"}, "longer than nothing"),
        ({"did": 3}, "is not text"),
        ({"did": " "}, "is empty"),
        ({"consented": "email", "before": "7d", "within": "7d"}, "one window is enough; take before, or within"),
        ({"consented": "fax"}, "'fax' is not a channel; one of email, sms"),
        ({"title": "nothing"}, "one of all, any, none is needed"),
        ({"all": ["x"]}, "valid dictionary"),
        ({"all": [{"dit": "buy"}]}, "Extra inputs"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_refused(condition, problem):
    with pytest.raises(ValidationError, match=problem):
        segment(condition)


def test_bounds_are_open_or_closed_as_written():
    assert [Bounds(gt=2).hold(n) for n in (2, 3)] == [False, True]
    assert [Bounds(gte=2).hold(n) for n in (1, 2)] == [False, True]
    assert [Bounds(lt=2).hold(n) for n in (1, 2)] == [True, False]
    assert [Bounds(lte=2).hold(n) for n in (2, 3)] == [True, False]


@pytest.mark.parametrize(
    ("bounds", "reach"), [({"gte": 3}, 3), ({"gt": 3}, 4), ({"lt": 3}, 3), ({"lte": 3}, 4), ({"gte": 2, "lte": 5}, 6)]
)
def test_bounds_know_how_many_occurrences_must_be_kept(bounds, reach):
    assert Bounds(**bounds).reach == reach


def test_a_facet_has_one_name_and_the_values_allowed():
    assert DidCondition(did="view", where={"category": ["dev", 3]}).facet() == ("category", ("dev", "3"))
    assert DidCondition(did="view").facet() is None


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (3.0, "3"), (3.5, "3.5"), ("a", "a")])
def test_a_facet_value_is_written_one_way_only(value, text):
    assert facet_text(value) == text
