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

LISTS = {"vip": 0, "back": 4}
MOMENT = Moment(NOW, SEOUL, LISTS)
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
# Without a date, and within the windows that are asked about.
CONSENTS = st.one_of(st.sampled_from([5, -5]), st.integers(-3, 20).map(lambda ago: NOON - ago))
TRAITS = ["plan", "points", "since", "email"]


@dataclass
class Person:
    """All that is true of somebody; events are (name, seconds ago, value, category)."""

    user_id: str
    traits: dict[str, Any] = field(default_factory=dict)
    events: list[tuple[str, int, int, str]] = field(default_factory=list)
    consents: dict[str, int] = field(default_factory=dict)
    lists: dict[str, int] = field(default_factory=dict)

    def profile(self, keep: int = 64) -> Profile:
        """What the table holds of it."""
        profile = Profile(self.user_id, traits=dict(self.traits), consents=dict(self.consents), lists=dict(self.lists))
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
        draw(st.dictionaries(st.sampled_from(["email", "sms"]), CONSENTS, max_size=2)),
        draw(st.dictionaries(st.sampled_from([*LISTS]), st.sampled_from([5, 4, 3, -5]), max_size=2)),
    )


BOUNDS = st.dictionaries(st.sampled_from(["gt", "gte", "lt", "lte"]), st.integers(-2, 4), min_size=1, max_size=2)
WITHIN = st.integers(1, 22).map(lambda seconds: f"{seconds}s")
BETWEEN = st.tuples(st.integers(1, 22), st.integers(0, 10)).map(lambda ends: [f"{sum(ends) + 1}s", f"{ends[0]}s"])
WINDOW: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    WITHIN.map(lambda told: {"within": told}),
    WITHIN.map(lambda told: {"since": told}),
    BETWEEN.map(lambda told: {"between": told}),
    st.sampled_from([{"during": "today"}, {"during": "yesterday"}]),
)
WHERE = st.sampled_from(
    [
        {"category": "a"},
        {"category": ["a", "b"]},
        {"category": {"not": "a"}},
        {"category": {"in": ["a", "c"]}},
        {"category": {"starts_with": "b"}},
        {"category": {"gt": 0}},
    ]
)


def windowed(conditions: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """The conditions, with a window or without."""
    return st.tuples(conditions, WINDOW).map(lambda told: told[0] | told[1])


DID = windowed(
    st.fixed_dictionaries(
        {"did": st.sampled_from(EVENTS)},
        optional={
            "count": BOUNDS,
            "value": BOUNDS,
            "then_not": st.sampled_from(EVENTS),
            "where": WHERE,
        },
    )
)
LEFT_UNDONE = windowed(
    st.fixed_dictionaries(
        {"did": st.sampled_from(EVENTS), "then_not": st.sampled_from(EVENTS), "same": st.just("category")},
        optional={"where": WHERE},
    )
)
AT_THE_ENDS = windowed(
    st.one_of(
        *(
            st.fixed_dictionaries({kind: st.sampled_from(EVENTS)}, optional={"where": WHERE})
            for kind in ("last_did", "first_did")
        )
    )
)
DID_NOT = windowed(st.fixed_dictionaries({"did_not": st.sampled_from(EVENTS)}, optional={"where": WHERE}))
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
    LEFT_UNDONE,
    AT_THE_ENDS,
    TRAIT,
    TRAIT,
    st.tuples(CHANNEL, st.one_of(WINDOW, WITHIN.map(lambda told: {"before": told}))).map(
        lambda told: {"consented": told[0], **told[1]}
    ),
    st.fixed_dictionaries({"reachable": CHANNEL}),
    st.fixed_dictionaries({"in_list": st.sampled_from([*LISTS])}),
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
        return _left_undone(node, person) if "same" in node else _did(node, person)
    if "last_did" in node or "first_did" in node:
        return _at_the_end(node, person)
    if "did_not" in node:
        return not _did({**node, "did": node["did_not"]}, person)
    if node.keys() & {"consented", "reachable", "in_list"}:
        return _is(node, person)
    return (
        all(means(one, person) for one in node.get("all", []))
        and ("any" not in node or any(means(one, person) for one in node["any"]))
        and not any(means(one, person) for one in node.get("none", []))
    )


def _is(node: dict[str, Any], person: Person) -> bool:
    if "consented" in node:
        return node["consented"] == "console" or _consents(node, person.consents.get(node["consented"], 0))
    if "reachable" in node:
        traits = {"email": "email", "sms": "phone"}
        return node["reachable"] == "console" or bool(person.traits.get(traits[node["reachable"]]))
    return person.lists.get(node["in_list"], 0) >= max(1, LISTS[node["in_list"]])


def _consents(node: dict[str, Any], said: int) -> bool:
    if "before" in node:
        return 0 < said < NOON - int(node["before"][:-1])
    return said > 0 and (len(node) == 1 or _inside(node, NOON - said))


def _asked(node: dict[str, Any], category: str) -> bool:
    asked = node.get("where", {}).get("category", "abc")
    if not isinstance(asked, dict):
        return category in list(asked)
    if "not" in asked:
        return bool(category != asked["not"])
    if "in" in asked:
        return category in asked["in"]
    return category.startswith(asked.get("starts_with", "?"))


def _inside(node: dict[str, Any], ago: int) -> bool:
    """Whether something so many seconds ago lies in the window; at noon, a day is 43,200 seconds old."""
    if "between" in node:
        return int(node["between"][1][:-1]) < ago <= int(node["between"][0][:-1])
    if "during" in node:
        return 0 < ago <= 43_200 if node["during"] == "today" else 43_200 < ago <= 129_600
    return 0 < ago <= int(node.get("within", node.get("since", "999999s"))[:-1])


def _at_the_end(node: dict[str, Any], person: Person) -> bool:
    event = node.get("last_did") or node.get("first_did")
    ago = [ago for e, ago, _, c in person.events if e == event and _asked(node, c) and ago > 0]
    return bool(ago) and _inside(node, min(ago) if "last_did" in node else max(ago))


def _left_undone(node: dict[str, Any], person: Person) -> bool:
    for category in CATEGORIES:
        mine = [each for each in person.events if each[3] == category]
        once = {key: said for key, said in node.items() if key not in ("same", "where")}
        if _asked(node, category) and _did(once, Person("one of these", events=mine)):
            return True
    return False


def _did(node: dict[str, Any], person: Person) -> bool:
    ours = [(ago, value) for e, ago, value, c in person.events if e == node["did"] and _asked(node, c)]
    ours = [(ago, value) for ago, value in ours if _inside(node, ago)]
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
