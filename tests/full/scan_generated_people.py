"""Scan generated people with the `segment` stage; prints how many were selected, and the peak memory in KiB.

DynamoDB is a client that answers Scan with pages of a thousand people, read from bytes as the real one's are.
"""

import gzip
import json
import resource
import sys
from base64 import b64encode
from typing import Any

import orjson

from dangol.adapters.profiles import DynamoProfiles, write_profile
from dangol.contracts import ScanStep, StartRun, segment_work
from dangol.domain.profile import Occurrence, Profile, fold
from dangol.domain.project import EventSpec
from dangol.pipeline.segment import Segmenter, Stores
from tests.fakes import FakeClock, FakeDefinitions, FakeJournals, FakeQueue, FakeRuns, FakeThrottle
from tests.fakes.world import NOW
from tests.shop_campaign import campaign, definition

PAGE = 1_000
SEGMENT = {"all": [{"did": "view_item", "within": "30d"}, {"did_not": "purchase", "within": "30d"}]}


def as_on_the_wire(value: bytes) -> str:
    """Binary values travel as base64."""
    return b64encode(value).decode()


class Table:
    """Generated people behind DynamoDB's Scan: every fourth viewed and did not buy."""

    def __init__(self, people: int) -> None:
        self._people = people
        self._page = json.dumps([write_profile(self._person(n)) for n in range(PAGE)], default=as_on_the_wire)

    def _person(self, number: int) -> Profile:
        profile, at = Profile(f"u{number:09d}", {"email": "a@example.com", "name": "지은"}), int(NOW.timestamp())
        for event in ("view_item", *(["purchase"] if number % 4 else [])):
            for ago in range(1, 9):
                fold(profile, Occurrence(event, at - ago * 3_600), EventSpec())
        return profile

    def scan(self, **asked: Any) -> dict[str, Any]:
        start = int(asked["ExclusiveStartKey"]["user_id"]["S"]) if "ExclusiveStartKey" in asked else 0
        items, end = orjson.loads(self._page), start + PAGE
        for n, found in enumerate(items):
            found["user_id"]["S"] = f"u{start + n:09d}"
        more = {"LastEvaluatedKey": {"user_id": {"S": str(end)}}} if end < self._people else {}
        return {"Items": items, "ScannedCount": PAGE, "ConsumedCapacity": {"CapacityUnits": 128}, **more}

    def describe_table(self, **_: Any) -> dict[str, Any]:
        return {"Table": {"TableSizeBytes": 0}}


class Counted:
    """A bucket that keeps of each step only how many it selected."""

    def __init__(self) -> None:
        self.selected = 0

    def put_once(self, key: str, body: bytes) -> bool:
        self.selected += sum(map(len, json.loads(gzip.decompress(body))["chunks"]))
        return True

    def keys(self, prefix: str, after: str | None, limit: int) -> list[str]:
        return []

    def get(self, key: str) -> bytes:
        raise NotImplementedError(key)


def main(people: int) -> None:
    """Work a whole run's scan."""
    steps, objects, tasks = FakeQueue(), Counted(), FakeQueue()
    runs = FakeRuns()
    segmenter = Segmenter(
        Stores(
            definitions=FakeDefinitions(definition(of=campaign(audience=SEGMENT))),
            runs=runs,
            profiles=DynamoProfiles(Table(people), "people"),  # type: ignore[arg-type]
            objects=objects,
            tasks=tasks,
            sends=steps,
            journals=FakeJournals(runs),
            throttle=FakeThrottle(),
            clock=FakeClock(),
        )
    )
    segmenter.start(StartRun(campaign="launch", scheduled_at=NOW.isoformat()))
    while bodies := tasks.take():
        for body in bodies:
            order = segment_work.validate_json(body)
            if isinstance(order, ScanStep):
                segmenter.scan(order, until=lambda: False)
    print(objects.selected, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


if __name__ == "__main__":
    main(int(sys.argv[1]))
