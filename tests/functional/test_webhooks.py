"""Webhooks over the wire: to the address that was looked at, signed, never redirected."""

import http.server
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from dangol.adapters.webhooks import SignedHooks, SignedWebhooks
from dangol.domain.webhook import headers
from dangol.ports import Delivery

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PUBLIC = "93.184.215.14"


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers as it is told, and keeps what came."""

    status = 204
    got: list[tuple[str, dict[str, str], bytes]] = []  # noqa: RUF012 - one at a time

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.status)
        self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver(socket_enabled: None) -> Iterator[int]:
    Receiver.got, Receiver.status = [], 204
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield int(server.server_address[1])
    server.shutdown()
    thread.join()
    server.server_close()


def leading_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[Any]:
    """Let every name lead to these addresses; where connections went, which all end at the receiver."""
    went: list[Any] = []

    def looked_up(host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    def connected(address: tuple[str, int], timeout: float) -> socket.socket:
        went.append(address[0])
        there = socket.socket()
        there.settimeout(timeout)
        there.connect(("127.0.0.1", address[1]))
        return there

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    monkeypatch.setattr(socket, "create_connection", connected)
    return went


def hooks() -> SignedWebhooks:
    return SignedWebhooks(SignedHooks(lambda: SECRET))


def test_a_webhook_comes_signed_to_the_address_that_was_looked_at(receiver, monkeypatch):
    went = leading_to(monkeypatch, PUBLIC)

    answer = hooks().deliver(f"http://crm.example:{receiver}/hooks?a=1", "m1", b"{}", NOW)

    assert (answer, went) == (Delivery.TAKEN, [PUBLIC])
    ((path, told, body),) = Receiver.got
    assert (path, body, told["host"]) == ("/hooks?a=1", b"{}", f"crm.example:{receiver}")
    assert headers("m1", NOW, b"{}", SECRET).items() <= told.items()


def test_the_certificate_has_to_be_the_names(receiver, monkeypatch):
    leading_to(monkeypatch, PUBLIC)
    asked = []

    class Context:
        def wrap_socket(self, plain: socket.socket, server_hostname: str) -> socket.socket:
            asked.append(server_hostname)
            return plain

    monkeypatch.setattr(ssl, "create_default_context", Context)

    assert hooks().deliver(f"https://crm.example:{receiver}", "m1", b"{}", NOW) is Delivery.TAKEN
    assert asked == ["crm.example"]
    assert Receiver.got[0][0] == "/"


def test_what_speaks_no_tls_gets_nothing(receiver, monkeypatch):
    leading_to(monkeypatch, PUBLIC)

    assert hooks().deliver(f"https://crm.example:{receiver}/", "m1", b"{}", NOW) is Delivery.LATER
    assert Receiver.got == []


@pytest.mark.parametrize("addresses", [("169.254.169.254",), ("10.0.0.1",), (PUBLIC, "127.0.0.1"), ("fd00:ec2::254",)])
def test_a_name_that_leads_anywhere_private_is_never_called(addresses, monkeypatch):
    went = leading_to(monkeypatch, *addresses)

    assert hooks().deliver("https://crm.example/", "m1", b"{}", NOW) is Delivery.REFUSED
    assert went == []


def test_the_machine_itself_is_never_called(receiver):
    assert hooks().deliver(f"http://127.0.0.1:{receiver}/x", "m1", b"{}", NOW) is Delivery.REFUSED
    assert Receiver.got == []


@pytest.mark.parametrize(
    ("status", "delivery"),
    [
        (200, Delivery.TAKEN),
        (299, Delivery.TAKEN),
        (302, Delivery.REFUSED),
        (400, Delivery.REFUSED),
        (410, Delivery.REFUSED),
        (408, Delivery.LATER),
        (425, Delivery.LATER),
        (429, Delivery.LATER),
        (500, Delivery.LATER),
        (503, Delivery.LATER),
    ],
)
def test_an_answer_says_whether_to_come_again(receiver, monkeypatch, status, delivery):
    leading_to(monkeypatch, PUBLIC)
    Receiver.status = status

    assert hooks().deliver(f"http://crm.example:{receiver}/", "m1", b"{}", NOW) is delivery
    assert len(Receiver.got) == 1


def test_who_cannot_be_reached_is_tried_again(monkeypatch):
    def fails(error: OSError) -> Any:
        def call(*_: Any, **__: Any) -> None:
            raise error

        return call

    leading_to(monkeypatch, PUBLIC)
    monkeypatch.setattr(socket, "create_connection", fails(ConnectionRefusedError()))
    assert hooks().deliver("https://crm.example/", "m1", b"{}", NOW) is Delivery.LATER
    monkeypatch.setattr(socket, "getaddrinfo", fails(socket.gaierror("no such name")))
    assert hooks().deliver("https://crm.example/", "m1", b"{}", NOW) is Delivery.LATER
