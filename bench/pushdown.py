"""What of a table comes to the client when DynamoDB filters: bytes per segment, against how many it selects.

On MiniStack, which evaluates filters and projections as DynamoDB does. Loaded once with generated people, whose trait
`lot` is a number from 0 to 99; the last segment is one on what people did.
"""

import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from bench._people import AT, person
from bench.audience import SEGMENT
from dangol import bootstrap
from dangol.adapters.profiles import DynamoProfiles, write_profile
from dangol.config import Settings
from dangol.domain.compiling import columns, compiled
from dangol.domain.matching import Moment, matches
from dangol.domain.segment import Segment
from dangol.domain.sieve import OPEN, Columns
from dangol.ports import Search

MINISTACK: Final = Path(__file__).parents[1] / ".tools" / "ministack" / "bin" / "ministack"
PEOPLE: Final = 4_000
SHARES: Final = (1, 10, 50)
MOMENT: Final = Moment(datetime.fromtimestamp(AT, UTC), ZoneInfo("Asia/Seoul"))


def run() -> dict[str, float]:
    """Bytes that a scan of everybody brings, and the share of them that each segment's scan does."""
    with ministack() as client:
        received = Received(client)
        profiles = loaded(client)
        everybody, _ = received.of(profiles, Search(OPEN, Columns(whole=True)), None)
        print(f"  {PEOPLE:,} people, {everybody:,} bytes without a filter")
        figures = {"people": float(PEOPLE), "bytes_of_all": float(everybody)}
        asked: dict[str, dict[str, Any]] = {f"of_{s}_percent": {"trait": "lot", "lt": s} for s in SHARES}
        for name, told in {**asked, "of_three_behaviours": SEGMENT}.items():
            segment = Segment.model_validate(told)
            size, selected = received.of(profiles, Search(compiled(segment, (), MOMENT), columns(segment)), segment)
            print(f"  {name:20} {selected / PEOPLE:>7.1%} selected, {size:>9,} bytes, {size / everybody:>7.2%} of all")
            figures |= {f"{name}.selected": selected / PEOPLE, f"{name}.bytes": size / everybody}
        return figures


class Received:
    """Adds up what scans bring."""

    def __init__(self, client: Any) -> None:
        self._size = 0
        client.meta.events.register("after-call.dynamodb.Scan", self._add)

    def _add(self, http_response: Any, **_: Any) -> None:
        self._size += len(http_response.content)

    def of(self, profiles: DynamoProfiles, search: Search, segment: Segment | None) -> tuple[int, int]:
        """The bytes of one scan, and how many it selected."""
        self._size, selected = 0, 0
        for page in profiles.scan(0, 1, None, search):
            for found, certain in page.people:
                selected += bool(certain or segment is None or matches(segment, found, MOMENT))
        return self._size, selected


def loaded(client: Any) -> DynamoProfiles:
    """A table of generated people."""
    client.create_table(
        TableName="people",
        KeySchema=[{"AttributeName": "user_id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "user_id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    random, puts = Random(7), []
    for number in range(PEOPLE):
        profile = person(number, random)
        profile.traits["lot"] = number % 100
        puts.append({"PutRequest": {"Item": write_profile(profile)}})
    for position in range(0, PEOPLE, 25):
        answer = client.batch_write_item(RequestItems={"people": puts[position : position + 25]})
        if answer.get("UnprocessedItems"):
            raise RuntimeError("the emulator did not take all people")
    return DynamoProfiles(client, "people")


@contextmanager
def ministack() -> Iterator[Any]:
    """A DynamoDB client of a MiniStack of the bench's own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "WARNING"}
    process = subprocess.Popen([str(MINISTACK)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(f"http://127.0.0.1:{port}/_ministack/health")
        bootstrap.use_credentials("test", "test")
        config = Settings("bench", "ap-northeast-2", "/dangol/bench", local=True, endpoint=f"http://127.0.0.1:{port}")
        yield bootstrap.client("dynamodb", config)
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(health: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(health, timeout=1).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("MiniStack did not start: make setup")
