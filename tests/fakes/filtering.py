"""DynamoDB's FilterExpression in Python, with the limits that AWS enforces and the emulators do not."""

import re
from base64 import b64decode
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Item = dict[str, Any]
Ask = Callable[[Item], bool]

MAX_EXPRESSION = 4_096
MAX_OPERATORS = 300
MAX_VARIABLES = 2 * 1024 * 1024
MAX_IN = 100
MAX_NAME = 255
TOKEN = re.compile(r"\s*(<>|<=|>=|[=<>(),.]|[#:]?\w+)")
FUNCTIONS = {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
COUNTED = {"=", "<>", "<", "<=", ">", ">=", "AND", "OR", "NOT", "BETWEEN", "IN", *FUNCTIONS}
# What of DynamoDB's reserved words an attribute here might be called.
RESERVED = {"NAME", "VALUE", "LAST", "FIRST", "COUNT", "DATE", "TIME", "STATE", "TYPE", "GROUP", "USER"}


class ValidationError(Exception):
    """DynamoDB's ValidationException."""


class Filter:
    """A FilterExpression that AWS would take; called with an item, says whether it stays."""

    def __init__(self, text: str, names: dict[str, str], values: dict[str, Item]) -> None:
        self._tokens = TOKEN.findall(text)
        _require("".join(self._tokens) == re.sub(r"\s", "", text), "the expression cannot be read")
        within_limits(text, self._tokens, names, values)
        self._names, self._values, self._at = names, values, 0
        self._ask = self._either()
        _require(self._at == len(self._tokens), "something follows the expression")

    def __call__(self, item: Item) -> bool:
        return self._ask(item)

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        _require(bool(token) and expected in ("", token), f"{expected or 'something'} is missing")
        self._at += 1
        return token

    def _next_is(self, token: str) -> bool:
        found = self._peek() == token
        self._at += found
        return found

    def _either(self) -> Ask:
        parts = [self._both()]
        while self._next_is("OR"):
            parts.append(self._both())
        return lambda item: any(part(item) for part in parts)

    def _both(self) -> Ask:
        parts = [self._one()]
        while self._next_is("AND"):
            parts.append(self._one())
        return lambda item: all(part(item) for part in parts)

    def _one(self) -> Ask:
        if self._next_is("NOT"):
            inner = self._one()
            return lambda item: not inner(item)
        if self._next_is("("):
            inner = self._either()
            self._take(")")
            return inner
        return self._function() if self._peek() in FUNCTIONS else self._comparison()

    def _function(self) -> Ask:
        name = self._take()
        self._take("(")
        path = self._operand()
        other = self._operand() if self._next_is(",") else lambda _: None
        self._take(")")
        return lambda item: _call(name, path(item), other(item))

    def _comparison(self) -> Ask:
        ours, sign = self._operand(), self._take()
        if sign == "IN":
            self._take("(")
            some = [self._operand()]
            while self._next_is(","):
                some.append(self._operand())
            self._take(")")
            _require(len(some) <= MAX_IN, "IN takes a hundred operands at most")
            return lambda item: any(_compare("=", ours(item), one(item)) for one in some)
        theirs = self._operand()
        return lambda item: _compare(sign, ours(item), theirs(item))

    def _operand(self) -> Callable[[Item], Item | None]:
        token = self._take()
        if token.startswith(":"):
            _require(token in self._values, f"{token} has no value")
            return lambda _: self._values[token]
        path = [self._named(token)]
        while self._next_is("."):
            path.append(self._named(self._take()))
        return lambda item: _found(item, path)

    def _named(self, token: str) -> str:
        if token.startswith("#"):
            _require(token in self._names, f"{token} has no name")
            return self._names[token]
        _require(token.upper() not in RESERVED and token[0].isalpha(), f"{token} is reserved")
        return token


def within_limits(text: str, tokens: list[str], names: dict[str, str], values: dict[str, Item]) -> None:
    """Refuse what AWS would refuse."""
    _require(len(text.encode()) <= MAX_EXPRESSION, "the expression is longer than 4 KB")
    _require(sum(token in COUNTED for token in tokens) <= MAX_OPERATORS, "more than 300 operators and functions")
    used = {token for token in tokens if token[0] in "#:"}
    _require(used <= {*names, *values}, "a placeholder says nothing")
    _require(used >= values.keys(), "a value is not used")
    for name in names.values():
        _require(0 < len(name.encode()) <= MAX_NAME, "a name is longer than 255 bytes")
    size = sum(len(name.encode()) for pair in names.items() for name in pair)
    size += sum(len(key) + len(str(value).encode()) for key, value in values.items())
    _require(size <= MAX_VARIABLES, "names and values take more than 2 MB")
    for value in values.values():
        if "N" in value:
            number = Decimal(value["N"])
            _require(
                len("".join(map(str, number.as_tuple().digits)).strip("0")) <= 38, "a number has more than 38 digits"
            )
            _require(not number or Decimal("1e-130") <= abs(number) < Decimal("1e126"), "a number is out of range")


def _require(condition: bool, problem: str) -> None:
    if not condition:
        raise ValidationError(problem)


def _found(item: Item, path: list[str]) -> Item | None:
    found: Any = {"M": item}
    for name in path:
        found = found.get("M", {}).get(name)
        if found is None:
            return None
    return dict(found)


def _value(typed: Item) -> Any:
    ((kind, value),) = typed.items()
    if kind == "B":
        return value if isinstance(value, bytes) else b64decode(value)
    return {"N": Decimal}.get(kind, lambda same: same)(value)


def _call(name: str, found: Item | None, operand: Item | None) -> bool:
    if name in ("attribute_exists", "attribute_not_exists"):
        return (found is None) is (name == "attribute_not_exists")
    if found is None or operand is None:
        return False
    if name == "attribute_type":
        return _value(operand) in found
    if name == "contains" and "L" in found:
        return any(_compare("=", one, operand) for one in found["L"])
    if found.keys() != operand.keys() or "S" not in found:
        return False
    return bool(found["S"].startswith(operand["S"]) if name == "begins_with" else operand["S"] in found["S"])


def _compare(sign: str, ours: Item | None, theirs: Item | None) -> bool:
    if ours is None or theirs is None or ours.keys() != theirs.keys():
        return False
    one, other = _value(ours), _value(theirs)
    if sign == "=":
        return bool(one == other)
    if not ours.keys() & {"S", "N", "B"}:
        return False
    return bool({"<": one < other, "<=": one <= other, ">": one > other, ">=": one >= other}[sign])
