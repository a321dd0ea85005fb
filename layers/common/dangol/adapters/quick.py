"""A sieve on items as they come from the wire: most people are decided without reading their profile.

A decision is written out as Python and compiled, since a million of them are made: closures took three times as long.
Nothing of a segment stands in that source; names and values are handed to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import Any, Final

from dangol.adapters.histories import read_history
from dangol.adapters.items import Item, plain
from dangol.domain.profile import NOTHING, Tally
from dangol.domain.sieve import All, Check, Not, Sieve, Some, Subject, Test, Times, checks

Decide = Callable[[Item], bool | None]
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_MAPS: Final = {"trait": "traits", "last": "did", "gone": "watermarks", "consent": "consents"}
_READ: Final = {"last": 'int({0}["M"]["l"]["N"])', "trait": "plain({0})"}
_WHOLE_NUMBERS: Final = frozenset({"last", "gone", "consent"})


def decision(sieve: Sieve) -> Decide:
    """How to decide an item: False where it is not selected, True where it is, None where it must be read."""
    source = _Source()
    lines = ["def decide(found):"]
    for part in _cheapest_first(sieve.may):
        stays = source.condition(part)
        lines += [*source.taken(), f"if not {stays}: return False"]
    certain = source.condition(sieve.must)
    written = "\n    ".join([*lines, *source.taken(), f"return True if {certain} else None"])
    exec(compile(written, "<decision>", "exec"), source.known)  # noqa: S102 - made of placeholders alone
    decide: Decide = source.known["decide"]
    return decide


def _cheapest_first(test: Test) -> Sequence[Test]:
    """The parts that must all hold; those that unpack a history come last."""
    parts = test.parts if isinstance(test, All) else (test,)
    return sorted(parts, key=lambda part: any(isinstance(check.operand, Times) for check in checks(part)))


@dataclass(slots=True)
class _Source:
    """Lines of Python, and what their placeholders stand for."""

    known: dict[str, Any] = field(default_factory=lambda: {"nothing": {"M": {}}, "plain": plain})
    _lines: list[str] = field(default_factory=list)
    _places: dict[Subject | str, str] = field(default_factory=dict)

    def taken(self) -> list[str]:
        """The lines since the last time, which what was said since then needs before it."""
        lines, self._lines = self._lines, []
        return lines

    def condition(self, test: Test) -> str:
        """A test as a Python expression."""
        if isinstance(test, Check):
            return self._check(test)
        if isinstance(test, Not):
            return f"not {self._check(test.check)}"
        word, empty = (" or ", "False") if isinstance(test, Some) else (" and ", "True")
        return f"({word.join(map(self.condition, test.parts)) or empty})"

    def _check(self, check: Check) -> str:
        if isinstance(check.operand, Times):
            raw = self._raw(check.subject)
            tally = self._tally(check.subject, check.operand)
            which = "least" if check.relation == "surely" else "most"
            return f"({raw} is not None and {tally}({raw}).{which} >= {self._name(check.operand.number)})"
        value = self._value(check.subject)
        if check.relation == "exists":
            return f"({value} is not None)"
        if isinstance(check.operand, Subject):
            other = self._value(check.operand)
            return f"({value} is not None and {other} is not None and {value} {check.relation} {other})"
        operand = self._name(check.operand)
        if check.subject.kind in _WHOLE_NUMBERS:
            return f"({value} is not None and {value} {check.relation} {operand})"
        return f"({value} is not None and {self._name(_RELATIONS[check.relation])}({value}, {operand}))"

    def _value(self, subject: Subject) -> str:
        if subject not in self._places:
            raw = self._raw(subject)
            place = self._places[subject] = f"value{len(self._places)}"
            read = _READ.get(subject.kind, 'int({0}["N"])').format(raw)
            self._lines.append(f"{place} = None if {raw} is None else {read}")
        return self._places[subject]

    def _raw(self, subject: Subject) -> str:
        within = _MAPS[subject.kind]
        if within not in self._places:
            self._places[within] = within
            self._lines.append(f'{within} = found.get("{within}", nothing)["M"]')
        key = f"{within} {subject.name}"
        if key not in self._places:
            place = self._places[key] = f"raw{len(self._places)}"
            self._lines.append(f"{place} = {within}.get({self._name(subject.name)})")
        return self._places[key]

    def _tally(self, subject: Subject, times: Times) -> str:
        key = f"tally {times.start} {times.end} {subject.name}"
        if key not in self._places:
            self._places[key] = self._name(_Tallied(times.start, times.end))
        return self._places[key]

    def _name(self, value: Any) -> str:  # noqa: ANN401 - anything that a check compares with
        name = f"known{len(self.known)}"
        self.known[name] = value
        return name


@dataclass(slots=True)
class _Tallied:
    """How often something was done in a window; the last answer is kept, since both bounds ask for it."""

    start: int | None
    end: int
    _raw: Item | None = None
    _tally: Tally = NOTHING

    def __call__(self, raw: Item) -> Tally:
        if raw is not self._raw:
            self._raw, self._tally = raw, read_history(raw["M"]).within(self.start, self.end)
        return self._tally


def _same(value: object, operand: object) -> bool:
    return isinstance(value, bool) is isinstance(operand, bool) and value == operand


def _compares(relation: str) -> Callable[[Any, Any], bool]:
    compare = _COMPARE[relation]

    def ask(value: object, operand: object) -> bool:
        if isinstance(operand, str):
            return isinstance(value, str) and compare(value, operand)
        return isinstance(value, int | float) and not isinstance(value, bool) and compare(value, operand)

    return ask


def _contains(value: object, operand: object) -> bool:
    if isinstance(value, list):
        return any(_same(item, operand) for item in value)
    return isinstance(value, str) and isinstance(operand, str) and operand in value


_RELATIONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "=": _same,
    "in": lambda value, operand: any(_same(value, one) for one in operand),
    "contains": _contains,
    "begins": lambda value, operand: isinstance(value, str) and value.startswith(operand),
    **{relation: _compares(relation) for relation in _COMPARE},
}
