"""The moment as of which a segment is asked, and what of the world it is asked in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Moment:
    """When a segment is asked, and in which zone dates without one are read.

    `lists` says since when the people of each list have been told anew, in epoch seconds; `runs` which runs a
    campaign had, by their numbers.
    """

    at: datetime
    zone: ZoneInfo
    lists: Mapping[str, int] = field(default_factory=dict, hash=False)
    runs: Mapping[str, frozenset[int]] = field(default_factory=dict, hash=False)

    @property
    def seconds(self) -> int:
        """The moment in epoch seconds."""
        return int(self.at.timestamp())
