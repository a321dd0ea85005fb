"""EventBridge Scheduler: one schedule per campaign, and one-time schedules for what waits longer than a queue can."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from dangol.domain.schedule import Expression

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

# Scheduler replaces it with the time that the run was planned for.
SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"


@dataclass(frozen=True, slots=True)
class Target:
    """What a schedule starts, and by which right."""

    arn: str
    role_arn: str
    group: str


class Schedules:
    """The schedules of a stack; `in_utc` for an emulator that ignores time zones."""

    def __init__(self, client: "EventBridgeSchedulerClient", target: Target, *, in_utc: bool) -> None:
        self._client = client
        self._target = target
        self._in_utc = in_utc

    def put(self, campaign_id: str, expression: Expression, *, name: str | None = None) -> str:
        """Create the campaign's schedule (or a further one by `name`), or change it; what EventBridge was given."""
        text, zone = utc(expression) if self._in_utc else (expression.text, expression.zone)
        at = at_time(expression)
        order = {"campaign": campaign_id, "scheduled_at": at.isoformat() if at else SCHEDULED_TIME}
        wanted: dict[str, Any] = {
            "Name": name or campaign_id,
            "GroupName": self._target.group,
            "ScheduleExpression": text,
            "ScheduleExpressionTimezone": zone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE" if expression.once else "NONE",
            "Target": {
                "Arn": self._target.arn,
                "RoleArn": self._target.role_arn,
                "Input": json.dumps(order),
                "RetryPolicy": {"MaximumEventAgeInSeconds": 3_600, "MaximumRetryAttempts": 20},
            },
        }
        if expression.until:
            wanted["EndDate"] = expression.until
        try:
            self._client.update_schedule(**wanted)
        except self._client.exceptions.ResourceNotFoundException:
            self._client.create_schedule(**wanted)
        return f"{text} {zone}"

    def remove(self, campaign_id: str) -> bool:
        """Delete the campaign's schedule; False where it had none."""
        try:
            self._client.delete_schedule(Name=campaign_id, GroupName=self._target.group)
        except self._client.exceptions.ResourceNotFoundException:
            return False
        return True


class SchedulerTimer:
    """Messages for later, each a schedule that is gone once it fired; `target` is a queue."""

    def __init__(self, client: "EventBridgeSchedulerClient", target: Target) -> None:
        self._client = client
        self._target = target

    def send(self, name: str, body: str, *, at: float) -> None:
        """Deliver `body` at `at` (real epoch seconds, a whole minute); once, however often `name` is asked for."""
        try:
            self._client.create_schedule(
                Name=name,
                GroupName=self._target.group,
                ScheduleExpression=f"at({datetime.fromtimestamp(at, tz=UTC):%Y-%m-%dT%H:%M:%S})",
                ScheduleExpressionTimezone="UTC",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={"Arn": self._target.arn, "RoleArn": self._target.role_arn, "Input": body},
            )
        except self._client.exceptions.ConflictException:
            # Another chunk of the run waits for the same minute.
            return


def at_time(expression: Expression) -> datetime | None:
    """The instant of a schedule that fires once."""
    if not expression.once:
        return None
    local = datetime.fromisoformat(expression.text.removeprefix("at(").removesuffix(")"))
    return local.replace(tzinfo=ZoneInfo(expression.zone))


def utc(expression: Expression) -> tuple[str, str]:
    """The expression in UTC; a cron keeps its fields where its hour is no plain number."""
    at = at_time(expression)
    if at is not None:
        return f"at({at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})", "UTC"
    if not expression.text.startswith("cron("):
        return expression.text, "UTC"
    minute, hour, *rest = expression.text.removeprefix("cron(").removesuffix(")").split()
    offset = ZoneInfo(expression.zone).utcoffset(datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None))
    if not hour.isdigit() or not minute.isdigit() or offset is None:
        return expression.text, "UTC"
    moved = (int(hour) * 60 + int(minute) - int(offset.total_seconds()) // 60) % 1_440
    return f"cron({moved % 60} {moved // 60} {' '.join(rest)})", "UTC"
