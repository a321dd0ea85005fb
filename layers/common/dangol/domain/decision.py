"""The decision about one person: send, hold out, skip with a reason, or hold until later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from dangol.domain.frequency import frees_at, quiet_until, too_soon
from dangol.domain.law import proves, silent_until
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, Ledger, State
from dangol.domain.medium import permission
from dangol.domain.run import Run
from dangol.domain.suppression import address_hash
from dangol.domain.variant import Arm, arm_for, holdout_share, in_global_holdout, weighted_variant

# Whoever comes at the very moment waits for the decision.
_DECIDING: Final = timedelta(seconds=5)


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
    GLOBAL_HOLDOUT = "global_holdout"
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
class Person:
    """Somebody in the audience, with what the decision needs."""

    user_id: str
    address: str | None
    zone: ZoneInfo | None = None
    assigned: str | None = None
    labels: int = 0
    # Somebody else of the run has the same address, and stands for it.
    shared: bool = False
    # Whose law applies.
    country: str | None = None


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
    arm = arm_for(person.user_id, run.campaign_id, run.campaign, share, person.assigned)
    return arm if arm is None or arm.held_out or run.campaign.test is None else Arm(variant_of(run, person))


def variant_of(run: Run, person: Person) -> int:
    """The variant of somebody whom no `assign_by` assigns; for those held out, the one they would have got."""
    if run.winner is not None and run.awaits_winner(person.user_id):
        return run.winner
    return weighted_variant(person.user_id, run.campaign_id, run.campaign)


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


def _no_consent(run: Run, person: Person, ledger: Ledger, _now: datetime) -> Skip | None:
    channel = run.campaign.channel
    if run.campaign.purpose == "information":
        return None
    allowed = ledger.consented(channel) and proves(ledger.consents.get(permission(channel), 0), person.country)
    return None if allowed else Skip(Reason.NO_CONSENT)


def _same_address(_run: Run, person: Person, _ledger: Ledger, _now: datetime) -> Skip | None:
    return Skip(Reason.SAME_ADDRESS) if person.shared else None


def _global_holdout(run: Run, person: Person, _ledger: Ledger, _now: datetime) -> Skip | None:
    rule = run.project.global_holdout
    if rule is None or run.campaign.purpose == "information":
        return None
    drawn = in_global_holdout(person.user_id, rule, run.scheduled_at.astimezone(run.project.zone))
    return Skip(Reason.GLOBAL_HOLDOUT) if drawn else None


def _already_sent(run: Run, _person: Person, ledger: Ledger, _now: datetime) -> Skip | None:
    once = run.campaign.once_per
    if once is None:
        return None
    barring = run.siblings.keys() if once == "campaign" else {n for n, at in run.siblings.items() if run.near(at, once)}
    touched = any(entry.run in barring and entry.counts for entry in ledger.entries)
    return Skip(Reason.ALREADY_SENT) if touched else None


def _quiet(run: Run, person: Person, ledger: Ledger, now: datetime) -> Skip | Hold | None:
    campaign, local = run.campaign, now.astimezone(person.zone or run.zone)
    # The law asks for a consent of its own; whoever gave it is written to at night.
    rules = () if ledger.night > 0 else run.project.quiet_hours.of(campaign.purpose, campaign.channel)
    ends = [(until, hours.then) for hours in rules if (until := quiet_until(hours, local))]
    if campaign.purpose == "marketing":
        lawful = silent_until(person.country, campaign.channel, person.zone, now, night=ledger.night > 0)
        ends += [(lawful, "hold")] if lawful else []
    if not ends:
        return None
    until = max(end for end, _ in ends)
    if any(then == "drop" for _, then in ends) or not _in_time(run, until):
        return Skip(Reason.QUIET_HOURS)
    return Hold(until)


def _capped(run: Run, person: Person, ledger: Ledger, now: datetime) -> Skip | Hold | None:
    if run.campaign.purpose == "information":
        return None
    local = now.astimezone(person.zone or run.zone)
    full = [
        (freed, cap.then)
        for cap in run.project.caps
        if (freed := frees_at(cap, run.campaign.channel, run.campaign.purpose, ledger, local))
    ]
    if too_soon(ledger, now) or any(then == "skip" for _, then in full):
        return Skip(Reason.FREQUENCY_CAP)
    if not full:
        return None
    until = max(freed for freed, _ in full)
    # Without an end of its own, a campaign would wait behind every other one for good.
    return Hold(until) if run.expires_at and until < run.expires_at else Skip(Reason.FREQUENCY_CAP)


def _shown_enough(run: Run, _person: Person, ledger: Ledger, now: datetime) -> Skip | None:
    """A session is not shown the same again and again, whichever of the campaign's runs it is of."""
    show = run.campaign.show
    if show is None or show.max is None or show.per is None:
        return None
    since = now - show.per
    shown = sum(e.run in run.siblings and e.counts and e.claimed_at > since.timestamp() for e in ledger.entries)
    return Skip(Reason.FREQUENCY_CAP) if shown >= show.max else None


def _awaits_winner(run: Run, person: Person, _ledger: Ledger, now: datetime) -> Hold | None:
    """Held out or not: both arms are claimed at the same time."""
    if run.winner is not None or run.decides_at is None or not run.awaits_winner(person.user_id):
        return None
    return Hold(max(run.decides_at, now + _DECIDING))


def _in_time(run: Run, until: datetime) -> bool:
    return run.expires_at is None or until < run.expires_at


_Check = Callable[[Run, Person, Ledger, datetime], Skip | Hold | None]
_CHECKS: Final[Sequence[_Check]] = (
    _expired,
    _unreachable,
    _suppressed,
    _no_consent,
    _same_address,
    _global_holdout,
    _already_sent,
    _awaits_winner,
    _quiet,
    _capped,
    _shown_enough,
)
