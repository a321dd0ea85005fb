"""Why somebody did, or did not, get a campaign, for people."""

import json
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from rich.console import Console

from cli.words import Words

# What stands in a line's own places already.
_PLACED: Final = frozenset({"at", "kind", "outcome", "reason", "because"})
_NAMED: Final = ("outcome", "reason", "because")


def render_why(console: Console, told: dict[str, Any], say: Words, zone: ZoneInfo) -> None:
    """Print the answer and what led there, times in `zone`."""
    console.print(f"{told['user_id']}  {told['run'] or told['campaign']}", style="bold")
    console.print(" · ".join(say[word] for word in (told["outcome"], told["reason"]) if word))
    for step in told["trail"]:
        console.print(_line(step, say, zone))


def _line(step: dict[str, Any], say: Words, zone: ZoneInfo) -> str:
    at = datetime.fromisoformat(step["at"]).astimezone(zone)
    named = [say[step[key]] for key in _NAMED if step.get(key)]
    held = [f"{key}={_written(value)}" for key, value in step.items() if key not in _PLACED]
    return "  ".join([f"{at:%Y-%m-%d %H:%M:%S}", say[f"why_{step['kind']}"], *named, *held])


def _written(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
