"""How many people a segment selects, by which branch, and how they can be reached."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cli.applying import check_lists, refuse_unknown, traits_of
from cli.asking import found_by
from cli.stack import Stack
from dangol.adapters.fitting import exactly_said
from dangol.domain.compiling import address_trait, columns, compiled
from dangol.domain.matching import Moment, matches
from dangol.domain.medium import permission
from dangol.domain.profile import ADDRESS_TRAITS, Profile
from dangol.domain.project import Project
from dangol.domain.segment import Condition, Segment
from dangol.domain.sieve import Columns
from dangol.pipeline.listing import replaced_at
from dangol.pipeline.touches import runs_of
from dangol.ports import Page, Search


@dataclass(slots=True)
class Count:
    """The tally of one segment; steps are counted in the order of the file."""

    count: int = 0
    scanned: int = 0
    inexact: int = 0
    reachable: Counter[str] = field(default_factory=Counter)
    alone: Counter[int] = field(default_factory=Counter)
    added: Counter[int] = field(default_factory=Counter)
    taken: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What to count: a segment, and what is excluded from it, as of a moment."""

    segment: Segment
    excluded: Sequence[Segment]
    project: Project
    at: datetime
    lists: Mapping[str, int] = field(default_factory=dict)
    runs: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @property
    def moment(self) -> Moment:
        """The moment in the project's zone."""
        return Moment(self.at, self.project.zone, self.lists, self.runs)

    @property
    def branches(self) -> Sequence[Condition]:
        """The branches of the top `any`, or the segment as a whole."""
        return self.segment.any_ or (self.segment,)

    @property
    def search(self) -> Search:
        """Whom to read: also those who are excluded, since it is told how many they are."""
        read = Columns(traits=frozenset(map(address_trait, ADDRESS_TRAITS)), consents=True)
        for segment in (self.segment, *self.excluded):
            read |= columns(segment)
        return Search(compiled(self.segment, (), self.moment), read)


def count(stack: Stack, inquiry: Inquiry, selected: Callable[[str], None] | None = None) -> dict[str, Any]:
    """Count a segment in one scan of the people, or by its query; `selected` is given each person's id.

    Raises:
        DefinitionError: it asks for a trait that nobody has, or for a list that was never imported; its query fails.
    """
    inquiry = _asked(stack, inquiry)
    started, tally = time.monotonic(), Count()
    for page in _pages(stack, inquiry):
        tally.scanned += page.scanned
        # A message counts in a branch and an exclusion too, so everybody's are read where one asks.
        stack.reminder.remind([profile for profile, _ in page.people], (inquiry.segment, *inquiry.excluded))
        for profile, certain in page.people:
            if tallied(tally, inquiry, profile, certain=certain) and selected:
                selected(profile.user_id)
    return {
        "segment": _title(inquiry.segment),
        "at": inquiry.at.isoformat(),
        "count": tally.count,
        "inexact": tally.inexact,
        "scanned": tally.scanned,
        "reachable": dict(sorted(tally.reachable.items())),
        "read_units": stack.profiles.read_units,
        "seconds": round(time.monotonic() - started, 2),
        "steps": [_step(tally, n, branch) for n, branch in enumerate(inquiry.branches)],
        "excluded": [_taken(tally, n, excluded) for n, excluded in enumerate(inquiry.excluded)],
    }


def size(stack: Stack, inquiry: Inquiry) -> dict[str, Any]:
    """How many a segment selects and nothing else: counted inside DynamoDB where its filter tells all.

    Raises:
        DefinitionError: it asks for a trait that nobody has, or for a list that was never imported.
    """
    inquiry = _asked(stack, inquiry)
    sieve = inquiry.search.sieve
    if not (sieve.exact and exactly_said(sieve.may)):
        counted = count(stack, inquiry)
        return {key: value for key, value in counted.items() if key not in ("reachable", "steps", "excluded")}
    started = time.monotonic()
    pages = list(stack.profiles.count(0, 1, sieve.may))
    return {
        "segment": _title(inquiry.segment),
        "at": inquiry.at.isoformat(),
        "count": sum(found for found, _ in pages),
        "inexact": 0,
        "scanned": sum(scanned for _, scanned in pages),
        "read_units": stack.profiles.read_units,
        "seconds": round(time.monotonic() - started, 2),
    }


def _pages(stack: Stack, inquiry: Inquiry) -> Iterable[Page]:
    """Those who may be meant, in pages."""
    if inquiry.segment.sql is not None:
        return found_by(stack, inquiry.segment.sql, inquiry.at)
    return stack.profiles.scan(0, 1, None, inquiry.search)


def _asked(stack: Stack, inquiry: Inquiry) -> Inquiry:
    """The inquiry with what is known of the lists that it asks for; refused where it asks for what is not there."""
    segments, place = (inquiry.segment, *inquiry.excluded), f"segments/{inquiry.segment.name or 'inline'}"
    check_lists(stack, segments, place)
    known = stack.catalogue.names("traits")
    for trait in sorted(traits_of(segments)) if known else ():
        refuse_unknown(trait, known, place)
    return replace(inquiry, lists=replaced_at(stack.lists, segments), runs=runs_of(stack.runs, segments))


def _title(segment: Segment) -> str:
    return segment.name or segment.title or "inline"


def tallied(tally: Count, inquiry: Inquiry, profile: Profile, *, certain: bool) -> bool:
    """Add one person, who may be known to match already; whether they are selected."""
    answer = certain or matches(inquiry.segment, profile, inquiry.moment)
    if answer is None:
        tally.inexact += 1
    if not answer:
        return False
    _tally_branches(tally, inquiry, profile)
    for place, excluded in enumerate(inquiry.excluded):
        if matches(excluded, profile, inquiry.moment):
            tally.taken[place] += 1
            return False
    tally.count += 1
    channels = [c for c in ADDRESS_TRAITS if c == permission(c) and profile.consented(c) and profile.address(c)]
    tally.reachable.update(channels)
    return True


def _tally_branches(tally: Count, inquiry: Inquiry, profile: Profile) -> None:
    first = True
    for place, branch in enumerate(inquiry.branches):
        if matches(branch, profile, inquiry.moment):
            tally.alone[place] += 1
            tally.added[place] += first
            first = False


def _step(tally: Count, place: int, branch: Condition) -> dict[str, Any]:
    label = branch.label or getattr(branch, "title", None) or f"{place + 1}"
    return {"step": label, "alone": tally.alone[place], "added": tally.added[place]}


def _taken(tally: Count, place: int, excluded: Segment) -> dict[str, Any]:
    return {"segment": excluded.name or excluded.title or f"{place + 1}", "taken": tally.taken[place]}
