"""HTTP/2 over the wire: many calls in flight on one connection, and what is known of each when it breaks."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from dangol.adapters import http2_connection
from dangol.adapters.http2 import Http2
from dangol.domain.errors import DoubtError, UnavailableError
from dangol.ports import HttpAnswer, Post
from tests.fakes.providers.http2_server import BROKEN, GOODBYE, REFUSED, Http2Server, serving, trusting
from tests.fakes.providers.server import LOST, Call

PATIENCE = 0.7


@dataclass
class Echo(Http2Server):
    """Says what it was told."""

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        self.taken.append(call.path)
        return 200, {"said": call.body.decode()[:100], "size": len(call.body)}, {}


async def dropped(server: Echo) -> None:
    for connection in list(server.open):
        connection.transport.abort()
    while server.open:
        await asyncio.sleep(0.01)


def posts(count: int, size: int = 10) -> list[Post]:
    return [
        Post(f"https://example.com/{place}", {"x-a": "b"}, f"{place}".encode().zfill(size)) for place in range(count)
    ]


@pytest.fixture
def server(socket_enabled: None) -> Iterator[Echo]:
    with Echo() as running:
        yield running


@pytest.fixture
def client(server: Echo) -> Iterator[Http2]:
    # Longer than a busy machine takes; who waits in vain has a client of their own.
    made = Http2(server.url, trusting, 15.0)
    yield made
    made.close()


def test_a_hundred_calls_are_in_flight_at_once(server, client):
    server.delay, server.streams = 0.2, 250
    answers = client.post_all(posts(200))

    assert [answer.content["said"] for answer in answers] == [f"{place}".zfill(10) for place in range(200)]
    assert (server.most, server.connections) == (200, 1)


def test_no_more_than_the_server_takes_at_once(server, client):
    server.streams = 7
    answers = client.post_all(posts(30))

    assert all(isinstance(answer, HttpAnswer) for answer in answers)
    assert server.most <= 7


def test_what_is_larger_than_the_server_has_room_for_goes_bit_by_bit(server, client):
    answers = client.post_all(posts(4, size=300_000))

    assert [answer.content["size"] for answer in answers] == [300_000] * 4


def test_one_connection_serves_wave_after_wave(server, client):
    for _ in range(3):
        client.post_all(posts(2))

    assert server.connections == 1


def test_who_says_goodbye_answers_what_it_named_and_the_rest_goes_elsewhere(server, client):
    server.streams, server.delay = 1, 0.05
    server.instead += [None, GOODBYE]
    answers = client.post_all(posts(4))

    assert all(isinstance(answer, HttpAnswer) for answer in answers)
    assert (server.taken, server.connections) == (["/0", "/1", "/2", "/3"], 2)


def test_what_came_after_the_goodbye_was_not_taken(server, client):
    server.delay = 0.05
    server.instead.append(GOODBYE)
    answers = client.post_all(posts(3))

    assert isinstance(answers[0], HttpAnswer)
    assert [type(answer) for answer in answers[1:]] == [UnavailableError] * 2


def test_what_the_server_turns_away_was_not_taken(server, client):
    server.instead += [None, REFUSED]
    answers = client.post_all(posts(3))

    assert [type(answer) for answer in answers] == [HttpAnswer, UnavailableError, HttpAnswer]
    assert server.taken == ["/0", "/2"]


def test_what_was_sent_on_a_connection_that_breaks_is_in_doubt(server, client):
    server.delay = 0.05
    server.instead += [None, None, BROKEN]
    answers = client.post_all(posts(3))

    assert [type(answer) for answer in answers] == [DoubtError] * 3
    assert isinstance(client.post_all(posts(1))[0], HttpAnswer)
    assert server.connections == 2


def test_a_call_that_the_server_has_only_a_part_of_is_none(server, client):
    server.instead.append(BROKEN)
    answers = client.post_all([*posts(1), *posts(1, size=3_000_000)])

    assert [type(answer) for answer in answers] == [DoubtError, UnavailableError]


def test_a_call_that_is_none_was_not_made_and_breaks_nothing_off(server, client):
    none = Post("https://example.com/none", {"te": "gzip"}, b"x")
    answers = client.post_all([*posts(1), none])

    assert [type(answer) for answer in answers] == [UnavailableError] * 2
    assert isinstance(client.post_all(posts(1))[0], HttpAnswer)


def test_who_is_not_answered_in_time_is_in_doubt_and_the_others_are_not(server):
    client = Http2(server.url, trusting, PATIENCE)
    server.instead += [LOST]
    answers = client.post_all(posts(3))
    client.close()

    assert [type(answer) for answer in answers] == [DoubtError, HttpAnswer, HttpAnswer]


def test_a_connection_that_the_server_closed_meanwhile_is_not_used(server, client):
    client.post_all(posts(1))
    asyncio.run_coroutine_threadsafe(dropped(server), server.loop).result(5)

    assert isinstance(client.post_all(posts(1))[0], HttpAnswer)
    assert server.connections == 2


def test_a_connection_that_was_long_idle_is_not_used(server, client, monkeypatch):
    client.post_all(posts(1))
    monkeypatch.setattr(http2_connection, "_IDLE", 0.0)

    assert isinstance(client.post_all(posts(1))[0], HttpAnswer)
    assert server.connections == 2


def test_a_connection_that_the_server_said_goodbye_on_is_not_used(server, client):
    server.instead.append(GOODBYE)
    client.post_all(posts(1))

    assert isinstance(client.post_all(posts(1))[0], HttpAnswer)
    assert server.connections == 2


def test_who_takes_no_calls_at_all_took_nothing(server, client):
    server.streams = 0

    assert [type(answer) for answer in client.post_all(posts(2))] == [UnavailableError] * 2


def test_whose_certificate_is_not_known_is_told_nothing(server):
    answers = Http2(server.url).post_all(posts(2))

    assert [type(answer) for answer in answers] == [UnavailableError] * 2
    assert server.calls == []


def test_who_is_not_there_took_nothing(socket_enabled):
    with Echo() as gone:
        url = gone.url
    answers = Http2(url, trusting, PATIENCE).post_all(posts(1))

    assert [type(answer) for answer in answers] == [UnavailableError]
    assert "/0" not in repr(answers)


def test_plain_http_is_for_the_local_cloud(socket_enabled):
    with Echo(plain=True) as server:
        client = Http2(server.url)
        assert client.post_all(posts(1))[0] == HttpAnswer(200, {"said": "0000000000", "size": 10})
        client.close()


def test_nothing_to_post_is_no_call(server, client):
    assert client.post_all([]) == []
    assert server.connections == 0


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n" * 3, bytes(9)])
def test_who_speaks_something_else_took_nothing(said, socket_enabled):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            for _ in range(2):
                there, _ = listener.accept()
                there.recv(100)
                there.sendall(said)
                there.close()

        speaking = threading.Thread(target=speak)
        speaking.start()
        answers = Http2(f"http://127.0.0.1:{listener.getsockname()[1]}").post_all(posts(1))
        speaking.join()

    assert [type(answer) for answer in answers] == [UnavailableError]


def test_who_shows_a_certificate_and_speaks_no_http2_took_nothing(socket_enabled):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            context = serving("http/1.1")
            for _ in range(2):
                there, _ = listener.accept()
                try:
                    context.wrap_socket(there, server_side=True).close()
                except OSError:
                    there.close()

        def either() -> ssl.SSLContext:
            context = trusting()
            context.set_alpn_protocols(["h2", "http/1.1"])
            return context

        speaking = threading.Thread(target=speak)
        speaking.start()
        answers = Http2(f"https://127.0.0.1:{listener.getsockname()[1]}", either).post_all(posts(1))
        speaking.join()

    assert [type(answer) for answer in answers] == [UnavailableError]


def test_a_long_answer_comes_bit_by_bit(server, client):
    server.instead.append((200, {"said": "x" * 60_000}))

    assert len(client.post_all(posts(1))[0].content["said"]) == 60_000
