"""What a person did, and what they did with what they were sent."""

from datetime import timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from dangol.domain.comparison import Bounds, Comparison, Moment, Values
from dangol.domain.condition import Labelled
from dangol.domain.quantities import PositiveDuration, Text, parse_duration

Calendar = Literal["today", "yesterday", "this_week", "last_week", "this_month", "last_month"]
# Entries of the ledger are kept as long.
_REMEMBERED: Final = timedelta(days=400)
_WINDOWS: Final = ("within", "between", "since", "during")
# A facet's value is kept as text, and only where there is one.
_NO_FACET: Final = frozenset({"exists", "before", "after"})


class Windowed(Labelled):
    """A condition that may look at a stretch of time alone; ever before the run's time without one."""

    within: PositiveDuration | None = Field(default=None, description="back from the run: 30d")
    between: tuple[Moment, Moment] | None = Field(default=None, description="from the first to before the second")
    since: Moment | None = None
    during: Calendar | None = Field(default=None, description="in the project's zone; a week begins on Monday")

    @property
    def windowed(self) -> bool:
        """Whether it looks at a stretch of time alone."""
        return any(getattr(self, name) is not None for name in _WINDOWS)

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if sum(getattr(self, name) is not None for name in _WINDOWS) > 1:
            raise ValueError(f"one window is enough; take one of {', '.join(_WINDOWS)}")
        if self.between and _backwards(*self.between):
            raise ValueError("between ends before it begins; write [from, to], as in [365d, 90d]")
        return self


def _backwards(begin: str, end: str) -> bool:
    """Whether a stretch has no inside, as far as two dates or two times back tell."""
    try:
        return parse_duration(begin) <= parse_duration(end)
    except ValueError:
        return begin[:1].isdigit() and "-" in begin and "-" in end and begin >= end


def _facet_kind(value: object) -> str:
    return "comparison" if isinstance(value, dict | Comparison) else "values"


def _one_facet(value: object) -> object:
    if isinstance(value, dict) and len(value) > 1:
        raise ValueError("one facet per condition; write two conditions under all: where both must hold")
    return value


FacetTest = Annotated[
    Annotated[Values, Tag("values")] | Annotated[Comparison, Tag("comparison")], Discriminator(_facet_kind)
]


class Behaviour(Windowed):
    """A condition on what a person did."""

    where: Annotated[dict[Text, FacetTest], BeforeValidator(_one_facet)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _facets_compare(self) -> Self:
        compared = self.compared()
        if compared and compared[1].operator in _NO_FACET:
            raise ValueError(f"a facet has no {compared[1].operator}; compare its value: is, in, gt, starts_with …")
        return self

    @property
    def event(self) -> str:
        """The event that is asked about."""
        return str(next(getattr(self, kind) for kind in BEHAVIOURS if kind in type(self).model_fields))

    def facet(self) -> tuple[str, tuple[str, ...]] | None:
        """The facet asked for and the values allowed; None for the event as a whole, or for a comparison."""
        for name, wanted in self.where.items():
            if not isinstance(wanted, Comparison):
                values = wanted if isinstance(wanted, list) else [wanted]
                return name, tuple(facet_text(value) for value in values)
        return None

    def compared(self) -> tuple[str, Comparison] | None:
        """The facet whose values are compared; None where they are named."""
        return next(((name, test) for name, test in self.where.items() if isinstance(test, Comparison)), None)


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
    same: Text | None = Field(default=None, description="with this facet the same: left this course, bought another")

    @model_validator(mode="after")
    def _same_of_two(self) -> Self:
        if self.same is None:
            return self
        if self.then_not is None:
            raise ValueError("same goes with then_not: what was done, and not done, with the same value")
        if self.count is not None or self.value is not None:
            raise ValueError("same asks of each value by itself; take count and value out")
        if self.where and self.same not in self.where:
            raise ValueError("two facets of one event are not kept together; let where and same name one facet")
        return self


class DidNotCondition(Behaviour):
    """`{did_not: purchase, within: 30d}`: the plain complement of `did`."""

    did_not: Text


class LastDidCondition(Behaviour):
    """`{last_did: purchase, between: [365d, 90d]}`: did it, and for the last time within the window."""

    last_did: Text


class FirstDidCondition(Behaviour):
    """`{first_did: purchase, during: last_month}`: did it, and for the first time within the window."""

    first_did: Text


BEHAVIOURS: Final = ("did", "did_not", "last_did", "first_did")


class TouchCondition(Windowed):
    """A condition on the messages that a person was sent; the window is that of the sending.

    The campaign is named by its id; `any` is all of them.
    """

    @model_validator(mode="after")
    def _remembered(self) -> Self:
        if self.within and self.within > _REMEMBERED:
            raise ValueError("messages are remembered for 400 days; write at most within: 400d")
        return self

    @property
    def kind(self) -> str:
        """What is asked of the messages: received, opened, clicked or converted."""
        return next(kind for kind in TOUCHES if kind in type(self).model_fields)

    @property
    def campaign(self) -> str:
        """The campaign's id, or `any`."""
        return str(getattr(self, self.kind))


class ReceivedCondition(TouchCondition):
    """`{received: course-launch, within: 7d}`: was sent it, or may have been."""

    received: Text


class OpenedCondition(TouchCondition):
    """`{opened: any, within: 30d}`: opened one; a mail proxy's opening is none."""

    opened: Text


class ClickedCondition(TouchCondition):
    """`{clicked: course-launch}`: clicked in one; a bot's click is none."""

    clicked: Text


class ConvertedCondition(TouchCondition):
    """`{converted: course-launch}`: reached its goal within the goal's time."""

    converted: Text


TOUCHES: Final = ("received", "opened", "clicked", "converted")
