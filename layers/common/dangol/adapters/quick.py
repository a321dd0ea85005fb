"""A sieve on items as they come from the wire: most people are decided without reading their profile."""

from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any, Final

from dangol.adapters.items import Item, plain
from dangol.domain.sieve import All, Check, Not, Sieve, Some, Subject, Test

Decide = Callable[[Item], bool | None]
_Ask = Callable[[Item], bool]
_NOTHING: Final[Item] = {"M": {}}
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
_MAPS: Final = {"trait": "traits", "last": "did", "gone": "watermarks", "consent": "consents"}


def decision(sieve: Sieve) -> Decide:
    """How to decide an item: False where it is not selected, True where it is, None where it must be read."""
    may, must = _asking(sieve.may), _asking(sieve.must)

    def decide(found: Item) -> bool | None:
        if not may(found):
            return False
        return True if must(found) else None

    return decide


def _asking(test: Test) -> _Ask:
    match test:
        case Check():
            return _check(test)
        case Not():
            ask = _check(test.check)
            return lambda found: not ask(found)
        case All():
            return _all([_asking(part) for part in test.parts])
        case Some():
            return _some([_asking(part) for part in test.parts])


def _all(asks: list[_Ask]) -> _Ask:
    if not asks:
        return lambda _: True

    def ask(found: Item) -> bool:
        for part in asks:  # noqa: SIM110 - a generator for each person costs more than the answers
            if not part(found):
                return False
        return True

    return ask


def _some(asks: list[_Ask]) -> _Ask:
    if not asks:
        return lambda _: False

    def ask(found: Item) -> bool:
        for part in asks:  # noqa: SIM110 - a generator for each person costs more than the answers
            if part(found):
                return True
        return False

    return ask


def _check(check: Check) -> _Ask:
    if check.subject.kind == "last" and check.relation in (">=", "<") and isinstance(check.operand, int):
        return _last(check.subject.name, check.relation, check.operand)
    read, operand, relation = _reader(check.subject), check.operand, check.relation
    if isinstance(operand, Subject):
        other, compare = _reader(operand), _COMPARE[relation]

        def ask_both(found: Item) -> bool:
            ours, theirs = read(found), other(found)
            return ours is not None and theirs is not None and compare(ours, theirs)

        return ask_both
    holds = _RELATIONS[relation]

    def ask(found: Item) -> bool:
        value = read(found)
        return value is not None and holds(value, operand)

    return ask


def _last(key: str, relation: str, bound: int) -> _Ask:
    """The most frequent question, in as few steps as it takes."""
    if relation == ">=":

        def since(found: Item) -> bool:
            known = found.get("did", _NOTHING)["M"].get(key)
            return known is not None and int(known["M"]["l"]["N"]) >= bound

        return since

    def before(found: Item) -> bool:
        known = found.get("did", _NOTHING)["M"].get(key)
        return known is not None and int(known["M"]["l"]["N"]) < bound

    return before


def _reader(subject: Subject) -> Callable[[Item], Any]:
    name, within, packed = subject.name, _MAPS[subject.kind], subject.kind == "last"

    def read(found: Item) -> Any:  # noqa: ANN401 - a trait may be anything
        known = found.get(within, _NOTHING)["M"].get(name)
        if known is None:
            return None
        return int(known["M"]["l"]["N"]) if packed else plain(known)

    return read


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
    "exists": lambda _value, _operand: True,
    "=": _same,
    "in": lambda value, operand: any(_same(value, one) for one in operand),
    "contains": _contains,
    "begins": lambda value, operand: isinstance(value, str) and value.startswith(operand),
    **{relation: _compares(relation) for relation in _COMPARE},
}
