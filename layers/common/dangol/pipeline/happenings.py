"""What happened to a message, in the shape of `contracts.Tracked`. Standard library alone."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from dangol.domain.bots import BotVerdict
from dangol.domain.tracking import Mark

Happening = Mapping[str, Any]
Kind = Literal["opened", "clicked", "unsubscribed", "shown", "dismissed"]


def happened(kind: Kind, mark: Mark, happening_id: str, now: datetime, judged: BotVerdict, agent: str) -> Happening:
    """One happening; `agent` is the user agent it was made with."""
    return {
        "kind": kind,
        "id": happening_id,
        "run": mark.run,
        "user_id": mark.user_id,
        "variant": mark.variant,
        "link": mark.link,
        "at": int(now.timestamp() * 1000),
        "verdict": judged.verdict,
        "reason": judged.reason,
        "user_agent": agent,
    }
