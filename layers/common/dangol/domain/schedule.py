"""When a campaign starts, as EventBridge Scheduler writes it, and as a run's name writes it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from dangol.domain.campaign import ScheduleRule

# Scheduler counts whole minutes, and `every` takes nothing else.
_UNITS: Final = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))
_RUN_TIME: Final = "%Y%m%dT%H%M%SZ"
_RUN: Final = re.compile(r"(?P<campaign>.+)-(?P<at>\d{8}T\d{6}Z)")


@dataclass(frozen=True, slots=True)
class Expression:
    """What EventBridge Scheduler is given; `zone` is UTC for rates."""

    text: str
    zone: str
    until: datetime | None
    once: bool


def expression(rule: ScheduleRule, zone: ZoneInfo) -> Expression:
    """Write `rule` for EventBridge Scheduler; `zone` is used where the rule names none.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    name = rule.timezone or zone.key
    until = rule.until.replace(tzinfo=ZoneInfo(name)) if rule.until else None
    return Expression(_text(rule), name, until, once=isinstance(rule.at, datetime))


def _text(rule: ScheduleRule) -> str:
    if isinstance(rule.at, datetime):
        return f"at({rule.at:%Y-%m-%dT%H:%M:%S})"
    if rule.every is not None:
        return _rate(rule.every)
    return f"cron({cron_of(rule)})"


def cron_of(rule: ScheduleRule) -> str:
    """The six fields of a daily, weekly, monthly or cron rule."""
    if rule.cron is not None:
        return rule.cron
    if rule.daily is not None:
        return f"{rule.daily.minute} {rule.daily.hour} * * ? *"
    at = rule.at if isinstance(rule.at, time) else time()
    if rule.weekly is not None:
        return f"{at.minute} {at.hour} ? * {','.join(day.upper() for day in rule.weekly)} *"
    return f"{at.minute} {at.hour} {rule.monthly} * ? *"


def _rate(every: timedelta) -> str:
    unit, size = next((unit, size) for unit, size in _UNITS if every % size == timedelta(0))
    count = every // size
    return f"rate({count} {unit}{'s' if count > 1 else ''})"


def run_id(campaign_id: str, scheduled_at: datetime) -> str:
    """Name the run of a campaign at a time; a schedule that fires twice names the same run."""
    return f"{campaign_id}-{scheduled_at.astimezone(UTC).strftime(_RUN_TIME)}"


def campaign_of(run: str) -> str | None:
    """The campaign that a run's name begins with; None where `run` is no run's name."""
    match = _RUN.fullmatch(run)
    return match["campaign"] if match else None


def scheduled_time(text: str | None, now: datetime) -> datetime:
    """Read the scheduled time that Scheduler puts in, to the second.

    MiniStack leaves the placeholder as it is, and a start by hand has none: then it is the current minute,
    the finest that Scheduler knows, so that a doubled firing still names one run.
    """
    if text is None or text.startswith("<"):
        return now.replace(second=0, microsecond=0)
    return datetime.fromisoformat(text).replace(microsecond=0)
