"""The ledger of one person: permission, and an entry of twelve bytes for every send."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, IntFlag
from typing import Final, NamedTuple

from dangol.domain.channel import SESSION
from dangol.domain.errors import NotFoundError
from dangol.domain.medium import permission
from dangol.domain.project import CHANNELS, Purpose

ENTRY_BYTES: Final = 12
MEMORY: Final = timedelta(days=400)
# When a consent was given whose date nobody knows: older than every dated word.
UNDATED: Final = 1
# The arm of those who are held out.
HOLDOUT_VARIANT: Final = 255
# Run number, claimed at, variant; purpose (1 bit), state (3) and channel (4); flags; labels.
_ENTRY: Final = struct.Struct(">IIBBBB")
_MARKETING_BIT: Final = 0x80
# Run number, link and milliseconds of a click.
_CLICK: Final = struct.Struct(">IBQ")
# So many of the first clicks on a message are kept, and as many of the last.
CLICKS_KEPT: Final = 20


class State(IntEnum):
    """What became of a claim; a claim reads as sent unless it is corrected."""

    SENT = 0
    HELD_OUT = 1
    FAILED = 2
    UNKNOWN = 3
    CANCELLED = 4


class Flag(IntFlag):
    """What the person, or a machine on their behalf, did with a message."""

    DELIVERED = 1
    SHOWN = 2
    OPENED = 4
    CLICKED = 8
    UNSUBSCRIBED = 16
    BOT_CLICKED = 32
    MACHINE_OPENED = 64
    BOUNCED = 128


NO_FLAG: Final = Flag(0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One send: `run` is the run's number, `claimed_at` in epoch seconds, `labels` one bit a branch."""

    run: int
    claimed_at: int
    variant: int
    channel: str
    purpose: Purpose
    state: State = State.SENT
    flags: Flag = NO_FLAG
    labels: int = 0

    @property
    def counts(self) -> bool:
        """Whether the entry takes a place under frequency caps and bars a second send."""
        return self.state not in (State.FAILED, State.CANCELLED)


class Click(NamedTuple):
    """A click that nothing but the person's other clicks can tell from a person's; `at` in epoch milliseconds."""

    run: int
    link: int
    at: int


def pack(entries: tuple[Entry, ...]) -> bytes:
    """Write entries as the ledger item holds them."""
    return b"".join(
        _ENTRY.pack(
            entry.run,
            entry.claimed_at,
            entry.variant,
            CHANNELS.index(entry.channel) | (_MARKETING_BIT if entry.purpose == "marketing" else 0) | entry.state << 4,
            entry.flags,
            entry.labels,
        )
        for entry in entries
    )


def unpack(packed: bytes) -> tuple[Entry, ...]:
    """Read what `pack` wrote."""
    return tuple(
        Entry(
            run=run,
            claimed_at=claimed_at,
            variant=variant,
            channel=CHANNELS[kind & 0x0F],
            purpose="marketing" if kind & _MARKETING_BIT else "information",
            state=State(kind >> 4 & 0x07),
            flags=Flag(flags),
            labels=labels,
        )
        for run, claimed_at, variant, kind, flags, labels in _ENTRY.iter_unpack(packed)
    )


def pack_clicks(clicks: Iterable[Click]) -> bytes:
    """Write clicks as the ledger item holds them."""
    return b"".join(_CLICK.pack(*click) for click in sorted(clicks))


def unpack_clicks(packed: bytes) -> frozenset[Click]:
    """Read what `pack_clicks` wrote."""
    return frozenset(Click(*fields) for fields in _CLICK.iter_unpack(packed))


@dataclass(frozen=True, slots=True)
class Ledger:
    """A person's ledger; `rev` rises with every change, so that a change and a claim exclude each other.

    `consents` holds, per channel, when consent was given in epoch seconds, negative once withdrawn;
    `night` the same for messages at night. `suppressed` holds hashed addresses.
    """

    user_id: str
    rev: int = 0
    consents: Mapping[str, int] = field(default_factory=dict)
    night: int = 0
    suppressed: frozenset[str] = frozenset()
    entries: tuple[Entry, ...] = ()
    clicks: frozenset[Click] = frozenset()
    # The person's own wish: at most one advertising message in so many days; 0 where they have none.
    pace: int = 0

    def consented(self, channel: str) -> bool:
        """Whether advertising may be sent on `channel`; the console reaches nobody and needs none.

        What is shown inside a session is sent nowhere: it needs no consent, and nobody is shown it who refused it.
        """
        said = self.consents.get(permission(channel), 0)
        return said > 0 or channel == "console" or (channel in SESSION and not said)

    def entry(self, run: int) -> Entry | None:
        """The entry of a run, by its number."""
        return next((e for e in self.entries if e.run == run), None)

    def with_entry(self, entry: Entry, now: datetime) -> "Ledger":
        """Add or replace the entry of its run, let go of what is older than 400 days, and raise `rev`."""
        oldest = int((now - MEMORY).timestamp())
        others = (e for e in self.entries if e.run != entry.run and e.claimed_at >= oldest)
        entries = sorted((*others, entry), key=lambda e: (e.claimed_at, e.run))
        kept = {e.run for e in entries}
        clicks = frozenset(click for click in self.clicks if click.run in kept)
        return replace(self, rev=self.rev + 1, entries=tuple(entries), clicks=clicks)

    def clicks_with(self, run: int, more: Iterable[Click]) -> frozenset[Click]:
        """The clicks on a run's message with `more` of them: the first and the last, where there are very many.

        The same whatever order they come in, and however often.
        """
        known = sorted({*(click for click in self.clicks if click.run == run), *more}, key=lambda c: (c.at, c.link))
        return frozenset((*known[:CLICKS_KEPT], *known[-CLICKS_KEPT:]))

    def with_consent(self, channel: str, *, given: bool, at: int) -> "Ledger":
        """Record a consent or its withdrawal as of `at`; an older statement never undoes a newer one."""
        kept, said = permission(channel), at if given else -at
        if not _newer(said, self.consents.get(kept, 0)):
            return self
        return replace(self, rev=self.rev + 1, consents={**self.consents, kept: said})

    def with_night(self, *, given: bool, at: int) -> "Ledger":
        """Record the consent to messages at night, or its withdrawal."""
        said = at if given else -at
        return replace(self, rev=self.rev + 1, night=said) if _newer(said, self.night) else self

    def with_pace(self, days: int) -> "Ledger":
        """Record how often the person wants advertising: once in `days` at most, or 0 for as often as it comes."""
        return self if days == self.pace else replace(self, rev=self.rev + 1, pace=days)

    def with_suppressed(self, hashed: str) -> "Ledger":
        """Never write to an address again, given as its hash; the same ledger where that was so already."""
        if hashed in self.suppressed:
            return self
        return replace(self, rev=self.rev + 1, suppressed=self.suppressed | {hashed})

    def with_flag(self, run: int, flag: Flag) -> "Ledger":
        """Set a flag on a run's entry; the same ledger where it was set already.

        Raises:
            NotFoundError: the person has no entry of that run.
        """
        entry = self.entry(run)
        if entry is None:
            raise NotFoundError(f"no entry of run {run}")
        if entry.flags & flag == flag:
            return self
        entries = tuple(replace(e, flags=e.flags | flag) if e.run == run else e for e in self.entries)
        return replace(self, rev=self.rev + 1, entries=entries)


def _newer(said: int, known: int) -> bool:
    """Of two statements of the same second, the withdrawal stands."""
    return abs(said) > abs(known) or (abs(said) == abs(known) and said < known)
