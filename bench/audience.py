"""What selecting an audience costs the client: the usual idiom, the low-level client, ours, and the bound.

All read the same recorded pages of 1 MB, of people of about 850 bytes with seven event keys, and must come to the same
people. The pages are answered inside botocore (`before-send`), so that signing, parsing and retrying are part of every
way and the network of none. They hold everybody: nothing is filtered by the store. The bound is `orjson.loads` of the
same bytes and nothing else, without Python's collector at work, and once more with it. Times are CPU seconds of the
process, the best of several interleaved rounds.
"""

import gc
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import boto3
import botocore.session
import orjson
from boto3.dynamodb.types import TypeDeserializer
from botocore.awsrequest import AWSResponse, HeadersDict

from bench._people import AT, DAY, pages
from dangol.adapters.parsing import PageParserFactory
from dangol.adapters.profiles import DynamoProfiles
from dangol.domain.compiling import columns, compiled
from dangol.domain.matching import Moment, matches
from dangol.domain.segment import Segment
from dangol.ports import Search

PAGES: Final = 4
ROUNDS: Final = 5
SEGMENT: Final = {
    "all": [
        {"did": "view_item", "where": {"category": "dev"}, "within": "30d"},
        {"did": "begin_checkout", "count": {"gte": 2}, "within": "30d"},
        {"did_not": "purchase", "within": "30d"},
    ]
}
FROM: Final = AT - 30 * DAY
Ids = list[str]


def run() -> dict[str, float]:
    """The figures, each of them in one run over the same pages."""
    recorded = pages(PAGES)
    bodies, people = [body for body, _ in recorded], sum(number for _, number in recorded)
    ways: dict[str, Callable[[], Ids]] = {
        "boto3_idiom": idiom(bodies),
        "low_level": low_level(bodies),
        "ours": ours(bodies),
        "bound": bound(bodies),
        "bound_collected": bound(bodies, collected=True),
    }
    selected = {name: way() for name, way in ways.items() if not name.startswith("bound")}
    if not selected["ours"] == selected["low_level"] == selected["boto3_idiom"]:
        raise RuntimeError("the ways do not select the same people")
    seconds = {name: min(times) for name, times in rounds(ways).items()}
    print(f"  {people:,} people on {PAGES} pages of {len(bodies[0]):,} bytes; {len(selected['ours']):,} selected")
    for name, spent in seconds.items():
        per_million = spent / people * 1e6
        print(f"  {name:12} {people / spent:>12,.0f} people/s  {per_million:>8.2f} CPU s per million")
    figures = {f"{name}.cpu_seconds_per_million": spent / people * 1e6 for name, spent in seconds.items()}
    return {
        "people": people,
        "selected": len(selected["ours"]),
        **figures,
        "cpu_seconds_per_million": figures["ours.cpu_seconds_per_million"],
        "profiles_per_second": people / seconds["ours"],
        "vs_boto3_idiom": seconds["boto3_idiom"] / seconds["ours"],
        "vs_low_level": seconds["low_level"] / seconds["ours"],
        "of_bound": seconds["bound"] / seconds["ours"],
    }


def rounds(ways: dict[str, Callable[[], Ids]]) -> dict[str, list[float]]:
    """CPU seconds of each way, in rounds that take them in turn."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            gc.collect()
            started = time.process_time()
            way()
            spent[name].append(time.process_time() - started)
    return spent


# --- the ways --------------------------------------------------------------------------------------------------


def idiom(bodies: list[bytes]) -> Callable[[], Ids]:
    """Table.scan of boto3's resource and a Python `if`."""
    answered = Answered(bodies)
    table = boto3.Session(botocore_session=answered.session()).resource("dynamodb").Table("people")
    answered.serve(table.meta.client)

    def way() -> Ids:
        found: Ids = []
        more: dict[str, Any] = {}
        while True:
            page = table.scan(**more)
            found += [str(item["user_id"]) for item in page["Items"] if wanted(item["did"])]
            if answered.done():
                return found
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    return way


def low_level(bodies: list[bytes]) -> Callable[[], Ids]:
    """The client with botocore's parser, and each item through boto3's own deserializer of types."""
    answered, read = Answered(bodies), TypeDeserializer().deserialize
    client = answered.client(answered.session())

    def way() -> Ids:
        found: Ids = []
        for page in answered.pages(client):
            items = ((item, item["did"]["M"].items()) for item in page["Items"])
            found += [item["user_id"]["S"] for item, did in items if wanted({key: read(h) for key, h in did})]
        return found

    return way


def wanted(did: Any) -> bool:
    """The segment as one would write it by hand."""
    seen, bought = did.get("view_item[category=dev]"), did.get("purchase")
    if seen is None or int(seen["l"]) < FROM or (bought is not None and int(bought["l"]) >= FROM):
        return False
    checkout = did.get("begin_checkout")
    return checkout is not None and sum(FROM <= at < AT for at in times(bytes(checkout["b"]))) >= 2  # noqa: PLR2004


def times(packed: bytes) -> tuple[int, ...]:
    """The times that a history without values holds."""
    return struct.unpack_from(f">{(len(packed) - 17) // 4}I", packed, 17)


def ours(bodies: list[bytes]) -> Callable[[], Ids]:
    """The adapter that `segment` scans with, and the rest of the answer."""
    answered = Answered(bodies)
    session = answered.session()
    session.register_component("response_parser_factory", PageParserFactory())
    profiles = DynamoProfiles(answered.client(session), "people")
    segment = Segment.model_validate(SEGMENT)
    moment = Moment(datetime.fromtimestamp(AT, UTC), ZoneInfo("Asia/Seoul"))
    search = Search(compiled(segment, (), moment), columns(segment))

    def way() -> Ids:
        found: Ids = []
        for page in profiles.scan(0, 1, None, search):
            people = page.people
            found += [p.user_id for p, certain in people if certain or matches(segment, p, moment)]
            if answered.done():
                break
        return found

    return way


def bound(bodies: list[bytes], *, collected: bool = False) -> Callable[[], Ids]:
    """Reading the same bytes and nothing more, with Python's collector waiting, or at work as it is by default."""

    def way() -> Ids:
        if not collected:
            gc.disable()
        for body in bodies:
            orjson.loads(body)
        gc.enable()
        return []

    return way


class Answered:
    """Answers Scan with the recorded pages, over and over, without a network."""

    def __init__(self, bodies: list[bytes]) -> None:
        self._bodies = bodies
        self._next = 0

    def session(self) -> botocore.session.Session:
        """A session with made-up credentials."""
        session = botocore.session.get_session()
        session.set_credentials("test", "test")
        session.set_config_variable("region", "ap-northeast-2")
        return session

    def client(self, session: botocore.session.Session) -> Any:
        """A client whose scans are answered from the record."""
        client = boto3.Session(botocore_session=session).client("dynamodb")
        self.serve(client)
        return client

    def serve(self, client: Any) -> None:
        """Answer a client's scans from the record."""
        client.meta.events.register("before-send.dynamodb.Scan", self._answer)

    def pages(self, client: Any) -> Iterator[Any]:
        """Every page once."""
        more: dict[str, Any] = {}
        while True:
            page = client.scan(TableName="people", **more)
            yield page
            if self.done():
                return
            more = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def done(self) -> bool:
        """Whether the record was told to its end."""
        return self._next % len(self._bodies) == 0

    def _answer(self, request: Any, **_: Any) -> Any:
        body = self._bodies[self._next % len(self._bodies)]
        self._next += 1
        headers = {"content-type": "application/x-amz-json-1.0", "content-length": str(len(body))}
        told: Any = HeadersDict(headers)
        answer: Any = AWSResponse(request.url, 200, told, None)
        # As if it had been read from the socket.
        answer._content = body
        return answer
