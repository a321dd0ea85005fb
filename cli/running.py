"""Start a run by the same door that its schedule uses, and follow it."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from cli.stack import Stack
from dangol import bootstrap
from dangol.domain.errors import DangolError
from dangol.domain.schedule import Expression, run_id

# How often a run is looked at while somebody waits for it.
_PAUSE: Final = 0.5
_STILL: Final = frozenset({"running", "scheduled"})
Progress = Callable[[dict[str, Any]], None]


def start(stack: Stack, campaign_id: str, at: datetime | None) -> dict[str, Any]:
    """Start a run now, or have it start at `at`; its name and state.

    Raises:
        NotFoundError: the campaign is not applied.
    """
    now = stack.clock.now().replace(microsecond=0)
    stack.definitions.current(campaign_id)
    when = at or now
    if when > now + timedelta(minutes=1):
        zone = when.tzinfo.key if isinstance(when.tzinfo, ZoneInfo) else "UTC"
        once = Expression(f"at({when.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M:%S})", zone, None, once=True)
        stack.schedules.put(campaign_id, once, name=run_id(campaign_id, when))
        return {"run": run_id(campaign_id, when), "campaign": campaign_id, "state": "scheduled"}
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs["SegmentFunctionArn"],
        Payload=json.dumps({"campaign": campaign_id, "scheduled_at": when.isoformat()}),
    )
    told = json.loads(answer["Payload"].read())
    if "FunctionError" in answer or "run" not in told:
        raise DangolError(f"the run did not start: {told.get('errorMessage', told)}")
    return {"run": told["run"], "campaign": campaign_id, "state": "running"}


def follow(stack: Stack, run: str, progress: Progress) -> dict[str, Any]:
    """Look at a run until it has ended; its status then."""
    reporter = bootstrap.build_reporter(stack.settings)
    while True:
        status = reporter.status(run)
        progress(status)
        if status["state"] not in _STILL:
            return status
        time.sleep(_PAUSE)  # noqa: TID251 - a person watches
