"""The decision about one person: send, hold out, skip with a reason, or hold until later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from dangol.domain.campaign import Campaign
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, Ledger, State
from dangol.domain.project import Cap, Project, QuietHours
from dangol.domain.suppression import address_hash
from dangol.domain.variant import Arm, arm_for, holdout_share


class Reason(StrEnum):
    """Why somebody in the audience got nothing; the list is closed and documented."""

    NO_CONSENT = "no_consent"
    UNREACHABLE = "unreachable"
    SUPPRESSED = "suppressed"
    FREQUENCY_CAP = "frequency_cap"
    ALREADY_SENT = "already_sent"
    QUIET_HOURS = "quiet_hours"
    MISSING_VARIABLE = "missing_variable"
    CAMPAIGN_STOPPED = "campaign_stopped"
    EXPIRED = "expired"
    SAME_ADDRESS = "same_address"
    NOT_ASSIGNED = "not_assigned"


@dataclass(frozen=True, slots=True)
class Send:
    """Hand the message of this variant over."""

    variant: int


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Treat like a send up to the hand-over, then send nothing."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Send nothing, for this reason."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now: decide again at `until`."""

    until: datetime


Decision = Send | HoldOut | Skip | Hold


@dataclass(frozen=True, slots=True)
class Run:
    """All that the decisions of one run share."""

    number: int
    campaign_id: str
    campaign: Campaign
    project: Project
    scheduled_at: datetime
    # Numbers of this campaign's runs, this one included: what `once_per` looks for.
    siblings: frozenset[int] = frozenset()

    @property
    def zone(self) -> ZoneInfo:
        """The campaign's own zone, used for people whose own is not known."""
        rule = self.campaign.schedule
        return ZoneInfo(rule.timezone) if rule and rule.timezone else self.project.zone

    @property
    def expires_at(self) -> datetime | None:
        """When it is too late to send."""
        expires = self.campaign.limits.expires
        return self.scheduled_at.astimezone(UTC) + expires if expires else None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the audience, with what the decision needs."""

    user_id: str
    address: str | None
    zone: ZoneInfo | None = None
    assigned: str | None = None
    labels: int = 0


def decide(run: Run, person: Person, ledger: Ledger, now: datetime) -> Decision:
    """Decide about one person; the order of the reasons is the order of the checks."""
    for check in _CHECKS:
        if refusal := check(run, person, ledger, now):
            return refusal
    arm = arm_of(run, person)
    if arm is None:
        return Skip(Reason.NOT_ASSIGNED)
    return HoldOut() if arm.variant is None else Send(arm.variant)


def arm_of(run: Run, person: Person) -> Arm | None:
    """The arm of a person, the same each time they come."""
    share = holdout_share(run.campaign, run.project.holdout)
    return arm_for(person.user_id, run.campaign_id, run.campaign, share, person.assigned)


def entry_for(run: Run, person: Person, decision: Send | HoldOut, now: datetime) -> Entry:
    """The ledger entry that claims this person for the run."""
    held = isinstance(decision, HoldOut)
    return Entry(
        run=run.number,
        claimed_at=int(now.timestamp()),
        variant=HOLDOUT_VARIANT if isinstance(decision, HoldOut) else decision.variant,
        channel=run.campaign.channel,
        purpose=run.campaign.purpose,
        state=State.HELD_OUT if held else State.SENT,
        labels=person.labels,
    )


def _expired(run: Run, _person: Person, _ledger: Ledger, now: datetime) -> Skip | None:
    return Skip(Reason.EXPIRED) if run.expires_at and now >= run.expires_at else None


def _unreachable(_run: Run, person: Person, _ledger: Ledger, _now: datetime) -> Skip | None:
    return None if person.address else Skip(Reason.UNREACHABLE)


def _suppressed(run: Run, person: Person, ledger: Ledger, _now: datetime) -> Skip | None:
    if not ledger.suppressed or person.address is None:
        return None
    hashed = address_hash(run.campaign.channel, person.address)
    return Skip(Reason.SUPPRESSED) if hashed in ledger.suppressed else None


def _no_consent(run: Run, _person: Person, ledger: Ledger, _now: datetime) -> Skip | None:
    if run.campaign.purpose == "information" or ledger.consented(run.campaign.channel):
        return None
    return Skip(Reason.NO_CONSENT)


def _already_sent(run: Run, _person: Person, ledger: Ledger, now: datetime) -> Skip | None:
    once = run.campaign.once_per
    if once is None:
        return None
    since = 0 if once == "campaign" else int((now - once).timestamp())
    touched = any(e.run in run.siblings and e.counts and e.claimed_at >= since for e in ledger.entries)
    return Skip(Reason.ALREADY_SENT) if touched else None


def _quiet(run: Run, person: Person, ledger: Ledger, now: datetime) -> Skip | Hold | None:
    hours = run.project.quiet_hours.get(run.campaign.purpose)
    if hours is None or run.campaign.channel in hours.except_ or ledger.night > 0:
        return None
    until = quiet_until(hours, now.astimezone(person.zone or run.zone))
    if until is None:
        return None
    if hours.then == "hold" and not (run.expires_at and until >= run.expires_at):
        return Hold(until)
    return Skip(Reason.QUIET_HOURS)


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


def _capped(run: Run, person: Person, ledger: Ledger, now: datetime) -> Skip | None:
    if run.campaign.purpose == "information":
        return None
    full = any(_full(cap, run, person, ledger, now) for cap in run.project.caps)
    return Skip(Reason.FREQUENCY_CAP) if full or _too_soon(ledger, now) else None


def _too_soon(ledger: Ledger, now: datetime) -> bool:
    """The person's own wish, over all channels: at most one advertising message in so many days of 24 hours."""
    # As with a rolling cap: one exactly a window ago has left it.
    since = int(now.timestamp()) - ledger.pace * 86_400
    return bool(ledger.pace) and any(
        e.counts and e.purpose == "marketing" and e.claimed_at > since for e in ledger.entries
    )


def _full(cap: Cap, run: Run, person: Person, ledger: Ledger, now: datetime) -> bool:
    if cap.channel not in (None, run.campaign.channel) or cap.purpose not in (None, run.campaign.purpose):
        return False
    since = window_start(cap, now.astimezone(person.zone or run.zone)).timestamp()
    used = sum(
        entry.counts
        and entry.claimed_at >= since
        and cap.channel in (None, entry.channel)
        and cap.purpose in (None, entry.purpose)
        for entry in ledger.entries
    )
    return used >= cap.max


def window_start(cap: Cap, local: datetime) -> datetime:
    """Since when sends use up `cap`, seen at `local`: a rolling window, or a calendar day or week."""
    if isinstance(cap.per, timedelta):
        # Entries count whole seconds, and one exactly a window ago has left it; days of 24 hours are counted in UTC.
        return local.astimezone(UTC).replace(microsecond=0) - cap.per + timedelta(seconds=1)
    midnight = datetime.combine(local.date(), time(), tzinfo=local.tzinfo)
    return midnight if cap.per == "day" else midnight - timedelta(days=local.weekday())


_Check = Callable[[Run, Person, Ledger, datetime], Skip | Hold | None]
_CHECKS: Final[Sequence[_Check]] = (
    _expired,
    _unreachable,
    _suppressed,
    _no_consent,
    _already_sent,
    _quiet,
    _capped,
)
