"""The segment language: a tree of conditions over what a person is and did."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from dangol.domain.behaviour import (
    BEHAVIOURS,
    TOUCHES,
    Behaviour,
    ClickedCondition,
    ConvertedCondition,
    DidCondition,
    DidNotCondition,
    FirstDidCondition,
    LastDidCondition,
    OpenedCondition,
    ReceivedCondition,
    TouchCondition,
    Windowed,
    facet_text,
)
from dangol.domain.comparison import Bounds, Scalar, Value, Values
from dangol.domain.condition import (
    Labelled,
    ListCondition,
    ReachableCondition,
    SampleCondition,
    TraitCondition,
)
from dangol.domain.node import Node
from dangol.domain.permission import ConsentedCondition
from dangol.domain.quantities import Text, parse_text
from dangol.domain.querying import one_select

__all__ = [
    "Behaviour",
    "Bounds",
    "ClickedCondition",
    "Condition",
    "ConsentedCondition",
    "ConvertedCondition",
    "DidCondition",
    "DidNotCondition",
    "Exclusion",
    "FirstDidCondition",
    "Group",
    "LastDidCondition",
    "ListCondition",
    "Node",
    "OpenedCondition",
    "ReachableCondition",
    "ReceivedCondition",
    "SampleCondition",
    "Scalar",
    "Segment",
    "TouchCondition",
    "TraitCondition",
    "Value",
    "Values",
    "Windowed",
    "conditions",
    "facet_text",
    "lists_of",
    "longest_window",
    "touches_of",
]
_GROUP_KEYS: Final = ("all", "any", "none")
# What belongs to the segment itself where it is a single condition.
_OWN_KEYS: Final = ("title", "name")
Statement = Annotated[str, BeforeValidator(parse_text), AfterValidator(one_select)]


class Group(Labelled):
    """`all`, `any` and `none` over conditions; where several are given, all of them hold."""

    title: Text | None = None
    all_: tuple["Condition", ...] | None = Field(default=None, alias="all")
    any_: tuple["Condition", ...] | None = Field(default=None, alias="any")
    none_: tuple["Condition", ...] | None = Field(default=None, alias="none")

    @model_validator(mode="after")
    def _one_at_least(self) -> "Group":
        if self.all_ is None and self.any_ is None and self.none_ is None:
            raise ValueError("one of all, any, none is needed")
        return self

    def children(self) -> Iterator["Condition"]:
        """The conditions one level below."""
        yield from (*(self.all_ or ()), *(self.any_ or ()), *(self.none_ or ()))


KINDS: Final = ("trait", *BEHAVIOURS, *TOUCHES, "consented", "reachable", "in_list", "sample")


def _keys(value: object) -> set[str]:
    if isinstance(value, Node):
        return value.model_fields_set
    return set(value) if isinstance(value, dict) else set()


def _kind(value: object) -> str:
    keys = _keys(value)
    known = [kind for kind in KINDS if kind in keys]
    if isinstance(value, dict) and value.get("sql") is not None:
        # No condition: pydantic refuses it as a tag that it does not know, wherever it is not a segment's own.
        return "sql"
    return next(iter(known), "group")


Condition = Annotated[
    Annotated[TraitCondition, Tag("trait")]
    | Annotated[DidCondition, Tag("did")]
    | Annotated[DidNotCondition, Tag("did_not")]
    | Annotated[LastDidCondition, Tag("last_did")]
    | Annotated[FirstDidCondition, Tag("first_did")]
    | Annotated[ReceivedCondition, Tag("received")]
    | Annotated[OpenedCondition, Tag("opened")]
    | Annotated[ClickedCondition, Tag("clicked")]
    | Annotated[ConvertedCondition, Tag("converted")]
    | Annotated[ConsentedCondition, Tag("consented")]
    | Annotated[ReachableCondition, Tag("reachable")]
    | Annotated[ListCondition, Tag("in_list")]
    | Annotated[SampleCondition, Tag("sample")]
    | Annotated[Group, Tag("group")],
    Discriminator(_kind),
]


class Segment(Group):
    """The rule that selects people: a named group of conditions (one file under segments/), or a query of its own."""

    sql: Statement | None = Field(default=None, description="select user_id from events …, for an audience alone")
    name: str = Field(default="", description="the file's name; set when the file is read")

    @model_validator(mode="before")
    @classmethod
    def _wrap_single_condition(cls, value: object) -> object:
        if isinstance(value, dict) and "list" in value and "in_list" not in value:
            # As an audience reads best; the condition is the same.
            value = {"in_list" if key == "list" else key: said for key, said in value.items()}
        if not isinstance(value, dict) or _kind(value) in ("group", "sql"):
            return value
        own = {key: value[key] for key in _OWN_KEYS if key in value}
        return {**own, "all": [{key: value[key] for key in value if key not in own}]}

    @model_validator(mode="after")
    def _one_at_least(self) -> "Segment":
        told = self.all_ is not None or self.any_ is not None or self.none_ is not None
        if told and self.sql is not None:
            raise ValueError("sql stands alone; write the rest into the query, or under exclude")
        if not told and self.sql is None:
            raise ValueError("one of all, any, none is needed")
        return self

    def branches(self) -> tuple["Condition", ...]:
        """The labelled branches of the top `any`, in the order of the file."""
        return tuple(c for c in self.any_ or () if c.label)


def conditions(node: "Condition") -> list["Condition"]:
    """Every condition below `node`, itself included, depth first."""
    found: list[Condition] = [node]
    if isinstance(node, Group):
        for child in node.children():
            found += conditions(child)
    return found


def lists_of(segments: Iterable[Segment]) -> set[str]:
    """The lists that segments ask for."""
    return {c.in_list for segment in segments for c in conditions(segment) if isinstance(c, ListCondition)}


def touches_of(segments: Iterable[Segment]) -> list[TouchCondition]:
    """What segments ask of the messages that people were sent."""
    return [c for segment in segments for c in conditions(segment) if isinstance(c, TouchCondition)]


def longest_window(segment: Segment) -> timedelta:
    """The furthest that a behaviour condition looks back; zero without any."""
    spans = [c.within for c in conditions(segment) if isinstance(c, Behaviour) and c.within]
    return max(spans, default=timedelta(0))


def _no_query(segment: Segment) -> Segment:
    if segment.sql is not None:
        raise ValueError("sql selects an audience; take people out by conditions, or within the audience's own query")
    return segment


Exclusion = Annotated[Segment, AfterValidator(_no_query)]

Group.model_rebuild()
Segment.model_rebuild()
