"""Odd input has a defined answer each: the table of docs/events.md, row by row."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from dangol.contracts import Performed
from dangol.pipeline.intake import MAX_BATCH, MAX_CALL
from tests.fakes.world import NOW
from tests.unit.test_pipeline_track import AUTH, World

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
MS = 1_000


def event(**said: Any) -> dict[str, Any]:
    return {"userId": "u1", "event": "view", **said}


def nested(depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(depth):
        found = {"a": found}
    return found


def at(moment: str | None, expected: float) -> Callable[[Performed], bool]:
    return lambda told: told.at == int(expected * MS)


Row = tuple[str, object, int, str | None, Callable[[Performed], bool] | None]
ROWS: list[Row] = [
    (
        "a `timestamp` at most 5 minutes ahead",
        event(timestamp=(NOW + timedelta(minutes=4)).isoformat()),
        200,
        None,
        at("", (NOW + timedelta(minutes=4)).timestamp()),
    ),
    (
        "a `timestamp` further ahead",
        event(timestamp=(NOW + timedelta(days=9)).isoformat()),
        200,
        None,
        at("", NOW.timestamp()),
    ),
    ("a `timestamp` of two years ago", event(timestamp="2024-12-01T00:00:00Z"), 200, None, at("", 1_733_011_200)),
    ("a `timestamp` without an offset", event(timestamp="2026-11-01T09:00:00"), 200, None, at("", 1_793_523_600)),
    (
        "a `sentAt` more than 10 seconds off",
        event(timestamp="2026-11-01T09:00:00Z", sentAt=(NOW - timedelta(seconds=11)).isoformat()),
        200,
        None,
        at("", 1_793_523_611),
    ),
    (
        "a `sentAt` that cannot be read",
        event(timestamp="2026-11-01T09:00:00Z", sentAt="now"),
        200,
        None,
        at("", 1_793_523_600),
    ),
    (
        "a `timestamp` before 2000, or none that can be read",
        event(timestamp="1999-12-31T00:00:00Z"),
        400,
        "timestamp",
        None,
    ),
    ("a `timestamp` before 2000, or none that can be read", event(timestamp="yesterday"), 400, "timestamp", None),
    ("a property of 1 MB", event(properties={"text": "x" * 1_000_000}), 413, None, None),
    (
        "a null byte in a property's text",
        event(properties={"text": "a\x00b"}),
        200,
        None,
        lambda told: told.properties["text"] == "a\x00b",
    ),
    ("a null byte in an id or an event's name", event(userId="u\x001"), 400, "userId", None),
    ("a null byte in an id or an event's name", event(event="vi\x00ew"), 400, "event", None),
    ("a null byte in a property's name", event(properties={"a\x00b": 1}), 400, "properties", None),
    ("an event's name with an emoji", event(event="🛒 담기"), 200, None, lambda told: told.event == "🛒 담기"),
    ("an event's name of more than 128 characters", event(event="가" * 129), 400, "event", None),
    (
        "properties up to 16 levels deep",
        event(properties=nested(15)),
        200,
        None,
        lambda told: told.properties == nested(15),
    ),
    ("properties 100 levels deep", event(properties=nested(100)), 400, "properties", None),
    ("a number as an id", event(userId=1234), 200, None, lambda told: told.user_id == "1234"),
    ("an empty `userId`, without an `anonymousId`", event(userId=" "), 400, "userId", None),
    (
        "an `anonymousId` alone",
        {"anonymousId": "a1", "event": "view"},
        200,
        None,
        lambda told: (told.user_id, told.anonymous_id) == ("", "a1"),
    ),
    ("`true` as an id", event(userId=True), 400, "userId", None),
    ("an id of more than 256 bytes", event(userId="가" * 86), 400, "userId", None),
    (
        "`NaN`, `Infinity`, a whole number beyond 64 bits",
        b'{"userId": "u1", "event": "view", "properties": {"n": NaN}}',
        400,
        "properties",
        None,
    ),
    ("`NaN`, `Infinity`, a whole number beyond 64 bits", event(properties={"n": 2**63}), 400, "properties", None),
    (
        "a key that comes twice",
        b'{"userId": "u1", "event": "view", "event": "buy"}',
        200,
        None,
        lambda told: told.event == "buy",
    ),
    ("bytes that are no UTF-8", b'{"userId": "u1", "event": "\xff"}', 400, "body", None),
    (
        "half of a surrogate pair",
        b'{"userId": "u1", "event": "view", "properties": {"t": "\\ud83d"}}',
        400,
        "properties",
        None,
    ),
    ("a list where an object should be", event(properties=["a"]), 400, "properties", None),
    ("a body that is no JSON, or no object", b"[1, 2", 400, "body", None),
    ("a body that is no JSON, or no object", b"[1, 2]", 400, "body", None),
    (
        "an unknown property, of whatever name",
        event(properties={"새 것": [1, None]}),
        200,
        None,
        lambda told: told.properties == {"새 것": [1, None]},
    ),
]


@pytest.mark.parametrize(("what", "said", "status", "name", "kept"), ROWS)
def test_each_odd_event_is_answered_as_the_page_says(what, said, status, name, kept):
    world = World()

    answered, answer = world.tell("track", said)

    assert (answered, answer.get("field")) == (status, name)
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| {what} |")]
    assert f"| {status}" in row
    if kept is None:
        assert world.queue.sent == []
    else:
        (told,) = world.happened
        assert isinstance(told, Performed)
        assert kept(told)


def packed(body: object) -> bytes:
    return gzip.compress(json.dumps(body).encode())


def test_a_gzipped_body_is_taken():
    world = World()

    answer = world.ask("POST", "/v1/track", packed(event()), authorization=AUTH, content_encoding="gzip")

    assert (answer.status, len(world.happened)) == (200, 1)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (gzip.compress(b" " * 50_000_000), 413),
        (packed(event(properties={"t": base64.b64encode(bytes(MAX_CALL)).decode()})), 413),
        (b"not gzip", 400),
        (packed(event())[:-9], 400),
    ],
    ids=["a bomb", "too large", "not gzip", "cut off"],
)
def test_a_gzipped_body_is_unpacked_no_further_than_a_call_may_be(body, status):
    world = World()

    answer = world.ask("POST", "/v1/track", body, authorization=AUTH, content_encoding="gzip")

    assert (answer.status, world.queue.sent) == (status, [])


def test_a_batch_keeps_the_good_and_names_the_bad_by_their_place():
    world = World()
    large = event(type="track", properties={"t": "x" * MAX_CALL})

    status, answer = world.tell("batch", {"batch": [event(type="track"), {"type": "track"}, large, 7]})

    assert (status, answer["success"], answer["accepted"]) == (200, False, 1)
    assert [(r["index"], r["field"]) for r in answer["rejected"]] == [(1, "userId"), (2, "batch[2]"), (3, "batch[3]")]
    assert len(world.happened) == 1


def test_a_batch_may_be_half_a_megabyte():
    some = event(type="track", properties={"t": "x" * 5_000})
    many = [some] * (MAX_BATCH // len(json.dumps(some)) - 1)

    assert World().tell("batch", {"batch": many})[1]["accepted"] == len(many)
    assert World().tell("batch", {"batch": [*many, *many]})[0] == 413


@pytest.mark.parametrize(("key", "status"), [("secret", 200), ("wrong", 401), (7, 401), ("열쇠\ud800", 401)])
def test_a_browser_that_cannot_set_a_header_says_its_write_key_in_the_body(key, status):
    world = World()

    answer = world.ask("POST", "/v1/track", json.dumps(event(writeKey=key)).encode(), content_type="text/plain")

    assert (answer.status, len(world.queue.sent)) == (status, status == 200)


def test_the_limits_on_the_page_are_those_of_the_code():
    assert f"{MAX_CALL // 1024} KB" in PAGE
    assert f"{MAX_BATCH // 1024} KB" in PAGE
