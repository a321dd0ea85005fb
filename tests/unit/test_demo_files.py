import csv
import gzip
import json

import pytest

from cli.reading.columns import EventOptions, ProfileOptions, event_mapping, profile_mapping
from cli.reading.events import read_events
from cli.reading.profiles import read_profiles
from cli.reading.rejects import Rejects, accepted
from cli.reading.source import Source
from demo.files import write_events, write_people
from tests.demo_shop import drawn, members, people


@pytest.fixture(scope="module")
def people_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "people.csv"
    write_people(people(), path)
    return path


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_everybody_has_a_row_and_who_withdrew_a_later_one(people_file):
    rows = rows_of(people_file)
    withdrew = [person.user_id for person in people() if person.withdrew_at]

    assert [row["user_id"] for row in rows] == [person.user_id for person in people()] + withdrew


def test_a_withdrawn_consent_stood_before(people_file):
    rows = rows_of(people_file)
    someone, at = next((person, person.withdrew_at) for person in people() if person.withdrew_at)
    before, after = [row for row in rows if row["user_id"] == someone.user_id]

    assert (before["consent_email"], after["consent_email"]) == ("Y", "N")
    assert after["consented_at"] == at.isoformat()
    assert before["consent_sms"] == after["consent_sms"]


def test_the_import_takes_every_person(people_file):
    options = ProfileOptions(
        maps=("user_id=user_id",),
        consents=("email=consent_email:Y",),
        consented_at="consented_at",
        night="consent_night:Y",
        timezone="Asia/Seoul",
    )
    with Source.at(people_file) as source, Rejects(people_file) as rejects:
        read = {row.user_id: row for row in accepted(read_profiles(source, profile_mapping(options)), rejects)}

    assert rejects.count == 0
    assert sum(row.consents["email"] for row in read.values()) == sum(p.consents["email"] for p in members())
    assert all(read[person.user_id].traits.get("phone") == person.traits.get("phone") for person in people())


def test_the_import_takes_every_event_with_an_id_of_its_own(tmp_path):
    path, some = tmp_path / "events.jsonl.gz", drawn()[1][:2_000]
    write_events(some, path)
    options = EventOptions(maps=("user_id=user_id", "event=event", "time=time", "id=id"), timezone="Asia/Seoul")

    with Source.at(path) as source, Rejects(path) as rejects:
        read = list(accepted(read_events(source, event_mapping(options)), rejects))

    assert rejects.count == 0
    assert len({row.id for row in read}) == len(some)
    assert [row.properties for row in read] == [event.properties for event in some]


def test_event_times_carry_their_offset(tmp_path):
    path = tmp_path / "events.jsonl.gz"
    write_events(drawn()[1][:10], path)

    with gzip.open(path, "rt", encoding="utf-8") as file:
        times = [json.loads(line)["time"] for line in file]

    assert all(time.endswith("+00:00") for time in times)
