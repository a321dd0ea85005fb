"""The shop's people and events as the files that a team would import."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from demo.history import Event
from demo.people import CONSENTS, Person

_TRAITS = ("name", "email", "phone", "member", "signed_up_at", "interest", "push_token", "web_push")
_CONSENTS = (*CONSENTS, "web_push")


def write_people(people: Sequence[Person], path: Path) -> None:
    """Write everybody into one CSV file, consents as Y and N; who withdrew has a later row that says so.

    The files of a team that appends changes look like this, and a consent is known to have stood before.
    """
    columns = ["user_id", *_TRAITS, *(f"consent_{channel}" for channel in _CONSENTS), "consented_at"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for person in people:
            agreed = person.consents | ({"email": True} if person.withdrew_at else {})
            writer.writerow(_row(person, agreed, person.consented_at))
        writer.writerows(_row(each, each.consents, each.withdrew_at) for each in people if each.withdrew_at)


def _row(person: Person, agreed: Mapping[str, bool], at: datetime | None) -> list[str]:
    traits = [_cell(person.traits.get(name)) for name in _TRAITS]
    consents = ["Y" if agreed.get(channel) else "N" for channel in _CONSENTS]
    return [person.user_id, *traits, *consents, at.isoformat() if at else ""]


def write_events(events: Sequence[Event], path: Path) -> None:
    """Write all events as gzipped JSON lines, each with an id of its own."""
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=3) as file:
        for number, event in enumerate(events):
            row = {
                "id": f"demo-{number:06d}",
                "user_id": event.user_id,
                "event": event.name,
                "time": event.at.isoformat(timespec="milliseconds"),
                "properties": event.properties,
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
