"""What a campaign is for: one event, in numbers, and why."""

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from dangol.domain.node import Node
from dangol.domain.quantities import Count, Number, Points, PositiveDuration, Share, Text
from dangol.domain.segment import Values

_METRICS: Final = ("uplift", "conversion_rate", "click_rate", "people", "revenue")
_FORMS: Final = "write one of 5%, {uplift: 3%p}, {click_rate: 3%}, {people: 120}, {revenue: 12000000}"


class Target(Node):
    """What the goal must reach: one figure of one metric."""

    uplift: Points | None = None
    conversion_rate: Share | None = None
    click_rate: Share | None = None
    people: Annotated[Count, Field(ge=1)] | None = None
    revenue: Annotated[Number, Field(gt=0)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _bare_share(cls, value: object) -> object:
        if isinstance(value, str):
            return {"conversion_rate": value}
        if isinstance(value, int | float | list):
            raise ValueError(f"{value!r} is not a target; {_FORMS}")  # noqa: TRY004 - pydantic reports ValueError only
        return value

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(getattr(self, name) is not None for name in _METRICS) != 1:
            raise ValueError(f"one target is needed; {_FORMS}")
        return self

    @property
    def metric(self) -> str:
        """The metric in use."""
        return next(name for name in _METRICS if getattr(self, name) is not None)

    @property
    def figure(self) -> float:
        """What it must reach; a share of 3% is 0.03, an uplift of 3%p is 0.03."""
        return float(getattr(self, self.metric))


class Goal(Node):
    """The one event that the campaign is for, in numbers, and why."""

    event: Text
    where: dict[Text, Values] = Field(default_factory=dict)
    within: PositiveDuration
    target: Target | None = None
    why: Text | None = None
    worth: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="revenue of one conversion, where the event says none"
    )
