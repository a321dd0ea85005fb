"""Imports: rows of a file into profiles, ledgers, counters and the lake, by the code that `record` runs."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final, TypeVar

from cli.reading.events import EventRow
from cli.reading.grouping import by_person
from cli.reading.profiles import ProfileRow
from cli.stack import Stack
from dangol import bootstrap
from dangol.contracts import Consented, Performed
from dangol.domain.ledger import UNDATED, Ledger
from dangol.domain.medium import permission
from dangol.domain.profile import Profile, set_traits
from dangol.pipeline.forgotten import forgotten_among
from dangol.pipeline.recorded import Recorded

T = TypeVar("T")
R = TypeVar("R")
_THREADS: Final = 3
_PEOPLE: Final = 400
_EVENTS: Final = 2_000
Progress = Callable[[int], None]


@dataclass(slots=True)
class Imported:
    """What an import came to, without its rejects."""

    accepted: int = 0
    duplicates: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the consents of a file come from, and which version of the wording they were given to."""

    told: str
    wording: str = ""


def import_profiles(stack: Stack, rows: Iterable[ProfileRow], origin: Origin, progress: Progress) -> Imported:
    """Store people with their traits and consents; `origin` is kept as evidence of the consents."""
    result = Imported()
    now = stack.clock.now()
    recorder = bootstrap.build_recorder(stack.settings)

    def store(some: list[ProfileRow]) -> tuple[int, int]:
        # Whoever has been forgotten is not brought back by an older file.
        gone = forgotten_among({row.user_id for row in some}, stack.ledgers)
        some = [row for row in some if row.user_id not in gone]
        # Of two rows about one person the later one counts, each trait by itself.
        people = _by_person(some)
        _store_consents(stack, people, now)
        _store_traits(stack, people, now)
        stack.catalogue.add("traits", {name for row in some for name in row.traits})
        recorder.record_evidence([evidence(row, origin, now) for row in some if row.consents or row.night is not None])
        return len(some), len(people)

    for accepted, people in side_by_side(_some(rows, _PEOPLE), store, lambda some: {row.user_id for row in some}):
        result.accepted += accepted
        result.people += people
        progress(result.accepted)
    return result


def import_events(stack: Stack, rows: Iterable[EventRow], source: str, progress: Progress) -> Imported:
    """Record events, those of a person together, so that each profile is written once.

    Raises:
        NotFoundError: no project is applied, and the facets that it declares would be lost.
    """
    stack.definitions.project()
    result = Imported()
    recorder = bootstrap.build_recorder(stack.settings)
    received = int(stack.clock.now().timestamp() * 1000)

    def record(batch: list[EventRow]) -> Recorded:
        return recorder.record([_performed(event, source, received) for event in batch])

    for recorded in side_by_side(_batches(by_person(rows)), record, lambda batch: {event.user_id for event in batch}):
        result.people += recorded.people
        result.accepted += recorded.events
        result.duplicates += recorded.duplicates
        progress(result.accepted)
    return result


def side_by_side(batches: Iterable[T], work: Callable[[T], R], people: Callable[[T], set[str]]) -> Iterator[R]:
    """Work batches in a few threads, in order, two batches about one person never at the same time."""
    waiting: deque[tuple[set[str], Future[R]]] = deque()
    with ThreadPoolExecutor(_THREADS) as pool:
        for batch in batches:
            theirs = people(batch)
            while len(waiting) >= _THREADS or any(theirs & busy for busy, _ in waiting):
                yield waiting.popleft()[1].result()
            waiting.append((theirs, pool.submit(work, batch)))
        while waiting:
            yield waiting.popleft()[1].result()


def _batches(grouped: Iterable[tuple[str, list[EventRow]]]) -> Iterator[list[EventRow]]:
    events: list[EventRow] = []
    for _, theirs in grouped:
        events += theirs
        if len(events) >= _EVENTS:
            yield events
            events = []
    if events:
        yield events


def _performed(event: EventRow, source: str, received: int) -> Performed:
    return Performed(
        id=event.id,
        user_id=event.user_id,
        event=event.event,
        at=int(event.at.timestamp() * 1000),
        received_at=received,
        value=None if event.value is None else str(event.value),
        properties=event.properties,
        source=source,
    )


def _by_person(rows: Iterable[ProfileRow]) -> dict[str, ProfileRow]:
    people: dict[str, ProfileRow] = {}
    for row in rows:
        known = people.get(row.user_id)
        people[row.user_id] = replace(row, traits={**known.traits, **row.traits}) if known else row
    return people


def _store_traits(stack: Stack, people: Mapping[str, ProfileRow], now: datetime) -> None:
    todo = list(people)
    at = int(now.timestamp())
    while todo:
        profiles, ledgers = stack.profiles.get_many(todo), stack.ledgers.get_many(todo)
        changed = [_with(profiles[user], people[user], ledgers[user], at) for user in todo]
        todo = list(stack.profiles.put_many(changed))


def _with(profile: Profile, row: ProfileRow, ledger: Ledger, at: int) -> Profile:
    set_traits(profile, row.traits, at)
    profile.consents = dict(ledger.consents)
    return profile


def _store_consents(stack: Stack, people: Mapping[str, ProfileRow], now: datetime) -> None:
    """The ledger is the authority: an older word never undoes a newer one there."""
    speaking = [user for user, row in people.items() if row.consents or row.night is not None]
    ledgers = dict(stack.ledgers.get_many(speaking)) if speaking else {}
    while ledgers:
        wanted = {user: consenting(ledger, people[user], now) for user, ledger in ledgers.items()}
        changed = [ledger for user, ledger in wanted.items() if ledger is not ledgers[user]]
        ledgers = dict(stack.ledgers.put_many(changed))


def consenting(ledger: Ledger, row: ProfileRow, now: datetime) -> Ledger:
    """The ledger after what a row says of consent, one `rev` on; the same where it says nothing new.

    A yes without a date counts as older than every dated word, so that yesterday's opt-out outlives the import
    of last month's list. A no where nothing is known is no news; where consent stands it withdraws it.
    """
    said = int(row.consented_at.timestamp()) if row.consented_at else UNDATED
    after = ledger
    for channel, given in row.consents.items():
        if given:
            after = after.with_consent(channel, given=True, at=said)
        elif ledger.consents.get(permission(channel), 0) > 0:
            after = after.with_consent(channel, given=False, at=_withdrawn(row, now))
    if row.night:
        after = after.with_night(given=True, at=said)
    elif row.night is False and ledger.night > 0:
        after = after.with_night(given=False, at=_withdrawn(row, now))
    return after if after is ledger else replace(after, rev=ledger.rev + 1)


def _withdrawn(row: ProfileRow, now: datetime) -> int:
    return int((row.consented_at or now).timestamp())


def evidence(row: ProfileRow, origin: Origin, now: datetime) -> Consented:
    """What a row says of consent, as the lake keeps it."""
    said = row.consented_at
    return Consented(
        id=f"import:{origin.told}:{row.user_id}:{said.isoformat() if said else 'undated'}",
        user_id=row.user_id,
        at=int((said or now).timestamp() * 1000),
        received_at=int(now.timestamp() * 1000),
        consents=row.consents,
        night=row.night,
        method="import",
        source=origin.told,
        wording=origin.wording,
        ip=row.ip,
    )


def _some(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(rows)
    while some := list(islice(rest, size)):
        yield some


def result_of(imported: Imported, rejected: int, rejects_file: str | None, started: float) -> dict[str, Any]:
    """What `--json` prints of an import."""
    return {
        "read": imported.accepted + rejected,
        "accepted": imported.accepted,
        "rejected": rejected,
        "duplicates": imported.duplicates,
        "people": imported.people,
        "rejects_file": rejects_file,
        "seconds": round(time.monotonic() - started, 1),
    }
