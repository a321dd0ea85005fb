"""Consent as a segment asks for it: whether it stands, and since when."""

from typing import Self

from pydantic import Field, model_validator

from dangol.domain.behaviour import Windowed
from dangol.domain.channel import AnyChannel
from dangol.domain.comparing import limit
from dangol.domain.comparison import Moment as Written
from dangol.domain.moment import Moment
from dangol.domain.windows import span


class ConsentedCondition(Windowed):
    """`{consented: email, before: 700d}`: may be sent advertising on this channel, by a consent of that time."""

    consented: AnyChannel
    before: Written | None = Field(default=None, description="the consent is older than a date, or a time back")

    @model_validator(mode="after")
    def _before_is_a_window(self) -> Self:
        if self.before is not None and self.windowed:
            raise ValueError("one window is enough; take before, or within, between, since, during")
        return self

    def stretch(self, moment: Moment) -> tuple[int, int] | None:
        """From when to before when it was given, in epoch seconds; None for whenever that was."""
        if self.before is not None:
            return 1, int(limit(self.before, moment.at, moment.zone).timestamp())
        if not self.windowed:
            return None
        begin, end = span(self, moment)
        return max(1, begin or 1), end
