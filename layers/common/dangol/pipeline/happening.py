"""What a request to a link says happened, in the shape of `contracts.Tracked`. Standard library alone."""

from datetime import datetime
from typing import Any, Final

from dangol.domain.bots import BotVerdict, judge
from dangol.domain.tracking import HIDDEN_LINK, Mark
from dangol.pipeline.exchange import Request

AGENT_LENGTH: Final = 512


def tracked(
    kind: str, mark: Mark, request: Request, now: datetime, verdict: BotVerdict | None = None
) -> dict[str, Any]:
    """That `kind` happened to a message; judged by the request, unless the verdict is known."""
    if verdict is None:
        verdict = judge("opened" if kind == "opened" else "clicked", request.method, request.headers)
    if mark.link == HIDDEN_LINK:
        verdict = BotVerdict("bot", "hidden_link")
    return {
        "kind": kind,
        "id": request.request_id,
        "run": mark.run,
        "user_id": mark.user_id,
        "variant": mark.variant,
        "link": mark.link,
        "at": int(now.timestamp() * 1000),
        "verdict": verdict.verdict,
        "reason": verdict.reason,
        "user_agent": agent(request),
    }


def agent(request: Request) -> str:
    """Which program asks, as far as it is kept."""
    return request.headers.get("user-agent", "")[:AGENT_LENGTH]
