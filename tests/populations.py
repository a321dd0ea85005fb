"""Random people and random segments, and whom a segment means, said as plainly as can be."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from dangol.domain.matching import Moment
from dangol.domain.profile import Occurrence, Profile, fold
from dangol.domain.project import EventSpec
from dangol.domain.quantities import parse_duration
from tests.actors import NOON, NOW, SEOUL

MOMENT = Moment(NOW, SEOUL)
EVENTS = ["view", "cart", "buy"]
CATEGORIES = ["a", "b", "c"]
TEXTS = ["pro", "free", "p", "1", "true", "서울", "프로"]
NUMBERS = [0, 1, 2, -1, 1.5, 10, 9_007_199_254_740_993, 1e100]
DATES = [
    "2026-12-01",
    "2026-12-01T12:00:00",
    "2026-11-30T23:59:59+09:00",
    "20261130",
    "2026-W49-2",
    "2025-12-01T00:00:00Z",
    "2027-01-01",
    "20250101",
    "2026-W01-1",
    "someday",
]
SCALARS = st.sampled_from([*TEXTS, *NUMBERS, True, False])
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.sampled_from([*DATES, NOON - 86_400, None, "", {"x": 1}]))
TRAITS = ["plan", "points", "since", "email"]


@dataclass
class Person:
    """All that is true of somebody; events are (name, seconds ago, value, category)."""

    user_id: str
    traits: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, int, int, str]] = field(default_factory=list)
    consents: dict[str, int] = field(default_factory=dict)

    def profile(self, keep: int = 64) -> Profile:
        """What the table holds of it."""
        profile = Profile(self.user_id, traits=dict(self.traits), consents=dict(self.consents))
        for event, ago, value, category in self.events:
            spec = EventSpec(keep=keep, facets=("category",))
            fold(profile, Occurrence(event, NOON - ago, value * 10_000, {"category": category}), spec)
        return profile


@st.composite
def people(draw: st.DrawFn, user_id: str = "ann") -> Person:
    """Somebody; a few of their events lie after the moment that is asked about."""
    event = st.tuples(st.sampled_from(EVENTS), st.integers(-3, 20), st.integers(-2, 2), st.sampled_from(CATEGORIES))
    return Person(
        user_id,
        draw(st.dictionaries(st.sampled_from(TRAITS), VALUES, max_size=4)),
        draw(st.lists(event, max_size=10)),
        draw(st.dictionaries(st.sampled_from(["email", "sms"]), st.sampled_from([5, -5]), max_size=2)),
    )


BOUNDS = st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(-2, 4), min_size=1, max_size=2)
WITHIN = st.integers(1, 22).map(lambda seconds: f"{seconds}s")
WHERE = st.sampled_from([{"category": "a"}, {"category": ["a", "b"]}])
DID = st.fixed_dictionaries(
    {"did": st.sampled_from(EVENTS)},
    optional={
        "within": WITHIN,
        "count": BOUNDS,
        "value": BOUNDS,
        "then_not": st.sampled_from(EVENTS),
        "where": WHERE,
    },
)
DID_NOT = st.fixed_dictionaries({"did_not": st.sampled_from(EVENTS)}, optional={"within": WITHIN, "where": WHERE})
MOMENTS = st.sampled_from(["2026-12-01", "2026-11-30T23:59:59+09:00", "30d", "365d", "1d", "1000-01-01"])
COMPARISONS = st.one_of(
    st.fixed_dictionaries({"is": SCALARS}),
    st.fixed_dictionaries({"not": SCALARS}),
    st.fixed_dictionaries({"in": st.lists(SCALARS, min_size=1, max_size=4)}),
    *(st.fixed_dictionaries({name: st.sampled_from(NUMBERS)}) for name in ("gt", "gte", "lt", "lte")),
    st.tuples(st.integers(-2, 3), st.integers(0, 9)).map(lambda ends: {"between": [ends[0], ends[0] + ends[1]]}),
    st.fixed_dictionaries({"contains": SCALARS}),
    *(st.fixed_dictionaries({name: st.sampled_from(TEXTS)}) for name in ("starts_with", "ends_with")),
    st.fixed_dictionaries({"exists": st.booleans()}),
    *(st.fixed_dictionaries({name: MOMENTS}) for name in ("before", "after")),
)
TRAIT = st.tuples(st.sampled_from(TRAITS), COMPARISONS).map(lambda told: {"trait": told[0], **told[1]})
CHANNEL = st.sampled_from(["email", "sms", "console"])
LEAVES = st.one_of(
    DID,
    DID,
    DID_NOT,
    TRAIT,
    TRAIT,
    st.fixed_dictionaries({"consented": CHANNEL}),
    st.fixed_dictionaries({"reachable": CHANNEL}),
)


def _groups(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    parts = st.lists(inner, max_size=3)
    return st.dictionaries(st.sampled_from(["all", "any", "none"]), parts, min_size=1, max_size=2)


SEGMENTS = _groups(st.recursive(LEAVES, _groups, max_leaves=6))


def means(node: dict[str, Any], person: Person) -> bool:
    """Whether a segment, as written in YAML, means somebody, as of the moment."""
    if "trait" in node:
        return _compares(node, person.traits.get(node["trait"]))
    if "did" in node:
        return _did(node, person)
    if "did_not" in node:
        return not _did({**node, "did": node["did_not"]}, person)
    if "consented" in node:
        return node["consented"] == "console" or person.consents.get(node["consented"], 0) > 0
    if "reachable" in node:
        traits = {"email": "email", "sms": "phone"}
        return node["reachable"] == "console" or bool(person.traits.get(traits[node["reachable"]]))
    return (
        all(means(one, person) for one in node.get("all", []))
        and ("any" not in node or any(means(one, person) for one in node["any"]))
        and not any(means(one, person) for one in node.get("none", []))
    )


def _did(node: dict[str, Any], person: Person) -> bool:
    categories = node.get("where", {}).get("category", "abc")
    start = int(node.get("within", "999s")[:-1])
    ours = [(ago, value) for e, ago, value, c in person.events if e == node["did"] and c in categories]
    ours = [(ago, value) for ago, value in ours if 0 < ago <= start]
    if not _bounded(node.get("count", {"gte": 1}), len(ours)):
        return False
    if "value" in node and not _bounded(node["value"], sum(value for _, value in ours)):
        return False
    if "then_not" not in node:
        return True
    return bool(ours) and not any(e == node["then_not"] and 0 < ago <= min(ours)[0] for e, ago, _, _ in person.events)


def _bounded(bounds: dict[str, Any], number: float) -> bool:
    signs = {"gt": number.__gt__, "gte": number.__ge__, "lt": number.__lt__, "lte": number.__le__}
    return all(signs[name](bound) for name, bound in bounds.items())


def _equal(one: Any, other: Any) -> bool:
    return (type(one) is bool) == (type(other) is bool) and one == other


def _compares(node: dict[str, Any], value: Any) -> bool:
    (operator,) = set(node) - {"trait"}
    operand = node[operator]
    if operator == "exists":
        return (value is not None) is bool(operand)
    if operator in ("before", "after"):
        return _dated(operator, operand, value)
    number = type(value) in (int, float)
    plain: dict[str, Any] = {
        "is": lambda: _equal(value, operand),
        "not": lambda: not _equal(value, operand),
        "in": lambda: any(_equal(value, one) for one in operand),
        "gt": lambda: number and value > operand,
        "gte": lambda: number and value >= operand,
        "lt": lambda: number and value < operand,
        "lte": lambda: number and value <= operand,
        "between": lambda: number and operand[0] <= value <= operand[1],
        "contains": lambda: _contains(value, operand),
        "starts_with": lambda: type(value) is str and value.startswith(operand),
        "ends_with": lambda: type(value) is str and value.endswith(operand),
    }
    return bool(plain[operator]())


def _contains(value: Any, operand: Any) -> bool:
    if type(value) is list:
        return any(_equal(one, operand) for one in value)
    return type(value) is str and str(operand) in value


def _dated(operator: str, operand: str, value: Any) -> bool:
    try:
        theirs = datetime.fromtimestamp(value, UTC) if type(value) in (int, float) else datetime.fromisoformat(value)
    except (ValueError, TypeError, OverflowError, OSError):
        return False
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=SEOUL)
    edge = NOW - parse_duration(operand) if operand.endswith("d") else datetime.fromisoformat(operand)
    edge = edge if edge.tzinfo else edge.replace(tzinfo=SEOUL)
    return bool(theirs < edge) is (operator == "before")
