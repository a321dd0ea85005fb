"""How fast, how late and how many: the limits of a campaign."""

from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from dangol.domain.node import Node
from dangol.domain.quantities import Count, PositiveDuration, Rate, Share


class AudienceLimit(Node):
    """The run does not start where the audience is outside."""

    min: Annotated[Count, Field(ge=0)] | None = None
    max: Annotated[Count, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is above max")
        return self


class StopWhen(Node):
    """The run pauses itself above these shares."""

    failed: Share | None = None
    unsubscribed: Share | None = None


class Limits(Node):
    """How fast, how late and how many."""

    reserved: ClassVar[frozenset[str]] = frozenset({"ramp"})

    rate: Rate | None = None
    expires: PositiveDuration | None = None
    audience: AudienceLimit | None = None
    stop_when: StopWhen | None = None
