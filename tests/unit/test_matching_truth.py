"""What a profile answers, against a plain list of everything that was done."""

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dangol.domain import profile as profiles
from dangol.domain.matching import Moment, matches
from dangol.domain.profile import Occurrence, Profile, fold
from dangol.domain.project import EventSpec
from dangol.domain.segment import Segment
from tests.actors import NOON, NOW, SEOUL
from tests.populations import LEAVES, MOMENT, SEGMENTS, means, people

TIMED = st.tuples(
    st.sampled_from(["view", "buy"]), st.integers(-4, 24), st.integers(-2, 2), st.sampled_from(["a", "b", "c", "d"])
)
BOUNDS = st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(-3, 6), min_size=1, max_size=2)
QUESTIONS = st.fixed_dictionaries(
    {"did": st.sampled_from(["view", "buy"])},
    optional={
        "within": st.integers(1, 25).map(lambda s: f"{s}s"),
        "count": BOUNDS,
        "value": BOUNDS,
        "then_not": st.sampled_from(["view", "buy"]),
        "where": st.sampled_from([{"category": "a"}, {"category": ["a", "b"]}]),
    },
)


def folded(events: list[tuple[str, int, int, str]], keep: int) -> Profile:
    ann = Profile("ann")
    for event, ago, value, category in events:
        spec = EventSpec(keep=keep, facets=("category",))
        fold(ann, Occurrence(event, NOON - ago, value * 10_000, {"category": category}), spec)
    return ann


def answer(ann: Profile, question: dict[str, Any]) -> bool | None:
    return matches(Segment.model_validate(question), ann, Moment(NOW, SEOUL))


@given(st.lists(TIMED, max_size=14), st.integers(1, 4), QUESTIONS)
def test_little_memory_may_leave_an_answer_open_but_never_makes_it_wrong(events, keep, question):
    with pytest.MonkeyPatch.context() as patch:
        truth = answer(folded(events, 64), question)
        patch.setattr(profiles, "FACET_VALUES_KEPT", 2)
        remembered = answer(folded(events, keep), question)

    assert truth is not None
    assert remembered in (truth, None)


@given(st.lists(TIMED, max_size=14), QUESTIONS)
def test_the_answer_is_what_a_list_of_all_events_says(events, question):
    end, wanted = 0, question.get("where", {}).get("category", "abcd")
    start = int(question.get("within", "99s")[:-1])
    ours = [(ago, value) for e, ago, value, c in events if e == question["did"] and c in wanted and end < ago <= start]
    checks = [(question.get("count", {"gte": 1}), len(ours))]
    checks += [(question["value"], sum(value for _, value in ours))] if "value" in question else []
    true = all(holds(bounds, number) for bounds, number in checks)
    if "then_not" in question:
        since = [ago for e, ago, _, _ in events if e == question["then_not"] and ours and end < ago <= min(ours)[0]]
        true = true and bool(ours) and not since

    assert answer(folded(events, 64), question) is true


def holds(bounds: dict[str, int], number: int) -> bool:
    signs = {"gt": number.__gt__, "gte": number.__ge__, "lt": number.__lt__, "lte": number.__le__}
    return all(signs[name](bound) for name, bound in bounds.items())


def meant(profile: Profile, told: dict[str, Any]) -> bool | None:
    return matches(Segment.model_validate(told), profile, MOMENT)


@settings(max_examples=500)
@given(people(), LEAVES)
def test_a_condition_means_what_its_words_say(person, told):
    assert meant(person.profile(), told) is means(told, person)


@settings(max_examples=300)
@given(people(), SEGMENTS)
def test_a_segment_means_what_its_words_say(person, told):
    assert meant(person.profile(), told) is means(told, person)


@settings(max_examples=500)
@given(people(), LEAVES, st.integers(1, 3))
def test_whatever_was_let_go_no_answer_is_wrong(person, told, keep):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(profiles, "FACET_VALUES_KEPT", 2)
        remembered = meant(person.profile(keep), told)

    assert remembered in (means(told, person), None)
