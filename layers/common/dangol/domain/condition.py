"""The conditions of a segment: what a person is, did, allows and can be reached by."""

import re
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from dangol.domain.channel import AnyChannel
from dangol.domain.node import Node
from dangol.domain.quantities import Number, PositiveDuration, Text, parse_duration, parse_text

Scalar = str | int | float | bool
# Kinds of condition that are not there yet.
RESERVED: Final = frozenset(
    {
        "last_did",
        "first_did",
        "received",
        "opened",
        "clicked",
        "converted",
        "in_segment",
        "sample",
    }
)
_OPERATORS: Final = (
    "is",
    "not",
    "in",
    "gt",
    "gte",
    "lt",
    "lte",
    "between",
    "contains",
    "starts_with",
    "ends_with",
    "exists",
    "before",
    "after",
)
_PYTHON_WORDS: Final = frozenset({"is", "not", "in"})
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?", re.ASCII)


def _scalar(value: object) -> Scalar:
    if isinstance(value, str):
        return parse_text(value)
    if isinstance(value, bool | int | float):
        return value
    raise ValueError(f"{value!r} is not a value; write text, a number, true or false")


def _scalars(value: object) -> Scalar | list[Scalar]:
    if not isinstance(value, list | tuple):
        return _scalar(value)
    if not value:
        raise ValueError("an empty list matches nobody; name at least one value")
    return [_scalar(item) for item in value]


Value = Annotated[Scalar, BeforeValidator(_scalar)]
Values = Annotated[Scalar | list[Scalar], BeforeValidator(_scalars)]


class Bounds(Node):
    """A comparison of a number: at least one of the four."""

    gt: Number | None = None
    gte: Number | None = None
    lt: Number | None = None
    lte: Number | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if all(bound is None for bound in (self.gt, self.gte, self.lt, self.lte)):
            raise ValueError("one of gt, gte, lt, lte is needed")
        return self

    def hold(self, number: float) -> bool:
        """Say whether `number` lies within the bounds."""
        return (
            (self.gt is None or number > self.gt)
            and (self.gte is None or number >= self.gte)
            and (self.lt is None or number < self.lt)
            and (self.lte is None or number <= self.lte)
        )

    @property
    def reach(self) -> float:
        """How many occurrences must be kept to answer exactly: to know of `gt: 3` takes four."""
        more = [bound + 1 for bound in (self.gt, self.lte) if bound is not None]
        return max([*more, *(bound for bound in (self.gte, self.lt) if bound is not None)])


class Labelled(Node):
    """A condition that may carry a name: `as: 찜`."""

    reserved: ClassVar[frozenset[str]] = RESERVED

    label: Text | None = Field(default=None, alias="as", description="the branch's name in counts and results")


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text) if _ISO_DATE.fullmatch(text) else parse_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is neither a date nor a time back; write 2026-12-01 or 365d") from None
    return text


Moment = Annotated[Text, AfterValidator(_moment), Field(description="a date, or a time back from the run: 365d")]


class TraitCondition(Labelled):
    """`{trait: plan, is: pro}`: a comparison with one trait; exactly one operator."""

    trait: Text
    is_: Value | None = Field(default=None, alias="is")
    not_: Value | None = Field(default=None, alias="not")
    in_: Annotated[list[Value], Field(min_length=1)] | None = Field(default=None, alias="in")
    gt: Number | None = None
    gte: Number | None = None
    lt: Number | None = None
    lte: Number | None = None
    between: tuple[Number, Number] | None = None
    contains: Value | None = None
    starts_with: Text | None = None
    ends_with: Text | None = None
    exists: Annotated[bool, Field(strict=True)] | None = None
    before: Moment | None = None
    after: Moment | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Self:
        if len(self._used()) != 1:
            raise ValueError(f"exactly one comparison is needed; one of {', '.join(_OPERATORS)}")
        if self.between and self.between[0] > self.between[1]:
            raise ValueError("between begins with the larger number; write [low, high]")
        return self

    def _used(self) -> list[str]:
        return [name for name in _OPERATORS if self._operand(name) is not None]

    def _operand(self, operator: str) -> Any:  # noqa: ANN401 - each operator has a type of its own
        return getattr(self, f"{operator}_" if operator in _PYTHON_WORDS else operator)

    @property
    def operator(self) -> str:
        """The one operator in use, as written in the file."""
        return self._used()[0]

    @property
    def operand(self) -> Any:  # noqa: ANN401 - each operator has a type of its own
        """What the operator compares with."""
        return self._operand(self.operator)


def _one_facet(value: object) -> object:
    if isinstance(value, dict) and len(value) > 1:
        raise ValueError("one facet per condition; write two conditions under all: where both must hold")
    return value


class Behaviour(Labelled):
    """A condition on what a person did."""

    reserved: ClassVar[frozenset[str]] = RESERVED | {"during", "same"}

    where: Annotated[dict[Text, Values], BeforeValidator(_one_facet)] = Field(default_factory=dict)
    within: PositiveDuration | None = None

    def facet(self) -> tuple[str, tuple[str, ...]] | None:
        """The facet asked for and the values allowed, or None for the event as a whole."""
        for name, wanted in self.where.items():
            values = wanted if isinstance(wanted, list) else [wanted]
            return name, tuple(facet_text(value) for value in values)
        return None


def facet_text(value: object) -> str:
    """Write a property's value the way it stands in an event key: `view_item[category=dev]`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


class DidCondition(Behaviour):
    """`{did: purchase, count: {gte: 2}, within: 365d}`: the person did it, often enough."""

    did: Text
    count: Bounds | None = None
    value: Bounds | None = None
    then_not: Text | None = Field(default=None, description="and has not done this since")


class DidNotCondition(Behaviour):
    """`{did_not: purchase, within: 30d}`: the plain complement of `did`."""

    did_not: Text


class ConsentedCondition(Labelled):
    """`{consented: email}`: may be sent advertising on this channel."""

    consented: AnyChannel


class ReachableCondition(Labelled):
    """`{reachable: email}`: has an address on this channel."""

    reachable: AnyChannel


class ListCondition(Labelled):
    """`{in_list: vip}`: is on a list that was imported, or that a webhook keeps."""

    in_list: Text
