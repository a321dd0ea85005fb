"""What a person is and did, folded event by event into something small and exact."""

import re
from bisect import bisect_left, insort
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from math import inf
from typing import Any, Final

from dangol.domain.channel import BY_ID
from dangol.domain.devices import PUSH_TRAITS, address, is_device_trait, state
from dangol.domain.ledger import Entry
from dangol.domain.medium import permission
from dangol.domain.pending import Pending
from dangol.domain.phone import normalised
from dangol.domain.project import EventSpec
from dangol.domain.segment import facet_text

# Values are kept as whole ten-thousandths: sums stay exact in every currency.
VALUE_SCALE: Final = 10_000
FACET_VALUES_KEPT: Final = 50
# `view_item[category=dev]`; an event's own name may end in brackets too.
_FACET_KEY: Final = re.compile(r"(?P<event>.+?)\[[^=\[\]]+=.*\]", re.DOTALL)
# A visitor without an account lives under a prefix that no user id can start with.
ANONYMOUS_PREFIX: Final = "anon:"

PHONE: Final = "phone"
# Where the address of each channel stands among a person's traits.
ADDRESS_TRAITS: Final[Mapping[str, str]] = {
    "email": "email",
    "sms": PHONE,
    "lms": PHONE,
    "mms": PHONE,
    "alimtalk": PHONE,
    "brand_message": PHONE,
    "kakao": PHONE,
    **PUSH_TRAITS,
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One event of one person: `at` in epoch seconds, `value` in ten-thousandths."""

    event: str
    at: int
    value: int = 0
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """All a person did under one event key; times and values of the most recent are kept, ascending."""

    first: int
    last: int
    count: int
    total: int
    times: tuple[int, ...]
    values: tuple[int, ...]

    def within(self, start: int | None, end: int) -> "Tally":
        """Count and sum the occurrences in `[start, end)`, as a range where the kept ones do not tell."""
        low = 0 if start is None else bisect_left(self.times, start)
        high = max(low, bisect_left(self.times, end))
        kept, kept_sum = high - low, sum(self.values[low:high])
        dropped = self.count - len(self.times)
        # What was dropped lies between the first and the oldest kept.
        if not dropped or end <= self.first or (start is not None and start > self.times[0]):
            return Tally(kept, kept, kept_sum, kept_sum)
        from_first = start is None or start <= self.first
        if from_first and self.times[0] < end:
            whole = kept_sum + self.total - sum(self.values)
            return Tally(kept + dropped, kept + dropped, whole, whole)
        # Values may be negative (a refund), so a part of what was dropped may sum to anything.
        return Tally(kept + from_first, kept + dropped, -inf, inf)

    def latest_before(self, end: int) -> tuple[int, int] | None:
        """When the latest occurrence before `end` was, at the earliest and at the latest; None without one."""
        if end <= self.first:
            return None
        index = bisect_left(self.times, end)
        if index:
            return self.times[index - 1], self.times[index - 1]
        return self.first, min(self.times[0], end - 1)


@dataclass(frozen=True, slots=True)
class Tally:
    """How often, and for how much: at least and at most."""

    least: int
    most: float
    least_sum: float
    most_sum: float


NOTHING: Final = Tally(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Touches:
    """The messages of one person, and the runs whose goal they reached."""

    entries: tuple[Entry, ...] = ()
    converted: frozenset[int] = field(default_factory=frozenset)


@dataclass(slots=True)
class Profile:
    """A person as the Profiles table holds one."""

    user_id: str
    traits: dict[str, Any] = field(default_factory=dict)
    trait_times: dict[str, int] = field(default_factory=dict)
    histories: dict[str, History] = field(default_factory=dict)
    # Per event, the latest occurrence of any facet value that was let go.
    watermarks: dict[str, int] = field(default_factory=dict)
    # Mirror of the ledger's consents for counting; epoch seconds, negative once withdrawn.
    consents: dict[str, int] = field(default_factory=dict)
    # When the person was last said to be on each list; epoch seconds, negative where taken off it.
    lists: dict[str, int] = field(default_factory=dict)
    # Events taken lately by hashed id, each with the day (since 1970) on which it came.
    seen: dict[bytes, int] = field(default_factory=dict)
    # Of a visitor: what may count for a run of the person they will turn out to be.
    pending: tuple[Pending, ...] = ()
    # Of a visitor: the person they turned out to be. Nothing is folded into such a profile any more.
    merged_into: str | None = None
    # Of a person: the visitors whose past is in here already, by hashed id.
    absorbed: frozenset[bytes] = frozenset()
    rev: int = 0
    # Read from the ledger where a segment asks for it, and not stored with the rest.
    touches: Touches | None = None

    def address(self, channel: str) -> str | None:
        """Where a message on `channel` would go, a phone number as E.164, every device of a push.

        The console and a session reach all by id.
        """
        if channel in BY_ID:
            return self.user_id
        trait = ADDRESS_TRAITS.get(channel, channel)
        value = self.traits.get(trait)
        if not value:
            return None
        if channel in PUSH_TRAITS:
            return address(channel, value)
        return normalised(value) if trait == PHONE else str(value)

    def listed(self, name: str, since: int = 0) -> bool:
        """Whether the person is on a list that was last told in full at `since`, in epoch seconds."""
        at = self.lists.get(name, 0)
        return at > 0 and at >= since

    def consented(self, channel: str) -> bool:
        """Whether the mirrored consent allows advertising on `channel`; the console needs none."""
        return channel == "console" or self.consents.get(permission(channel), 0) > 0


def scaled(value: Decimal | float | None) -> int:
    """Turn a value into whole ten-thousandths."""
    return 0 if value is None else int((Decimal(str(value)) * VALUE_SCALE).to_integral_value())


def event_keys(event: str, properties: Mapping[str, Any], spec: EventSpec) -> list[str]:
    """The keys under which an event is kept: itself, and one for each declared facet it carries."""
    facets = [
        f"{event}[{name}={facet_text(properties[name])}]"
        for name in spec.facets
        if isinstance(properties.get(name), str | int | float)
    ]
    return [event, *facets]


def fold(profile: Profile, occurrence: Occurrence, spec: EventSpec) -> None:
    """Add one occurrence to `profile`; the caller has seen to it that it is new."""
    for key in event_keys(occurrence.event, occurrence.properties, spec):
        profile.histories[key] = _extended(profile.histories.get(key), occurrence, spec.keep)
    let_facets_go(profile)


def _extended(history: History | None, occurrence: Occurrence, keep: int) -> History:
    at, value = occurrence.at, occurrence.value
    if history is None:
        return History(at, at, 1, value, (at,), (value,))
    kept = list(zip(history.times, history.values, strict=True))
    insort(kept, (at, value))
    kept = kept[-keep:]
    return History(
        first=min(history.first, at),
        last=max(history.last, at),
        count=history.count + 1,
        total=history.total + value,
        times=tuple(t for t, _ in kept),
        values=tuple(v for _, v in kept),
    )


def event_of(key: str) -> str:
    """The event that a key is about: of `view[category=dev]`, `view`."""
    match = _FACET_KEY.fullmatch(key)
    return match["event"] if match else key


def let_facets_go(profile: Profile) -> None:
    """Let the facet values go that were longest not seen, down to 50 a person; their watermark stays."""
    facets = {key: match["event"] for key in profile.histories if (match := _FACET_KEY.fullmatch(key))}
    if len(facets) <= FACET_VALUES_KEPT:
        return
    oldest_first = sorted(facets, key=lambda key: (profile.histories[key].last, key))
    for key in oldest_first[: len(facets) - FACET_VALUES_KEPT]:
        event = facets[key]
        last = profile.histories.pop(key).last
        profile.watermarks[event] = max(profile.watermarks.get(event, last), last)


def set_traits(profile: Profile, traits: Mapping[str, Any], at: int) -> None:
    """Take over `traits` as of `at`; one that is known from a later time stays, None removes, a device is one more."""
    for name, value in traits.items():
        if is_device_trait(name):
            state(profile.traits, profile.trait_times, name, value, at)
            continue
        if at < profile.trait_times.get(name, at):
            continue
        profile.trait_times[name] = at
        if value is None:
            profile.traits.pop(name, None)
        else:
            profile.traits[name] = value


def state_membership(profile: Profile, name: str, *, member: bool, at: int) -> bool:
    """Take over who is on a list as of `at`, in epoch seconds; whether that was news.

    The latest word counts; of two at the same second the one that takes the person off.
    """
    stated = at if member else -at
    known = profile.lists.get(name)
    if known is not None and (abs(known), -known) >= (at, -stated):
        return False
    profile.lists[name] = stated
    return True
