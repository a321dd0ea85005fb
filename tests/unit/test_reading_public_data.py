"""The public files beside the project, as people would import them."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from cli.reading.columns import EventOptions, ProfileOptions, event_mapping, profile_mapping
from cli.reading.events import EventRow, read_events
from cli.reading.grouping import by_person
from cli.reading.profiles import ProfileRow, read_profiles
from cli.reading.source import Source

PUBLIC = Path(__file__).parents[3] / "shared" / "data"
HILLSTROM = PUBLIC / "hillstrom.csv.gz"
TAOBAO = PUBLIC / "taobao_userbehavior_100k.csv.gz"


def public(path: Path) -> Path:
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project (../shared/data)")
    return path


def test_hillstroms_customers_are_known_by_their_row():
    mapping = profile_mapping(ProfileOptions(row_number=True, consents=("email",)))
    with Source.at(public(HILLSTROM)) as source:
        people = [row for row in read_profiles(source, mapping) if isinstance(row, ProfileRow)]

    assert len(people) == 64_000
    assert (people[0].user_id, people[-1].user_id) == ("1", "64000")
    assert Counter(p.traits["segment"] for p in people) == {
        "Mens E-Mail": 21_307,
        "Womens E-Mail": 21_387,
        "No E-Mail": 21_306,
    }
    assert sum(Decimal(str(p.traits["spend"])) for p in people if p.traits["segment"] == "Mens E-Mail") == Decimal(
        "30311.69"
    )
    assert sum(1 for p in people if p.traits["newbie"] == 1 and p.traits["recency"] <= 6) == 19_034


def test_taobaos_events_come_person_by_person():
    options = EventOptions(
        maps=("user_id=user_id", "event=behavior", "time=ts"),
        properties=("item_id=item_id", "category_id=category_id"),
        time_format="unix",
        timezone="Asia/Shanghai",
    )
    with Source.at(public(TAOBAO)) as source:
        grouped = list(
            by_person(row for row in read_events(source, event_mapping(options)) if isinstance(row, EventRow))
        )
    events = [event for _, found in grouped for event in found]
    since = datetime(2017, 11, 24, 16, tzinfo=UTC)

    assert len(events) == len({event.id for event in events}) == 100_001
    assert len(grouped) == len({user_id for user_id, _ in grouped})
    assert sum(1 for event in events if event.at < since) == 44
