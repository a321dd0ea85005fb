from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, strategies as st

from cli.reading import grouping
from cli.reading.events import EventRow
from cli.reading.grouping import by_person

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)


def event(user_id: str, minute: int, row: int, **properties: object) -> EventRow:
    return EventRow(
        id=f"e{row}",
        user_id=user_id,
        event="구매",
        at=NOON + timedelta(minutes=minute, microseconds=250),
        value=Decimal("79000.50") if row % 2 else None,
        properties=properties,
        row=row,
    )


def shuffled(people: int, each: int) -> list[EventRow]:
    return [event(f"u{row * 7 % people}", minute=-row, row=row, n=row) for row in range(1, people * each + 1)]


def expected(events: list[EventRow]) -> list[tuple[str, list[EventRow]]]:
    people = sorted({e.user_id for e in events})
    return [(p, sorted((e for e in events if e.user_id == p), key=lambda e: (e.at, e.row))) for p in people]


def test_events_come_person_by_person_in_order_of_time_and_row():
    events = [event("u2", 5, 1), event("u1", 9, 2), event("u2", 1, 3), event("u2", 5, 4), event("u1", 0, 5)]

    grouped = [(user_id, [e.row for e in found]) for user_id, found in by_person(events)]

    assert grouped == [("u1", [5, 2]), ("u2", [3, 1, 4])]


def test_what_does_not_fit_in_memory_is_merged_from_files():
    events = shuffled(people=11, each=40)

    assert list(by_person(events, run_bytes=5_000)) == expected(events)


def test_many_files_are_merged_before_too_many_are_open(monkeypatch):
    monkeypatch.setattr(grouping, "_MERGE_AT_ONCE", 3)
    events = shuffled(people=7, each=30)

    assert list(by_person(events, run_bytes=2_000)) == expected(events)


def test_a_person_with_more_events_than_a_piece_comes_repeatedly():
    events = [event("u1", minute, minute) for minute in range(1, 6)] + [event("u2", n, n) for n in (6, 7)]

    assert [(u, len(found)) for u, found in by_person(events, piece=2)] == [("u1", 2), ("u1", 2), ("u1", 1), ("u2", 2)]


def test_nobody_comes_from_nothing():
    assert list(by_person([])) == []


def test_the_temporary_files_are_gone_when_the_reader_stops_early(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    groups = by_person(shuffled(people=5, each=20), run_bytes=1_000)

    next(groups)
    assert list(tmp_path.iterdir())
    groups.close()  # type: ignore[attr-defined]

    assert not list(tmp_path.iterdir())


@given(st.lists(st.tuples(st.sampled_from(["u1", "u2", "김", "\u2028"]), st.integers(-5, 5)), max_size=30))
def test_every_event_comes_exactly_once_and_unchanged(keys):
    events = [event(user_id, minute, row, a="줄\n바꿈", b=[1, None]) for row, (user_id, minute) in enumerate(keys)]

    assert list(by_person(events, run_bytes=1_500)) == expected(events)
