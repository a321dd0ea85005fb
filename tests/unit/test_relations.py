"""Each relation of a sieve, on items as DynamoDB holds them: the filter, the quick decision and the rule agree."""

from typing import Any

import pytest

from dangol.adapters.filters import Expression
from dangol.adapters.profiles import write_profile
from dangol.adapters.quick import decision
from dangol.domain.compiling import compiled
from dangol.domain.matching import select
from dangol.domain.profile import History, Profile
from dangol.domain.segment import Segment
from tests.actors import DAY, NOON
from tests.populations import MOMENT
from tests.unit.test_filters import filter_of, may


def bought(name: str, *days: int) -> Profile:
    """Somebody who bought so many days ago, the oldest first."""
    times = tuple(NOON - day * DAY for day in days)
    value = 10_000
    history = History(times[0], times[-1], len(times), value * len(times), times, (value,) * len(times))
    return Profile(name, histories={"buy": history})


PEOPLE = (
    Profile("text", {"plan": "pro yearly"}),
    Profile("list", {"plan": ["pro", 7, True]}),
    Profile("number", {"plan": 7}),
    Profile("none"),
    bought("once", 2),
    bought("often", 9, 3, 1),
    bought("long ago", 40, 30),
)
ASKED: tuple[tuple[dict[str, Any], set[str]], ...] = (
    ({"trait": "plan", "contains": "pro"}, {"text", "list"}),
    ({"trait": "plan", "contains": "year"}, {"text"}),
    ({"trait": "plan", "contains": 7}, {"list"}),
    ({"trait": "plan", "contains": True}, {"list"}),
    ({"trait": "plan", "starts_with": "pro"}, {"text"}),
    ({"trait": "plan", "ends_with": "yearly"}, {"text"}),
    ({"did": "buy", "count": {"gte": 2}, "within": "10d"}, {"often"}),
    ({"did": "buy", "count": {"gte": 1, "lte": 1}, "within": "10d"}, {"once"}),
    ({"did": "buy", "count": {"gte": 2}}, {"often", "long ago"}),
)


@pytest.mark.parametrize("negated", [False, True])
@pytest.mark.parametrize(("told", "meant"), ASKED, ids=[str(told) for told, _ in ASKED])
def test_filter_decision_and_rule_agree(told, meant, negated):
    told = {"none": [told]} if negated else told
    meant = {p.user_id for p in PEOPLE} - meant if negated else meant
    segment = Segment.model_validate(told)
    sieve = compiled(segment, (), MOMENT)
    decide, everybody = decision(sieve), Expression().filter(sieve.may) is None
    stays = (lambda _: True) if everybody else filter_of(sieve.may)

    decided = {p.user_id: decide(write_profile(p)) for p in PEOPLE}

    assert {p.user_id for p in PEOPLE if select(segment, (), p, MOMENT)} == meant
    assert {name for name, sure in decided.items() if sure} <= meant
    assert meant <= {name for name, sure in decided.items() if sure is not False}
    assert meant <= {p.user_id for p in PEOPLE if stays(write_profile(p))}


def test_beginnings_that_are_too_many_for_a_filter_are_left_to_python():
    told = {"all": [{"trait": f"t{n}", "starts_with": "pro"} for n in range(400)]}

    stays = filter_of(may(told))

    assert stays(write_profile(Profile("ann", {f"t{n}": "pro" for n in range(400)})))
    assert not stays(write_profile(Profile("ann")))
