"""Pages of items by orjson are what botocore's parser makes of them; errors, retries and the rest are botocore's."""

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import botocore.session
import orjson
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import ClientError

from dangol.adapters.parsing import PageParserFactory, uncollected

EVERY_TYPE = {
    "text": {"S": "서울 \u2028 \"'"},
    "empty": {"S": ""},
    "number": {"N": "-1.50E+3"},
    "large": {"N": "12345678901234567890123456789012345678"},
    "binary": {"B": "AAEC/w=="},
    "no_bytes": {"B": ""},
    "yes": {"BOOL": True},
    "null": {"NULL": True},
    "list": {"L": [{"S": "a"}, {"L": []}, {"B": "AA=="}]},
    "map": {"M": {"inner": {"M": {}}, "B": {"B": "/w=="}}},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1", "2.5"]},
    "binaries": {"BS": ["AQ==", "Ag=="]},
}
CAPACITY = {"TableName": "people", "CapacityUnits": 128.5}
SCANNED = {"Items": [EVERY_TYPE], "Count": 1, "ScannedCount": 7, "ConsumedCapacity": CAPACITY}
ANSWERS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("scan", {"TableName": "people"}, SCANNED),
    ("scan", {"TableName": "people"}, {**SCANNED, "LastEvaluatedKey": {"user_id": {"S": "u1"}}}),
    ("scan", {"TableName": "people"}, {"Items": [], "Count": 0, "ScannedCount": 9}),
    ("scan", {"TableName": "people", "Select": "COUNT"}, {"Count": 4, "ScannedCount": 9}),
    ("query", {"TableName": "people"}, {"Items": [EVERY_TYPE, {}], "Count": 2, "ScannedCount": 2}),
    (
        "batch_get_item",
        {"RequestItems": {"people": {"Keys": [{"user_id": {"S": "u1"}}]}}},
        {
            "Responses": {"people": [EVERY_TYPE]},
            "UnprocessedKeys": {"people": {"Keys": [{"user_id": {"S": "u2"}}]}},
            "ConsumedCapacity": [CAPACITY],
        },
    ),
    ("get_item", {"TableName": "people", "Key": {"user_id": {"S": "u1"}}}, {"Item": EVERY_TYPE}),
    ("describe_table", {"TableName": "people"}, {"Table": {"TableSizeBytes": 5, "CreationDateTime": 1.5}}),
]


class Recorded:
    """A DynamoDB that gives recorded answers, in order, the last again and again."""

    def __init__(self, *answers: tuple[int, bytes]) -> None:
        self.answers = list(answers)
        self.calls = 0

    def client(self, *, ours: bool) -> Any:
        session = botocore.session.get_session()
        session.set_credentials("test", "test")
        if ours:
            session.register_component("response_parser_factory", PageParserFactory())
        told = Config(retries={"mode": "standard", "total_max_attempts": 3})
        client = session.create_client("dynamodb", region_name="ap-northeast-2", config=told)
        client.meta.events.register("before-send.dynamodb.*", self._answer)
        # The pause before another try.
        client.meta.events.register("needs-retry.dynamodb.*", lambda **_: None)
        return client

    def _answer(self, request: Any, **_: Any) -> Any:
        status, body = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        headers: Any = HeadersDict({"content-type": "application/x-amz-json-1.0"})
        answer: Any = AWSResponse(request.url, status, headers, None)
        answer._content = body
        return answer


def with_bytes(value: Any) -> Any:
    """An answer of ours with its base64 decoded, as botocore gives it."""
    if isinstance(value, list):
        return [with_bytes(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("B"), str):
        return {"B": b64decode(value["B"])}
    if "BS" in value:
        return {"BS": [b64decode(one) if isinstance(one, str) else one for one in value["BS"]]}
    return {key: with_bytes(inner) for key, inner in value.items()}


@pytest.mark.parametrize(("operation", "asked", "answer"), ANSWERS)
def test_an_answer_is_what_botocore_makes_of_it(operation, asked, answer):
    body = json.dumps(answer).encode()

    ours, theirs = (getattr(Recorded((200, body)).client(ours=own), operation)(**asked) for own in (True, False))

    assert with_bytes(ours) == theirs


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException", "AccessDeniedException"])
def test_a_refusal_is_botocore_s_own_error(code):
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "no"}).encode()
    errors = []

    for own in (True, False):
        with pytest.raises(ClientError) as caught:
            Recorded((400, body)).client(ours=own).scan(TableName="people")
        errors.append((type(caught.value).__name__, caught.value.response))

    assert errors[0] == errors[1]
    assert errors[0][1]["Error"]["Code"] == code


THROTTLED = json.dumps({"__type": "x#ProvisionedThroughputExceededException", "message": "slower"}).encode()


@pytest.mark.parametrize("failure", [(400, THROTTLED), (500, b'{"__type": "x#InternalServerError"}'), (503, b"<html>")])
def test_a_failure_that_passes_is_tried_again(failure, monkeypatch):
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    recorded = Recorded(failure, (200, json.dumps(SCANNED).encode()))

    page = recorded.client(ours=True).scan(TableName="people")

    assert page["Items"] == [EVERY_TYPE]
    assert page["ResponseMetadata"]["RetryAttempts"] == 1


def test_a_page_that_was_cut_off_is_an_error():
    with pytest.raises(orjson.JSONDecodeError):
        Recorded((200, json.dumps(SCANNED).encode()[:-9])).client(ours=True).scan(TableName="people")


def test_the_collector_waits_while_pages_are_read_and_works_again_afterwards(monkeypatch):
    working, collected = [True], []
    monkeypatch.setattr("dangol.adapters.parsing.gc.isenabled", lambda: working[-1])
    monkeypatch.setattr("dangol.adapters.parsing.gc.disable", lambda: working.append(False))
    monkeypatch.setattr("dangol.adapters.parsing.gc.enable", lambda: working.append(True))
    monkeypatch.setattr("dangol.adapters.parsing.gc.collect", lambda: collected.append(True))

    def pages() -> Iterator[bool]:
        for _ in range(120):
            yield working[-1]

    assert not any(uncollected(pages()))
    assert working[-1]
    assert len(collected) == 2


def test_a_collector_that_was_off_stays_off(monkeypatch):
    monkeypatch.setattr("dangol.adapters.parsing.gc.isenabled", lambda: False)
    monkeypatch.setattr("dangol.adapters.parsing.gc.enable", lambda: pytest.fail("it was off"))

    assert list(uncollected([1, 2])) == [1, 2]
