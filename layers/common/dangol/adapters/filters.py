"""A sieve as DynamoDB's FilterExpression: within AWS's limits, and never narrower than the sieve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dangol.adapters.items import attribute
from dangol.domain.sieve import (
    ALWAYS,
    NEVER,
    All,
    Check,
    Columns,
    Not,
    Scalar,
    Some,
    Subject,
    Test,
    Times,
    all_of,
    checks,
    some_of,
)

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_EXPRESSION: Final = 4_096
MAX_OPERATORS: Final = 300
MAX_VARIABLES: Final = 2 * 1024 * 1024
MAX_IN: Final = 100
MAX_NAME: Final = 255
# Of MAX_VARIABLES; a filter travels with every page.
_MAX_VALUES: Final = 64 * 1024
# Up to here whole numbers and their text mean the same to DynamoDB's decimals and to Python's floats.
_PLAIN_NUMBERS: Final = 2**53
_SMALLEST: Final = 1e-100
# In characters: a placeholder with what separates it from the next; the words of a test, and those that join it.
_ROOM: Final = 6
_EXISTS: Final = 56
_COMPARES: Final = 20


@dataclass(slots=True)
class Expression:
    """Expressions of one request, which share their placeholders."""

    names: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    _named: dict[str, str] = field(default_factory=dict)
    _valued: dict[str, str] = field(default_factory=dict)

    def filter(self, test: Test) -> str | None:
        """The FilterExpression of a test, None where it lets everybody through."""
        fitting = fitted(test)
        if fitting == ALWAYS:
            return None
        # Every profile has a `rev`.
        return "attribute_not_exists(rev)" if fitting == NEVER else self._text(fitting)

    def projection(self, columns: Columns) -> str | None:
        """The ProjectionExpression of columns, None for all."""
        if columns.whole:
            return None
        others = ["user_id", *(name for name in ("watermarks", "consents") if getattr(columns, name))]
        maps = {"did": columns.events, "traits": columns.traits}
        paths = [path for within, parts in maps.items() for path in self._parts(within, sorted(parts))]
        text = ", ".join([*others, *paths])
        return text if len(text) <= MAX_EXPRESSION else ", ".join([*others, *maps])

    def _parts(self, within: str, parts: Sequence[str]) -> list[str]:
        if not all(map(_short, parts)) or _nested(parts):
            return [within]
        return [f"{within}.{self._name(part)}" for part in parts]

    def _text(self, test: Test) -> str:
        match test:
            case Check():
                return self._check(test)
            case Not():
                return f"NOT {self._check(test.check)}"
            case All():
                return f"({' AND '.join(map(self._text, test.parts))})"
            case Some():
                return f"({' OR '.join(map(self._text, test.parts))})"

    def _check(self, check: Check) -> str:
        path, operand = self._path(check.subject), check.operand
        match check.relation:
            case "exists" if check.subject.kind == "trait":
                return f"(attribute_exists({path}) AND NOT attribute_type({path}, {self._value('NULL')}))"
            case "exists":
                return f"attribute_exists({path})"
            case "in":
                assert isinstance(operand, tuple)  # noqa: S101 - what `in` is made with
                return f"{path} IN ({', '.join(map(self._value, operand))})"
            case "contains":
                return f"contains({path}, {self._value(operand)})"
            case "begins":
                return f"begins_with({path}, {self._value(operand)})"
            case relation:
                other = self._path(operand) if isinstance(operand, Subject) else self._value(operand)
                return f"{path} {relation} {other}"

    def _path(self, subject: Subject) -> str:
        name = self._name(subject.name)
        return _PATHS[subject.kind].format(name)

    def _name(self, name: str) -> str:
        known = self._named.setdefault(name, f"#{len(self._named)}")
        self.names[known] = name
        return known

    def _value(self, value: Any) -> str:  # noqa: ANN401 - any scalar
        # By its words: to Python, true and 1 are the same.
        known = self._valued.setdefault(repr(value), f":{len(self._valued)}")
        self.values[known] = attribute(value)
        return known


def _nested(parts: Sequence[str]) -> bool:
    """Whether a name goes on from another: MiniStack takes `view[category=dev]` for a part of `view`, AWS does not."""
    known = set(parts)
    return any(part[:n] in known for part in parts for n, letter in enumerate(part) if letter in ".[")


_PATHS: Final = {"trait": "traits.{}", "last": "did.{}.l", "gone": "watermarks.{}", "consent": "consents.{}"}


def fitted(test: Test) -> Test:
    """The narrowest test that AWS takes as a filter and that lets everybody through whom `test` does."""
    return _fit(_sayable(test), 1.0)


def _sayable(test: Test) -> Test:
    """Leave out what DynamoDB cannot be asked, or would answer otherwise than Python."""
    match test:
        case All():
            return all_of(map(_sayable, test.parts))
        case Some():
            return some_of(map(_sayable, test.parts))
        case Check(relation="in", operand=tuple(operands)) if len(operands) > MAX_IN:
            parts = [operands[n : n + MAX_IN] for n in range(0, len(operands), MAX_IN)]
            return _sayable(some_of(Check(test.subject, "in", part) for part in parts))
        case Not(check=Check(relation="in", operand=tuple(operands))) if len(operands) > MAX_IN:
            parts = [operands[n : n + MAX_IN] for n in range(0, len(operands), MAX_IN)]
            return _sayable(all_of(Not(Check(test.check.subject, "in", part)) for part in parts))
        case Check():
            return test if _known(test) else ALWAYS
        case Not():
            return test if _known(test.check) else ALWAYS


def _known(check: Check) -> bool:
    operand = check.operand
    if isinstance(operand, Times):
        # It stands in the packed history.
        return False
    if isinstance(operand, Subject):
        return _short(operand.name) and _short(check.subject.name)
    operands = operand if isinstance(operand, tuple) else () if operand is None else (operand,)
    return _short(check.subject.name) and all(map(_plain, operands))


def _plain(value: Scalar) -> bool:
    if isinstance(value, str):
        return _encodable(value)
    return value == 0 or _SMALLEST <= abs(value) <= _PLAIN_NUMBERS


def _short(name: str) -> bool:
    return _encodable(name) and len(name.encode()) <= MAX_NAME


def _encodable(text: str) -> bool:
    # A lone surrogate, which YAML may bring in, is no text to DynamoDB.
    return text.isascii() or text == text.encode(errors="ignore").decode()


def _fit(test: Test, room: float) -> Test:
    """Widen a test until its share of what AWS allows is at most `room`."""
    if _share(test) <= room:
        return test
    match test:
        case All():
            return all_of(_most(test.parts, room))
        case Some():
            return some_of(_every(test.parts, room))
        case _:
            return ALWAYS


def _most(parts: Sequence[Test], room: float) -> Iterable[Test]:
    """The small parts first, and of the others what still fits: any of them may be left out."""
    for part in sorted(parts, key=_share):
        fitting = _fit(part, room - _share(ALWAYS))
        if fitting != ALWAYS:
            room -= _share(fitting)
            yield fitting


def _every(parts: Sequence[Test], room: float) -> Iterable[Test]:
    """Each part within its share of the room: leaving one out would lose people."""
    for done, part in enumerate(sorted(parts, key=_share)):
        fitting = _fit(part, room / (len(parts) - done))
        room -= _share(fitting)
        yield fitting


def _share(test: Test) -> float:
    """How much of what AWS allows a test takes up, with the word that joins it to the next."""
    match test:
        case All() | Some():
            return _weight(2, 0, 0) + sum(map(_share, test.parts))
        case Not():
            return _weight(4, 1, 0) + _share(test.check)
        case Check():
            return _check_share(test)


def _check_share(check: Check) -> float:
    operands = check.operand if isinstance(check.operand, tuple) else (check.operand,)
    texts = [operand.name if isinstance(operand, Subject) else str(operand) for operand in operands]
    size = len(check.subject.name.encode()) + sum(len(text.encode()) for text in texts)
    path = len(_PATHS[check.subject.kind]) + _ROOM
    if check.relation == "exists":
        return _weight(_EXISTS + 2 * path, 4, size)
    others = [len(_PATHS[o.kind]) if isinstance(o, Subject) else 0 for o in operands]
    return _weight(_COMPARES + path + sum(others) + _ROOM * len(operands), 2, size)


def _weight(length: int, operators: int, size: int) -> float:
    return max(length / MAX_EXPRESSION, operators / MAX_OPERATORS, size / _MAX_VALUES)


def exactly_said(test: Test) -> bool:
    """Whether the filter of a test says all of it, so that who passes can be counted without being read."""
    return all(map(_known, checks(test))) and _share(test) <= 1.0
