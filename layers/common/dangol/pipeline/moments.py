"""When an event happened, told by a device whose clock may be wrong. Standard library alone: `track` starts with it.

Segment's rule: a device says when it sent (`sentAt`), so what its clock is off by is known when the call arrives.
https://segment.com/docs/connections/spec/common/#timestamps
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

# A device's clock may run ahead by this much; what is later still counts from its arrival.
AHEAD: Final = timedelta(minutes=5)
# What a call may take on its way; a `sentAt` that is off by no more says nothing of the clock.
ON_THE_WAY: Final = timedelta(seconds=10)
# An earlier time is a clock that was never set.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


class MomentError(ValueError):
    """Why a `timestamp` cannot be taken."""


def happened_ms(said: Mapping[str, Any], now: datetime) -> int:
    """When a call's event happened, in epoch milliseconds; a time that lies ahead is that of its arrival.

    Raises:
        MomentError: the `timestamp` is none, or from before the year 2000. An unreadable `sentAt` counts for nothing.
    """
    stamp = said.get("timestamp")
    if stamp is None:
        return _ms(now)
    try:
        moment = _read(stamp) + _off_by(said.get("sentAt"), now)
    except (ValueError, OverflowError):
        raise MomentError("must be ISO 8601") from None
    if moment < EARLIEST:
        raise MomentError(f"must not be before {EARLIEST.year}")
    return _ms(now if moment > now + AHEAD else moment)


def _off_by(sent: object, now: datetime) -> timedelta:
    """What the device's clock is behind, negative where it is ahead."""
    try:
        behind = now - _read(sent)
    except (ValueError, OverflowError):
        return timedelta(0)
    return behind if abs(behind) > ON_THE_WAY else timedelta(0)


def _read(stamp: object) -> datetime:
    moment = datetime.fromisoformat(str(stamp))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
