"""When a cap is full and when it frees, and when quiet hours end: in whole seconds and in the person's zone."""

from datetime import UTC, datetime, time, timedelta

from dangol.domain.contact_rules import Cap, Purpose, QuietHours
from dangol.domain.ledger import Ledger
from dangol.domain.medium import within


def frees_at(cap: Cap, channel: str, purpose: Purpose, ledger: Ledger, local: datetime) -> datetime | None:
    """When `cap` has a place for a message again, in UTC; None where it has one at `local`, or does not concern it."""
    if not within(channel, cap.channel) or cap.purpose not in (None, purpose):
        return None
    since = window_start(cap, local).timestamp()
    used = sorted(
        entry.claimed_at
        for entry in ledger.entries
        if entry.counts
        and entry.claimed_at >= since
        and within(entry.channel, cap.channel)
        and cap.purpose in (None, entry.purpose)
    )
    if len(used) < cap.max:
        return None
    if isinstance(cap.per, timedelta):
        return datetime.fromtimestamp(used[-cap.max], UTC) + cap.per
    days = 1 if cap.per == "day" else 7 - local.weekday()
    # A midnight that the clocks leave out is the moment in which they change.
    return datetime.combine(local.date() + timedelta(days), time(), tzinfo=local.tzinfo).astimezone(UTC)


def window_start(cap: Cap, local: datetime) -> datetime:
    """Since when sends use up `cap`, seen at `local`: a rolling window, or a calendar day or week."""
    if isinstance(cap.per, timedelta):
        # Entries count whole seconds, and one exactly a window ago has left it; days of 24 hours are counted in UTC.
        return local.astimezone(UTC).replace(microsecond=0) - cap.per + timedelta(seconds=1)
    midnight = datetime.combine(local.date(), time(), tzinfo=local.tzinfo)
    return midnight if cap.per == "day" else midnight - timedelta(days=local.weekday())


def too_soon(ledger: Ledger, now: datetime) -> bool:
    """The person's own wish, over all channels: at most one advertising message in so many days of 24 hours."""
    # As with a rolling cap: one exactly a window ago has left it.
    since = int(now.timestamp()) - ledger.pace * 86_400
    return bool(ledger.pace) and any(
        e.counts and e.purpose == "marketing" and e.claimed_at > since for e in ledger.entries
    )


def quiet_until(hours: QuietHours, local: datetime) -> datetime | None:
    """The end of the quiet hours that `local` lies in, in UTC; None outside them."""
    start, end, clock = hours.from_, hours.to, local.time()
    over_midnight = start > end
    inside = (clock >= start or clock < end) if over_midnight else start <= clock < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1) if over_midnight and clock >= start else local.date()
    # Where the clocks change, a time of day may come twice, or not at all: then the later reading holds.
    ends = (datetime.combine(day, end.replace(fold=fold), tzinfo=local.tzinfo) for fold in (0, 1))
    return max(moment.astimezone(UTC) for moment in ends)
