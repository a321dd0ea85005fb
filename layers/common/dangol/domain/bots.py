"""Was it a person, a machine on their behalf, or a bot? A verdict with its reason; nothing is ever dropped."""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

# Image proxies fetch for a person, at their opening (Google) or at delivery (Apple, whose agent is bare).
_PROXIES: Final = re.compile(r"GoogleImageProxy|YahooMailProxy")
_BARE: Final = frozenset({"", "mozilla/5.0"})
_PURPOSES: Final = ("purpose", "sec-purpose", "x-purpose", "x-moz")


class BotVerdict(NamedTuple):
    """`human`, `machine` (an open that a mail program made) or `bot`, and why."""

    verdict: Literal["human", "bot", "machine"]
    reason: str | None


HUMAN: Final = BotVerdict("human", None)


def judge(kind: Literal["clicked", "opened"], method: str, headers: Mapping[str, str]) -> BotVerdict:
    """Judge one request by itself; header names are lower case.

    Whose agent is that of a known bot is told in `record` (`domain.agents`), and what a person's other clicks
    say of this one (`domain.neighbours`): `track` has no time for the one and no memory for the other.
    """
    if method != "GET":
        return BotVerdict("bot", "method")
    purpose = " ".join(headers.get(name, "") for name in _PURPOSES).lower()
    if "prefetch" in purpose or "preview" in purpose:
        return BotVerdict("bot", "prefetch")
    agent = headers.get("user-agent", "").strip()
    if kind == "opened" and (agent.lower() in _BARE or _PROXIES.search(agent)):
        return BotVerdict("machine", "mail_proxy")
    if agent.lower() in _BARE:
        return BotVerdict("bot", "no_agent")
    return HUMAN
