"""Push services over the wire: at public addresses alone, each call made once, connections kept."""

import socket
from collections import deque
from collections.abc import Iterator

import pytest

from dangol.adapters import kept_connections
from dangol.adapters.push_services import PushServices
from dangol.adapters.sealing import Vapid, decoded, encoded, public_key, sealed
from dangol.domain.errors import (
    AccountError,
    DefinitionError,
    DoubtError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)
from dangol.ports import HttpAnswer, Post
from tests.fakes.providers.server import LOST, Call, ProviderServer


class Echo(ProviderServer):
    """Takes everything."""

    def answer(self, call: Call) -> tuple[int, dict[str, str], dict[str, str]]:
        self.taken.append(call.path)
        return 201, {}, {}


@pytest.fixture
def services() -> Iterator[PushServices]:
    made = PushServices(lambda _: True, schemes=frozenset({"http"}), timeout=0.7)
    yield made
    made.close()


def post(url: str) -> Post:
    return Post(url, {"ttl": "0"}, b"sealed")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/p",
        "https://localhost/p",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/p",
        "https://[::1]/p",
        "https://[fe80::1]/p",
        "https://[::ffff:169.254.169.254]/p",
        "http://93.184.215.14/p",
        "file:///etc/passwd",
        "https:///p",
        "https://93.184.215.14:port/p",
    ],
)
def test_nobody_is_called_who_is_not_on_the_public_internet(url):
    with_all = PushServices()
    (answer,) = with_all.post_all([post(url)])
    with_all.close()

    assert isinstance(answer, RejectedError)
    assert "169" not in str(answer)


def test_a_name_that_leads_inside_is_refused_as_well(monkeypatch):
    def inside(host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", (address, port)) for address in ("93.184.215.14", "10.0.0.7")]

    monkeypatch.setattr(socket, "getaddrinfo", inside)
    services = PushServices()
    (answer,) = services.post_all([post("https://push.example/p")])
    services.close()

    assert isinstance(answer, RejectedError)


def test_a_name_that_is_none_is_not_called_wherever_it_leads(monkeypatch):
    def anywhere(host: str, port: int, **_: object) -> list[object]:
        return [(2, 1, 6, "", ("93.184.215.14", port))]

    monkeypatch.setattr(socket, "getaddrinfo", anywhere)
    services = PushServices()
    (answer,) = services.post_all([post("https://a\x01b.example/p")])
    services.close()

    assert isinstance(answer, RejectedError)


def test_a_name_that_leads_nowhere_took_nothing(monkeypatch):
    def nowhere(*_: object, **__: object) -> list[object]:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    services = PushServices()
    (answer,) = services.post_all([post("https://push.example/p")])
    services.close()

    assert isinstance(answer, UnavailableError)


def test_connections_are_used_again(services, socket_enabled):
    with Echo() as server:
        for _ in range(3):
            services.post_all([post(f"{server.url}/a?b=c")])
        (kept,) = services._kept._kept.values()

        assert (server.taken, len(kept)) == (["/a?b=c"] * 3, 1)
        services.close()


def test_a_connection_that_was_long_idle_is_not_used(services, socket_enabled, monkeypatch):
    with Echo() as server:
        services.post_all([post(server.url)])
        monkeypatch.setattr(kept_connections, "_IDLE", 0.0)
        (before,) = services._kept._kept[server.url]
        services.post_all([post(server.url)])
        (after,) = services._kept._kept[server.url]

        assert before[1] is not after[1]
        assert server.taken == ["/", "/"]
        services.close()


def test_who_is_cut_off_is_in_doubt_and_not_called_again(services, socket_enabled):
    with Echo(instead=deque([LOST])) as server:
        answers = services.post_all([post(server.url), post(server.url)])

    assert sorted(type(answer).__name__ for answer in answers) == ["DoubtError", "HttpAnswer"]
    assert len(server.calls) == 2


def test_who_says_too_much_is_heard_no_longer(services, socket_enabled):
    with Echo(instead=deque([(400, "x" * 200_000)])) as server:
        assert services.post_all([post(server.url)]) == [HttpAnswer(400)]

        assert not services._kept._kept[server.url]


def test_a_path_that_is_none_is_no_call(services, socket_enabled):
    with Echo() as server:
        (answer,) = services.post_all([post(f"{server.url}/a b")])

    assert isinstance(answer, DoubtError | RejectedError)
    assert server.calls == []


def test_a_word_to_a_service_is_used_for_hours_and_another_for_another():
    now = [1_000_000.0]
    sender = Vapid(lambda: encoded(b"\x01" * 32), "mailto:a@b.c", lambda: now[0])
    first = sender.authorization("https://push.example")

    now[0] += 11 * 3_600
    assert sender.authorization("https://push.example") == first
    assert sender.authorization("https://other.example") != first
    now[0] += 3_600
    assert sender.authorization("https://push.example") != first


def test_a_changed_key_is_taken_up():
    stored = [encoded(b"\x01" * 32)]
    sender = Vapid(lambda: stored[0], "mailto:a@b.c", lambda: 0.0)
    first = sender.authorization("https://push.example")

    stored[0] = encoded(b"\x02" * 32)

    word = sender.authorization("https://push.example")
    assert word.partition(", k=")[2] == public_key(stored[0]) != first.partition(", k=")[2]
    assert stored[0] not in f"{sender!r}{word}"


@pytest.mark.parametrize("stored", ["", "no key!", encoded(b"\x00" * 32), encoded(b"\xff" * 32)])
def test_a_key_that_is_none_is_said_to_be_none(stored):
    with pytest.raises(DefinitionError, match="holds no key"):
        public_key(stored)
    with pytest.raises(AccountError, match="holds no key"):
        Vapid(lambda: stored, "mailto:a@b.c", lambda: 0.0).authorization("https://push.example")


def test_a_stack_without_a_key_says_so_before_anybody_is_called():
    def nothing() -> str:
        raise NotFoundError("there is no parameter web-push-key")

    with pytest.raises(AccountError, match="no parameter"):
        Vapid(nothing, "mailto:a@b.c", lambda: 0.0).authorization("https://push.example")


@pytest.mark.parametrize(("point", "secret"), [("", ""), (encoded(bytes(65)), encoded(bytes(16))), ("=!", "=!")])
def test_nothing_is_sealed_for_keys_that_are_none(point, secret):
    with pytest.raises(ValueError, match=r"."):
        sealed(b"x", point, secret)


def test_padding_is_no_matter():
    assert decoded("YQ==") == decoded("YQ") == b"a"
