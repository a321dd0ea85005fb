"""Counting and explaining a segment, with the people in memory."""

from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from cli.commands.explain import render
from cli.counting import Inquiry, count, size
from cli.explaining import explain
from cli.main import dangol
from cli.prices import read_cost
from cli.words import words
from dangol.domain.errors import DefinitionError
from dangol.domain.profile import History, Profile
from dangol.domain.segment import Segment
from tests.actors import DAY, NOON, NOW
from tests.fakes import FakeProfiles
from tests.shop_campaign import project

SHOP = project()


def person(number: int) -> Profile:
    traits = {"plan": "pro" if number % 2 else "free", "email": f"u{number}@example.com"}
    bought = NOON - number * DAY
    histories = {"purchase": History(bought, bought, 1, 0, (bought,), (0,))}
    return Profile(f"u{number}", traits, histories=histories, consents={"email": 5 if number < 4 else -5})


@pytest.fixture
def stack() -> Any:
    profiles = FakeProfiles(*(person(n) for n in range(1, 11)))
    profiles.read_units = 2.5  # type: ignore[attr-defined]
    profiles.size = lambda: 8_192_001  # type: ignore[attr-defined]
    names = {"traits": ["plan", "email"]}
    return SimpleNamespace(
        profiles=profiles,
        catalogue=SimpleNamespace(names=names.__getitem__),
        settings=SimpleNamespace(region="ap-northeast-2"),
    )


def inquiry(told: dict[str, Any], *excluded: dict[str, Any]) -> Inquiry:
    return Inquiry(Segment.model_validate(told), [Segment.model_validate(one) for one in excluded], SHOP, NOW)


def test_a_count_tells_who_can_be_reached_and_how_many_were_looked_at(stack):
    members: list[str] = []

    counted = count(stack, inquiry({"did": "purchase", "within": "5d"}), members.append)

    assert (counted["count"], counted["scanned"], counted["inexact"]) == (5, 10, 0)
    assert counted["reachable"] == {"email": 3}
    assert sorted(members) == ["u1", "u2", "u3", "u4", "u5"]


def test_a_count_s_steps_tell_what_exclusions_take(stack):
    told = {"any": [{"trait": "plan", "is": "pro"}, {"as": "buyers", "did": "purchase", "within": "2d"}]}

    counted = count(stack, inquiry(told, {"trait": "email", "is": "u3@example.com"}))

    assert counted["count"] == 5
    assert counted["steps"] == [{"step": "1", "alone": 5, "added": 5}, {"step": "buyers", "alone": 2, "added": 1}]
    assert counted["excluded"] == [{"segment": "1", "taken": 1}]


@pytest.mark.parametrize(
    ("told", "people"),
    [({"trait": "plan", "is": "pro"}, 5), ({"none": [{"trait": "plan", "is": "x"}]}, 10), ({"did": "purchase"}, 10)],
)
def test_a_size_is_the_count(stack, told, people):
    counted = size(stack, inquiry(told))

    assert counted["count"] == count(stack, inquiry(told))["count"] == people
    assert set(counted) == {"segment", "at", "count", "inexact", "scanned", "read_units", "seconds"}
    assert counted["scanned"] == 10


def test_a_size_that_the_filter_tells_is_counted_by_the_store(stack):
    stack.profiles.scan = lambda *_: pytest.fail("nobody needs to be read")

    assert size(stack, inquiry({"trait": "plan", "is": "pro"}))["count"] == 5


@pytest.mark.parametrize("ask", [count, size])
def test_a_trait_that_nobody_has_is_refused(stack, ask):
    with pytest.raises(DefinitionError):
        ask(stack, inquiry({"trait": "plam", "is": "pro"}))


def test_a_segment_is_explained(stack):
    told = {"all": [{"did": "purchase", "within": "1d"}, {"trait": "plan", "is": "pro"}]}

    explained = explain(stack, Segment.model_validate(told), SHOP, NOW)

    assert explained == {
        "segment": "inline",
        "at": "2026-12-01T03:00:00+00:00",
        "filter": "(did.#0.l >= :0 AND traits.#1 = :1)",
        "names": {"#0": "purchase", "#1": "plan"},
        "values": {":0": {"N": str(NOON - DAY)}, ":1": {"S": "pro"}},
        "residual": [{"did": "purchase", "within": "1d"}],
        "columns": ["user_id", "did.purchase", "traits.plan"],
        "read_units": 1_001,
        "cost_usd": 0.00013564,
    }


def test_what_the_filter_cannot_say_is_left_to_python_as_a_whole(stack):
    told = {"any": [{"trait": f"t{n}", "is": "x"} for n in range(500)]}

    explained = explain(stack, Segment.model_validate(told), SHOP, NOW)

    assert explained["filter"] is None
    assert explained["residual"] == [told]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_an_explanation_is_printed_for_people(stack, locale):
    told = {"all": [{"did": "purchase", "where": {"category": "dev"}}, {"consented": "email"}]}
    console = Console(record=True, width=200, markup=False, highlight=False)

    render(console, explain(stack, Segment.model_validate(told), SHOP, NOW), words(locale))

    printed = console.export_text()
    assert "attribute_exists(did.#0.l)" in printed
    assert "purchase[category=dev]" in printed
    assert "1,001 ($0.000136)" in printed


def test_everybody_is_read_where_nothing_can_be_filtered_and_no_price_is_made_up(stack):
    stack.settings.region = "mars-1"
    console = Console(record=True, width=200, markup=False, highlight=False)

    render(console, explain(stack, Segment.model_validate({"all": []}), SHOP, NOW), words("en"))

    printed = console.export_text()
    assert "DynamoDB filters by: nothing (everybody is read)" in printed
    assert "Python checks: nothing (the filter says all)" in printed
    assert "$" not in printed
    assert read_cost(8, "mars-1") is None


def test_a_size_names_nobody():
    answer = CliRunner().invoke(dangol, ["segment", "count", "x", "--size", "--members", "members.txt"])

    assert answer.exit_code == 2
    assert "leave out --members" in answer.output
