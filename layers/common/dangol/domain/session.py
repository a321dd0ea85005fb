"""Messages that wait for a session: when they are shown, how, and for how long they wait."""

import re
from datetime import timedelta
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from dangol.domain.node import Node, wrong
from dangol.domain.quantities import Count, PositiveDuration, Share, Text

# How long a message waits whose campaign does not say when it expires.
WAITS_FOR: Final = timedelta(days=14)


class Show(Node):
    """When a message that waits is shown, and in which form."""

    on: Literal["page", "delay", "scroll", "exit"] = Field(
        default="page", description="as the page is seen, after a while on it, far down on it, or before it is left"
    )
    after: PositiveDuration | None = Field(default=None, description="of delay: how long the page has been seen")
    depth: Share | None = Field(default=None, description="of scroll: how much of the page was seen; half where unsaid")
    page: Text | None = Field(default=None, description="on these pages alone; * stands for anything")
    form: Literal["modal", "banner", "card"] = "modal"
    max: Count | None = Field(default=None, ge=1, le=100, description="how often a person is shown it, within per")
    per: PositiveDuration | None = Field(default=None, description="within how long it is shown max times at most")

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if (self.on == "delay") is not (self.after is not None):
            raise wrong("on: delay and after: 10s belong together", "after")
        if self.depth is not None and self.on != "scroll":
            raise wrong("depth belongs to on: scroll", "depth")
        if (self.max is None) is not (self.per is None):
            raise wrong("max: 1 and per: 3d belong together", "max" if self.max is None else "per")
        return self

    def fits(self, page: str) -> bool:
        """Whether it may be shown on a page, given as its path, or an app's name for it."""
        if self.page is None:
            return True
        pattern = ".*".join(map(re.escape, self.page.split("*")))
        return re.fullmatch(pattern, page, re.DOTALL) is not None


EVERYWHERE: Final = Show()
