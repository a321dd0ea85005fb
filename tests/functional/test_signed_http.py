"""AWS calls without an SDK: signed as botocore signs them, on a connection that is kept."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from dangol import bootstrap
from dangol.adapters.inbox import DynamoInbox
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.short_links import DynamoShortLinks, SignedShortLinks
from dangol.adapters.signed_http import (
    Call,
    Credentials,
    SignedClient,
    SignedParameters,
    SignedQueue,
    signed_headers,
)
from dangol.adapters.signed_inbox import SignedInbox
from dangol.config import Settings
from dangol.contracts import Recipient
from dangol.ports import Waiting
from tests.fakes import FakeClock

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)


def test_signatures_are_botocores():
    rng = Random(8)
    for _ in range(300):
        token = rng.choice(["", f"token-{rng.random()}"])
        service, region = rng.choice(["sqs", "ssm", "dynamodb"]), rng.choice(["ap-northeast-2", "us-east-1"])
        body = json.dumps({"MessageBody": "한글 " * rng.randint(0, 50), "n": rng.random()}).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"AmazonSQS.{rng.random()}"}
        host = f"{service}.{region}.amazonaws.com"
        ours = signed_headers(Call(service, region, host, headers, body), Credentials("AKIA", "secret", token), NOW)
        theirs = AWSRequest("POST", f"https://{host}/", data=body, headers={**headers, "host": host})
        theirs.context["timestamp"] = NOW.strftime("%Y%m%dT%H%M%SZ")
        signer = SigV4Auth(BotoCredentials("AKIA", "secret", token or None), service, region)
        theirs.headers["X-Amz-Date"] = theirs.context["timestamp"]
        if token:
            theirs.headers["X-Amz-Security-Token"] = token
        canonical = signer.canonical_request(theirs)
        signature = signer.signature(signer.string_to_sign(theirs, canonical), theirs)
        assert ours["authorization"].endswith(f"Signature={signature}")


class _Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: list[int] = []  # noqa: RUF012 - one server at a time
    connections: list[int] = []  # noqa: RUF012 - one server at a time

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.connections.append(self.client_address[1])
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(*answers: int) -> Iterator[SignedClient]:
    _Server.answers, _Server.connections = list(answers), []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = SignedClient("sqs", "r", f"http://127.0.0.1:{server.server_address[1]}", lambda: ("k", "s", ""))
    try:
        yield client
    finally:
        client.close()
        server.shutdown()
        server.server_close()


def test_the_connection_is_kept():
    with serving() as client:
        SignedQueue(client, "url").send(["a", "b"])

        assert len(set(_Server.connections)) == 1


def test_a_connection_that_the_service_closed_is_opened_again():
    with serving(200, 0, 200) as client:
        SignedQueue(client, "url").send(["a", "b"])

        assert len(_Server.connections) == 3


def test_a_refusal_is_an_error_of_the_network():
    with serving(500) as client, pytest.raises(OSError, match=r"AmazonSQS\.SendMessage: 500"):
        SignedQueue(client, "url").send(["a"])


def test_a_service_that_is_not_there_is_an_error_of_the_network():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        client = SignedClient("sqs", "r", f"http://127.0.0.1:{free.getsockname()[1]}", lambda: ("k", "s", ""))

        with pytest.raises(OSError, match="sqs"):
            SignedQueue(client, "url").send(["a"])


def signed(service: str, emulator: Settings) -> closing[SignedClient]:
    """A client of the emulator."""
    return closing(SignedClient(service, emulator.region, emulator.endpoint, lambda: ("test", "test", "")))


def test_a_message_and_a_secret_pass_through_the_emulator(emulator, queue_url):
    SsmParameters(bootstrap.client("ssm", emulator), "/dangol/signed").create("key", "secret")
    with signed("sqs", emulator) as sqs, signed("ssm", emulator) as ssm:
        SignedQueue(sqs, queue_url).send(['{"kind": "클릭"}'])

        assert SignedParameters(ssm, "/dangol/signed").secret("key") == "secret"
    received = bootstrap.client("sqs", emulator).receive_message(QueueUrl=queue_url)["Messages"]
    assert received[0]["Body"] == '{"kind": "클릭"}'


def test_short_codes_are_stored_by_the_sdk_and_read_without_it(emulator, new_table, dynamodb):
    table, stubborn = new_table("code"), Stubborn(dynamodb)
    paths = {f"code{n:03}": f"c/토큰{n}" for n in range(60)}
    store = DynamoShortLinks(stubborn, table, FakeClock())  # type: ignore[arg-type]
    store.put_many(paths, expires_at=1_800_000_000)
    store.put_many(paths, expires_at=1_800_000_000)

    with signed("dynamodb", emulator) as client:
        links = SignedShortLinks(client, table)
        assert {code: links.path(code) for code in paths} == paths
        assert links.path("nobody") is None
    assert stubborn.refused == 2
    (row,) = dynamodb.query(
        TableName=table, KeyConditionExpression="code = :c", ExpressionAttributeValues={":c": {"S": "code000"}}
    )["Items"]
    assert row["expires_at"] == {"N": "1800000000"}


def test_whether_anything_waits_is_asked_without_the_sdk(emulator, new_table, dynamodb):
    table = new_table("user_id", "message")
    store = DynamoInbox(dynamodb, FakeClock(), messages=table, ledger="l", campaigns="c")
    store.put_many([Waiting("launch", 7, "in_web", Recipient(user_id="지은"), 1_900_000_000)])

    with signed("dynamodb", emulator) as client:
        inbox = SignedInbox(client, table)
        assert (inbox.waits("지은"), inbox.waits("nobody")) == (True, False)


class Stubborn:
    """A client whose table takes all but one row, the first two times."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.refused = 0

    def batch_write_item(self, RequestItems: dict[str, Any]) -> Any:  # noqa: N803 - as boto3 has it
        ((table, rows),) = RequestItems.items()
        if self.refused == 2:
            return self._client.batch_write_item(RequestItems=RequestItems)
        self.refused += 1
        self._client.batch_write_item(RequestItems={table: rows[:-1]})
        return {"UnprocessedItems": {table: rows[-1:]}}


def test_secrets_stay_out_of_the_repr():
    assert "secret" not in repr(Credentials("AKIAXXXX", "secret", "token"))
