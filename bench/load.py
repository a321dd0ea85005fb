"""How many clicks a second the local HTTP API answers, and how long each takes: bounded, on loopback.

It is MiniStack's HTTP API, not AWS's: what it shows is that each click is redirected and queued while many come.
"""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from typing import Final
from urllib.parse import urlsplit

from rich.console import Console

from bench._local_stack import local_stack
from cli.stack import Stack
from dangol.domain.tracking import Keys, Mark, sign

CLICKS: Final = 2_000
AT_ONCE: Final = 8
_HERE: Final = "https://shop.example/courses/new"
_AGENT: Final = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Mobile Safari/537.36 KAKAOTALK 11.0.0"
_MS: Final = 1_000
_COLD: Final = 50


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    with local_stack() as stack:
        keys = Keys.parse(stack.parameters.secret("link-keys"))
        tokens = [sign(Mark(1, f"u{number:05}", 0, 0), keys, _HERE) for number in range(CLICKS + _COLD)]
        _clicked(stack, tokens[:_COLD])
        begun = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            parts = [tokens[_COLD + part :: AT_ONCE] for part in range(AT_ONCE)]
            taken = [each for some in pool.map(lambda part: _clicked(stack, part), parts) for each in some]
        seconds = time.perf_counter() - begun
        queued = _queued(stack)
    if queued != len(tokens):
        raise RuntimeError(f"{len(tokens)} clicks, and {queued} events")
    cuts = quantiles(taken, n=100)
    Console().print(
        f"{CLICKS:,} clicks, {AT_ONCE} at once: {CLICKS / seconds:.0f} a second, "
        f"half within {cuts[49] * _MS:.0f} ms, 99% within {cuts[98] * _MS:.0f} ms; all redirected, all queued"
    )
    return {"clicks_per_second": CLICKS / seconds, "p50_ms": cuts[49] * _MS, "p99_ms": cuts[98] * _MS}


def _clicked(stack: Stack, tokens: list[str]) -> list[float]:
    """Follow these links one after another on one connection; the seconds of each."""
    address, endpoint = urlsplit(stack.api_url), urlsplit(stack.settings.endpoint)
    connection, taken = http.client.HTTPConnection(endpoint.netloc, timeout=30), []
    for token in tokens:
        begun = time.perf_counter()
        headers = {"host": address.netloc, "user-agent": _AGENT}
        connection.request("GET", f"{address.path}/c/{token}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        taken.append(time.perf_counter() - begun)
        if (answer.status, answer.headers["location"]) != (http.client.FOUND, _HERE):
            raise RuntimeError(f"a click was answered with {answer.status}")
    connection.close()
    return taken


def _queued(stack: Stack) -> int:
    """How many events wait."""
    name = "ApproximateNumberOfMessages"
    asked = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs["EventQueueUrl"], AttributeNames=[name])
    return int(asked["Attributes"][name])
