"""What a few stored attributes tell of a person: two conditions that hold a rule between them.

Whoever fails `may` is not selected; whoever passes `must` is. Between the two, the whole profile decides. Both are
two-valued, so that a store can filter by them; an answer that is not known lies between the two by itself.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

Scalar = str | int | float | bool
Kind = Literal["trait", "last", "gone", "consent"]
Relation = Literal["exists", "=", "in", "<", "<=", ">", ">=", "contains", "begins", "surely", "possibly"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A stored attribute: a trait, the `last` time of an event key, or the time of a consent, in epoch seconds.

    `gone` is the time up to which facet values of an event may have been let go.
    """

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Times:
    """At least `number` occurrences in `[start, end)`; without `start`, ever before `end`."""

    start: int | None
    end: int
    number: float


@dataclass(frozen=True, slots=True)
class Check:
    """One test of a stored attribute; false where there is no such attribute, or one of another type.

    `exists` is false for a null. `contains` asks text for a part and a list for an element.
    Of a history, `surely` asks for what was kept of it, `possibly` takes in what was dropped.
    """

    subject: Subject
    relation: Relation
    operand: "Scalar | Subject | Times | tuple[Scalar, ...] | None" = None


@dataclass(frozen=True, slots=True)
class Not:
    """The complement of a check."""

    check: Check


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; without parts always true."""

    parts: tuple["Test", ...] = ()


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part holds; without parts never true."""

    parts: tuple["Test", ...] = ()


Test = Check | Not | All | Some
ALWAYS: Final = All()
NEVER: Final = Some()


def all_of(parts: Iterable[Test]) -> Test:
    """Every one of `parts`, in as few words as they need."""
    flat = _flat(parts, All)
    if NEVER in flat:
        return NEVER
    return flat[0] if len(flat) == 1 else All(flat)


def some_of(parts: Iterable[Test]) -> Test:
    """At least one of `parts`, in as few words as they need."""
    flat = _flat(parts, Some)
    if ALWAYS in flat:
        return ALWAYS
    return flat[0] if len(flat) == 1 else Some(flat)


def _flat(parts: Iterable[Test], kind: type[All] | type[Some]) -> tuple[Test, ...]:
    found: dict[str, Test] = {}
    for part in parts:
        # By its words: to Python, true and 1 are the same.
        found |= {repr(inner): inner for inner in (part.parts if isinstance(part, kind) else (part,))}
    return tuple(found.values())


def negate(test: Test) -> Test:
    """The complement; only checks stand under a `Not`, so that leaving any part out widens a test."""
    match test:
        case Check():
            return Not(test)
        case Not():
            return test.check
        case All():
            return some_of(map(negate, test.parts))
        case _:
            return all_of(map(negate, test.parts))


def passes(test: Test, ask: Callable[[Check], bool]) -> bool:
    """Answer a test where `ask` answers its checks."""
    match test:
        case Check():
            return ask(test)
        case Not():
            return not ask(test.check)
        case All():
            return all(passes(part, ask) for part in test.parts)
        case _:
            return any(passes(part, ask) for part in test.parts)


def checks(test: Test) -> Iterator[Check]:
    """Every check within a test."""
    match test:
        case Check():
            yield test
        case Not():
            yield test.check
        case _:
            for part in test.parts:
                yield from checks(part)


@dataclass(frozen=True, slots=True)
class Sieve:
    """A rule's two bounds; `exact` where they are one, so that nobody is left to decide."""

    may: Test
    must: Test

    @property
    def exact(self) -> bool:
        """Whether passing alone tells who is selected."""
        return self.may == self.must

    def __invert__(self) -> "Sieve":
        return Sieve(negate(self.must), negate(self.may))

    @classmethod
    def every(cls, sieves: Iterable["Sieve"]) -> "Sieve":
        """The bounds of rules that must all hold."""
        given = tuple(sieves)
        return cls(all_of(s.may for s in given), all_of(s.must for s in given))

    @classmethod
    def some(cls, sieves: Iterable["Sieve"]) -> "Sieve":
        """The bounds of rules of which one must hold."""
        given = tuple(sieves)
        return cls(some_of(s.may for s in given), some_of(s.must for s in given))


# Nothing is told: everybody is read.
OPEN: Final = Sieve(ALWAYS, NEVER)


def exactly(test: Test) -> Sieve:
    """The bounds of a rule that `test` says in full."""
    return Sieve(test, test)


@dataclass(frozen=True, slots=True)
class Columns:
    """The attributes that somebody's rule and message ask for; `whole` where that cannot be told beforehand."""

    traits: frozenset[str] = frozenset()
    events: frozenset[str] = frozenset()
    watermarks: bool = False
    consents: bool = False
    whole: bool = False

    def __or__(self, other: "Columns") -> "Columns":
        return Columns(
            self.traits | other.traits,
            self.events | other.events,
            self.watermarks or other.watermarks,
            self.consents or other.consents,
            self.whole or other.whole,
        )
