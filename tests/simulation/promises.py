"""What really happened, kept beside the system, and the promises checked against it."""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dangol.domain.campaign import Campaign
from dangol.domain.ledger import Entry, Ledger, State
from dangol.domain.project import Cap, Project
from dangol.domain.winner import in_test

# Permission is checked at most this long before the hand-over, in seconds.
PERMISSION = 10.0
# A run that was paused or cancelled hands nothing over any more after this long, in seconds.
HALTING = 5.0
# The claim's own time is kept in whole seconds.
WHOLE_SECOND = 1.0


class BrokenPromiseError(BaseException):
    """A promise is broken; nothing in the pipeline may catch it."""


@dataclass(slots=True)
class Claim:
    """A claim as it was stored."""

    entry: Entry
    stored_at: float


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What the campaign of a run asks for."""

    name: str
    campaign: Campaign
    scheduled_at: datetime


@dataclass
class Truth:
    """Who consented, who was claimed and who was sent to, as it really was."""

    project: Project
    zone_of: Mapping[str, ZoneInfo]
    night: frozenset[str]
    rates: Mapping[str, int]
    terms: Callable[[int], RunTerms]
    consents: dict[tuple[str, str], bool] = field(default_factory=dict)
    halted: dict[str, float] = field(default_factory=dict)
    suppressed: set[str] = field(default_factory=set)
    claims: dict[str, dict[int, Claim]] = field(default_factory=lambda: defaultdict(dict))
    accepted: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    # What a provider took, and knows that it did not arrive.
    bounced: set[tuple[int, str, str]] = field(default_factory=set)
    # The variant of a run that those outside its test got.
    winners: dict[int, int] = field(default_factory=dict)
    handed: int = 0
    halts: int = 0
    holders: dict[tuple[str, str], tuple[str, float]] = field(default_factory=dict)
    generations: Counter[tuple[str, str]] = field(default_factory=Counter)
    _starts: dict[str, deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))

    # --- the ledger -------------------------------------------------------------------------------------------

    def ledger_stored(self, before: Ledger, after: Ledger, now: float) -> None:
        """A ledger was stored: check each claim in it that is new."""
        known = {entry.run: entry for entry in before.entries}
        if after.entries == before.entries:
            # What a person says; a claim that writes over it does not make it unsaid.
            self.consents.update({(after.user_id, channel): after.consented(channel) for channel in ("email", "sms")})
        if after.suppressed:
            self.suppressed.add(after.user_id)
        for entry in after.entries:
            if entry == known.get(entry.run):
                continue
            old = known.get(entry.run)
            is_claim = entry.state in (State.SENT, State.HELD_OUT) and (
                old is None or not old.counts or old.claimed_at != entry.claimed_at or self._goes_on(old, entry)
            )
            if is_claim:
                self._claimed(after.user_id, entry)
                self.claims[after.user_id][entry.run] = Claim(entry, now)
            else:
                self.claims[after.user_id][entry.run].entry = entry

    def _goes_on(self, old: Entry, entry: Entry) -> bool:
        """Whether the next channel follows; what is given back to the one before it is no claim."""
        steps = self.terms(entry.run).campaign.steps
        return [*steps].index(entry.channel) > [*steps].index(old.channel)  # type: ignore[arg-type]  # of these

    def _claimed(self, user: str, entry: Entry) -> None:
        terms = self.terms(entry.run)
        moment = datetime.fromtimestamp(entry.claimed_at, tz=UTC)
        expires = terms.campaign.limits.expires
        if expires and moment >= terms.scheduled_at + expires:
            raise BrokenPromiseError(f"{user} was claimed for run {entry.run} after it expired")
        if entry.channel == "email" and user in self.suppressed:
            raise BrokenPromiseError(f"{user} was claimed for run {entry.run} at a suppressed address")
        self._check_test(terms, user, entry, moment)
        if terms.campaign.purpose == "information":
            return
        if not self.consents[user, entry.channel]:
            raise BrokenPromiseError(f"{user} was claimed for run {entry.run} without consent")
        self._check_quiet(user, moment)
        for cap in self.project.caps:
            self._check_cap(user, entry, cap)

    def _check_test(self, terms: RunTerms, user: str, entry: Entry, moment: datetime) -> None:
        test = terms.campaign.test
        if test is None or in_test(user, terms.name, test):
            return
        if moment < terms.scheduled_at + test.decide_after:
            raise BrokenPromiseError(f"{user} of the rest was claimed for run {entry.run} before its test was decided")
        if entry.state is State.SENT and self.winners.setdefault(entry.run, entry.variant) != entry.variant:
            raise BrokenPromiseError(f"{user} of the rest of run {entry.run} got another variant than the rest")

    def _check_quiet(self, user: str, moment: datetime) -> None:
        local = moment.astimezone(self.zone_of[user]).time()
        quiet = any(hours.from_ <= local < hours.to for hours in self.project.quiet_hours.marketing)
        if quiet and user not in self.night:
            raise BrokenPromiseError(f"{user} was claimed in the quiet hours")

    def _check_cap(self, user: str, entry: Entry, cap: Cap) -> None:
        zone = self.zone_of[user]

        def shares_window(other: Entry) -> bool:
            if isinstance(cap.per, timedelta):
                return entry.claimed_at - other.claimed_at < cap.per.total_seconds()
            days = [datetime.fromtimestamp(e.claimed_at, tz=zone).date() for e in (entry, other)]
            if cap.per == "day":
                return days[0] == days[1]
            return days[0].isocalendar()[:2] == days[1].isocalendar()[:2]

        others = [claim.entry for run, claim in self.claims[user].items() if run != entry.run]
        used = sum(e.counts and (cap.purpose is None or e.purpose == cap.purpose) and shares_window(e) for e in others)
        if used >= cap.max:
            raise BrokenPromiseError(f"{user} was claimed for run {entry.run} beyond the cap {cap.max} per {cap.per}")

    # --- the journal ------------------------------------------------------------------------------------------

    def chunk_taken(self, chunk: tuple[str, str], owner: str, generation: int, lease: tuple[float, float]) -> None:
        """A worker was given a chunk, from now until its lease ends."""
        now, until = lease
        holder, ends = self.holders.get(chunk, ("", 0.0))
        if holder not in ("", owner) and ends >= now:
            raise BrokenPromiseError(f"{owner} took the chunk {chunk} that {holder} holds")
        if generation < self.generations[chunk]:
            raise BrokenPromiseError(f"an old message of generation {generation} took the chunk {chunk}")
        self.holders[chunk] = (owner, until)

    def chunk_changed(self, chunk: tuple[str, str], owner: str) -> None:
        """A worker stored states in a chunk."""
        if self.holders[chunk][0] != owner:
            raise BrokenPromiseError(f"{owner} wrote to the chunk {chunk} of {self.holders[chunk][0]}")

    def chunk_left(self, chunk: tuple[str, str], owner: str, generation: int) -> None:
        """A worker let a chunk go; it goes on at `generation`."""
        self.chunk_changed(chunk, owner)
        self.holders[chunk] = ("", 0.0)
        self.generations[chunk] = generation

    # --- the provider -----------------------------------------------------------------------------------------

    def hand_over_starts(self, worker: str, by: tuple[int, str], users: list[str], now: float) -> None:
        """A worker calls the provider of a channel for a run."""
        self.handed += len(users)
        run, channel = by
        for user in users:
            self._check_permission(run, channel, user, now)
        self._check_hold(worker, run, now)
        self._check_halt(run, now)
        self._check_rate(channel, len(users), now)
        if len(self.terms(run).campaign.steps) == 1:
            self._check_rate(self.terms(run).name, len(users), now)

    def _check_permission(self, run: int, channel: str, user: str, now: float) -> None:
        claim = self.claims[user].get(run)
        if claim is None or claim.entry.state is not State.SENT or claim.entry.channel != channel:
            raise BrokenPromiseError(f"{user} is handed over for run {run} without a claim")
        if now - claim.stored_at > PERMISSION or now - claim.entry.claimed_at > PERMISSION + WHOLE_SECOND:
            age = now - min(claim.stored_at, claim.entry.claimed_at)
            raise BrokenPromiseError(f"{user} is handed over for run {run} {age:.1f} s after the claim")

    def _check_hold(self, worker: str, run: int, now: float) -> None:
        if not any(owner.startswith(f"{worker}:") and until >= now for owner, until in self.holders.values()):
            raise BrokenPromiseError(f"{worker} hands over for run {run} and holds no chunk of it")

    def _check_halt(self, run: int, now: float) -> None:
        name = self.terms(run).name
        since = now - self.halted.get(name, now)
        if since > HALTING:
            raise BrokenPromiseError(f"run {run} hands over {since:.1f} s after it was paused or cancelled")

    def _check_rate(self, name: str, count: int, now: float) -> None:
        rate = self.rates.get(name)
        if rate is None:
            return
        starts = self._starts[name]
        starts.append((now, count))
        # The width of the second is kept clear of the arithmetic of floats.
        while starts[0][0] <= now - 1 + 1e-6:
            starts.popleft()
        if (handed := sum(n for _, n in starts)) > rate:
            raise BrokenPromiseError(f"{handed} were handed over to {name} within a second, which allows {rate}")

    def provider_accepted(self, run: int, user: str, channel: str) -> None:
        """The provider of a channel took a message."""
        self.accepted[run, user, channel] += 1
        campaign = self.terms(run).campaign
        allowed = 2 if campaign.on_unknown == "resend" else 1
        if self.accepted[run, user, channel] > allowed:
            raise BrokenPromiseError(f"{channel} took {allowed + 1} messages of run {run} for {user}")
        for before in campaign.steps[: campaign.steps.index(channel)]:
            if self.accepted[run, user, before] and (run, user, before) not in self.bounced:
                raise BrokenPromiseError(f"{channel} took run {run} for {user}, who has it by {before}")
