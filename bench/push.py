"""Pushes through FCM's adapter to a local HTTP/2 server that answers after 50 ms: one by one, and in flight."""

import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from rich.console import Console
from rich.table import Table

from dangol.adapters.google_tokens import GoogleTokens, ServiceAccount
from dangol.adapters.http2 import Http2
from dangol.channels.fcm import FcmChannel
from dangol.ports import Accepted, Message
from tests.fakes.providers.http2_server import trusting

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of a server to answer one call, in seconds.
LATENCY: Final = 0.05
ROUNDS: Final = 7
ALONE: Final = 20
TOGETHER: Final = 1_000
_WAVE: Final = 100
_AT_LEAST: Final = 20


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    with _server() as told:
        channel = _channel(told)
        # The first wave connects and fetches the token.
        _send(channel, _WAVE, _WAVE)
        alone, together, cpus = [], [], []
        for _ in range(ROUNDS):
            # Both in turn, so that a busy minute is everybody's.
            alone.append(ALONE / _seconds(lambda: _send(channel, ALONE, 1)))
            before = time.process_time()
            together.append(TOGETHER / _seconds(lambda: _send(channel, TOGETHER, _WAVE)))
            cpus.append((time.process_time() - before) / TOGETHER)
        httpx_cpu, of_httpx = _by_httpx(told)
    one_by_one, in_flight, cpu = (statistics.median(each) for each in (alone, together, cpus))
    ratio = in_flight / one_by_one
    table = Table(
        "way", "pushes a second", "CPU a push, ms", title=f"one client process, {LATENCY * 1_000:.0f} ms latency"
    )
    table.add_row("one after the other", f"{one_by_one:,.1f}", "")
    table.add_row(f"waves of {_WAVE} by dangol's client", f"{in_flight:,.0f}", f"{cpu * 1_000:.2f}")
    table.add_row(f"waves of {_WAVE} by httpx and asyncio", f"{of_httpx:,.0f}", f"{httpx_cpu * 1_000:.2f}")
    console = Console()
    console.print(table)
    console.print(f"in flight {ratio:.1f} times as many as one after the other (at least {_AT_LEAST})")
    if ratio < _AT_LEAST:
        raise RuntimeError(f"only {ratio:.1f} times")
    return {
        "sequential_per_second": one_by_one,
        "in_flight_per_second": in_flight,
        "in_flight_over_sequential": ratio,
        "cpu_ms": cpu * 1_000,
        "httpx_per_second": of_httpx,
        "httpx_cpu_ms": httpx_cpu * 1_000,
    }


@contextmanager
def _server() -> "Iterator[dict[str, Any]]":
    """The fake of FCM in a process of its own: where it is, the account that may send, and its certificate."""
    command = [sys.executable, "-m", "bench._push_server", str(LATENCY)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=root) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipes")
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def _channel(told: dict[str, Any]) -> FcmChannel:
    account = ServiceAccount.parse(told["account"])
    clients: dict[str, Http2] = {}

    def client(url: str) -> Http2:
        origin = url.removesuffix("/token")
        return clients.setdefault(origin, Http2(origin, lambda: trusting(told["certificate"])))

    return FcmChannel(client(told["url"]), GoogleTokens(lambda: account, client))


def _message(place: int) -> Message:
    return Message(
        user_id=f"u{place}",
        reference=f"7:u{place}",
        address=f"token-{place}",
        title="(광고)단골상점 오늘만 20%",
        text="보시던 강의가 오늘까지 할인이에요\n수신거부: 앱 > 설정 > 알림",
        action=("보기", "https://go.shop.example/c/" + "t" * 120),
        send_id="s" * 60,
        ttl=3_600,
    )


def _send(channel: FcmChannel, count: int, wave: int) -> None:
    messages = [_message(place) for place in range(count)]
    for start in range(0, count, wave):
        answers = channel.send(messages[start : start + wave])
        if not all(isinstance(answer, Accepted) for answer in answers):
            raise RuntimeError(f"not taken: {answers[0]}")


def _seconds(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _by_httpx(told: dict[str, Any]) -> tuple[float, float]:
    """The same waves through httpx's asynchronous client: CPU of a push, and pushes a second."""
    body = json.dumps({"message": {"token": "t"}, "padding": "x" * 900}).encode()

    async def waves() -> tuple[float, float]:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=1)
        context = trusting(told["certificate"])
        async with httpx.AsyncClient(http2=True, verify=context, base_url=told["url"], limits=limits) as client:

            async def wave() -> None:
                await asyncio.gather(*(client.post("/echo", content=body) for _ in range(_WAVE)))

            await wave()
            cpu, started = time.process_time(), time.perf_counter()
            for _ in range(TOGETHER // _WAVE):
                await wave()
            took = time.perf_counter() - started
            return (time.process_time() - cpu) / TOGETHER, TOGETHER / took

    return asyncio.run(waves())
