"""Was it a person, a machine on their behalf, or a bot? A verdict with its reason; nothing is ever dropped."""

import re
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

# What names itself, gives an address to complain to, or has no word on the device, as every browser has.
# CUBOT makes phones.
_BOTS: Final = re.compile(
    r"(?<!cu)bot\b|bot/|crawler|spider|preview|scrap|slurp|facebookexternalhit|headless|okhttp|yeti|https?:"
    r"|barracuda|mimecast|proofpoint|safelinks|urlscan|linkscan|mailscanner|monitor|archive|fetcher|validator"
    r"|lighthouse|playwright|puppeteer|phantomjs|selenium|^[^(\[;]*$",
    re.IGNORECASE,
)
# Image proxies fetch for a person, at their opening (Google) or at delivery (Apple, whose agent is bare).
_PROXIES: Final = re.compile(r"GoogleImageProxy|YahooMailProxy")
_BARE: Final = frozenset({"", "mozilla/5.0"})
_PURPOSES: Final = ("purpose", "sec-purpose", "x-purpose", "x-moz")


class BotVerdict(NamedTuple):
    """`human`, `machine` (an open that a mail program made) or `bot`, and why."""

    verdict: Literal["human", "bot", "machine"]
    reason: str | None


_HUMAN: Final = BotVerdict("human", None)


def judge(kind: Literal["clicked", "opened"], method: str, headers: Mapping[str, str]) -> BotVerdict:
    """Judge one request by itself; header names are lower case."""
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
    return BotVerdict("bot", "agent") if _BOTS.search(agent) else _HUMAN
