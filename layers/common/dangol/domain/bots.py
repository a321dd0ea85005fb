"""Was it a person, a machine on their behalf, or a bot? A verdict with its reason; nothing is ever dropped."""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

_BOTS: Final = re.compile(
    r"bot\b|bot/|crawler|spider|preview|scrap|slurp|facebookexternalhit|headless|python-requests|curl/|wget/"
    r"|go-http-client|okhttp|barracuda|mimecast|proofpoint|safelinks|urlscan|linkscan|mailscanner|yeti",
    re.IGNORECASE,
)
# Image proxies fetch for a person, at their opening (Google) or at delivery (Apple, whose agent is bare).
_PROXIES: Final = re.compile(r"GoogleImageProxy|YahooMailProxy")
_BARE: Final = frozenset({"", "mozilla/5.0"})


class BotVerdict(NamedTuple):
    """`human`, `machine` (an open that a mail program made) or `bot`, and why."""

    verdict: Literal["human", "bot", "machine"]
    reason: str | None


_HUMAN: Final = BotVerdict("human", None)


def judge(kind: Literal["clicked", "opened"], method: str, headers: Mapping[str, str]) -> BotVerdict:
    """Judge one request by itself; header names are lower case."""
    if method != "GET":
        return BotVerdict("bot", "method")
    purpose = f"{headers.get('purpose', '')} {headers.get('sec-purpose', '')} {headers.get('x-purpose', '')}"
    if "prefetch" in purpose or "preview" in purpose:
        return BotVerdict("bot", "prefetch")
    agent = headers.get("user-agent", "").strip()
    if kind == "opened" and (agent.lower() in _BARE or _PROXIES.search(agent)):
        return BotVerdict("machine", "mail_proxy")
    if not agent:
        return BotVerdict("bot", "no_agent")
    return BotVerdict("bot", "agent") if _BOTS.search(agent) else _HUMAN
