"""A list of people that was made elsewhere: what is kept of the list itself; who is on it stands in the profiles."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

# A part of an export that comes later than this many newer exports is no longer told from a new export.
SESSIONS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class MemberList:
    """A list; times in epoch seconds, `people` as its last import counted them (None for a webhook's).

    `sessions` says when the first part of each export of the whole list came.
    """

    name: str
    source: str = ""
    imported_at: int = 0
    people: int | None = None
    sessions: Mapping[str, int] = field(default_factory=dict)
    rev: int = 0

    @property
    def replaced_at(self) -> int:
        """Since when people have been told anew: an earlier word no longer counts."""
        return max(self.sessions.values(), default=0)

    def told(self, news: "MemberList") -> "MemberList":
        """The list with `news` taken in; the same whatever the order, and however often it comes."""
        sessions = dict(self.sessions)
        for session, at in news.sessions.items():
            sessions[session] = min(at, sessions.get(session, at))
        latest = sorted(sessions, key=lambda name: (sessions[name], name))[-SESSIONS_KEPT:]
        newer = news if (news.imported_at, news.source) >= (self.imported_at, self.source) else self
        return replace(
            self,
            source=newer.source,
            imported_at=newer.imported_at,
            people=newer.people,
            sessions={name: sessions[name] for name in latest},
        )
