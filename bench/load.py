"""Clicks on the local cloud's HTTP API from some threads at once: how many a second, how long one takes, none lost.

It says how the whole holds together on this machine, not what AWS would take: the local cloud's gateway is a Python
process of its own, on the same cores as this one.
"""

import http.client
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from typing import Final
from urllib.parse import urlsplit

from rich.console import Console

from bench._local_stack import local_stack
from cli.stack import Stack
from dangol.domain.tracking import Keys, Mark, sign

THREADS: Final = 8
CLICKS: Final = 2_000
# Whatever the machine, it ends: what was not asked by then is not asked.
LONGEST: Final = 60.0
_DESTINATION: Final = "https://shop.example/item/42"
_PHONE: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 KAKAOTALK"


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    with local_stack() as stack:
        keys = Keys.parse(stack.parameters.secret("link-keys"))
        paths = [f"/c/{sign(Mark(1, f'u{n:06}', 0, n % 5), keys, _DESTINATION)}" for n in range(CLICKS)]
        _ask(stack, paths[:1], float("inf"))
        began = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as pool:
            parts = [pool.submit(_ask, stack, paths[n::THREADS], began + LONGEST) for n in range(THREADS)]
            took = [seconds for part in parts for seconds in part.result()]
        wall = time.perf_counter() - began
        queued = _queued(stack) - 1
    cuts = quantiles(took, n=100)
    if queued != len(took):
        raise RuntimeError(f"{len(took)} clicks were redirected and {queued} queued")
    Console().print(
        f"{len(took):,} clicks by {THREADS} threads in {wall:.1f} s: {len(took) / wall:,.0f}/s, "
        f"median {1_000 * cuts[49]:.0f} ms, p99 {1_000 * cuts[98]:.0f} ms, all redirected, all queued"
    )
    return {"clicks": len(took), "per_second": len(took) / wall, "p50_ms": 1_000 * cuts[49], "p99_ms": 1_000 * cuts[98]}


def _ask(stack: Stack, paths: Sequence[str], until: float) -> list[float]:
    """Follow links one after the other on one connection; the seconds of each."""
    host = urlsplit(stack.api_url).netloc
    connection = http.client.HTTPConnection(urlsplit(stack.settings.endpoint).netloc, timeout=30)
    took = []
    for path in paths:
        began = time.perf_counter()
        if began > until:
            break
        connection.request("GET", path, headers={"host": host, "user-agent": _PHONE})
        answer = connection.getresponse()
        answer.read()
        if answer.headers["location"] != _DESTINATION:
            raise RuntimeError(f"answered with {answer.status}")
        took.append(time.perf_counter() - began)
    connection.close()
    return took


def _queued(stack: Stack) -> int:
    name: Final = "ApproximateNumberOfMessages"
    asked = {"QueueUrl": stack.settings.event_queue_url, "AttributeNames": [name]}
    return int(stack.client("sqs").get_queue_attributes(**asked)["Attributes"][name])
