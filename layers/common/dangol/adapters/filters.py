"""A sieve as DynamoDB's FilterExpression: within AWS's limits, and never narrower than the sieve."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dangol.adapters.fitting import MAX_EXPRESSION, PATHS, fitted, short
from dangol.adapters.items import attribute
from dangol.domain.sieve import (
    ALWAYS,
    NEVER,
    All,
    Check,
    Columns,
    Not,
    Some,
    Subject,
    Test,
)


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
        if not all(map(short, parts)) or _nested(parts):
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
            case relation:
                other = self._path(operand) if isinstance(operand, Subject) else self._value(operand)
                return f"{path} {relation} {other}"

    def _path(self, subject: Subject) -> str:
        name = self._name(subject.name)
        return PATHS[subject.kind].format(name)

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
