"""What one click costs, cold and warm, beside the usual idiom, in one run and against the same local address.

Cold: from the first import to the first answer, in a new process. `track` fetches its key in that time and verifies
the link; the idiom does neither. Warm: CPU of the process alone, AWS's clients included.
"""

import json
from statistics import median
from typing import Any, Final
from urllib.parse import quote

from rich.console import Console
from rich.table import Table

from bench._endpoint import KEYS, Endpoint, endpoint
from dangol.domain.tracking import Mark, sign

ROUNDS: Final = 21
CLICKS: Final = 2_000
DESTINATION: Final = "https://shop.example/item/42?from=mail"
_AGENT: Final = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 KAKAOTALK"
_MODULES: Final = {"dangol": "functions.track.app", "idiom": "bench._track_idiom"}
# Both are asked for the same by an event that is there before the clock starts.
_COLD: Final = """
import json, sys, time
event = json.loads(sys.stdin.read())
began = time.perf_counter()
from {module} import handler
answer = handler(event, None)
took = time.perf_counter() - began
assert answer["statusCode"] == 302 and answer["headers"]["location"] == {destination!r}, answer
print(json.dumps(took))
"""
_WARM: Final = """
import json, sys, time
event = json.loads(sys.stdin.read())
from {module} import handler
for _ in range(50):
    handler(event, None)
began = time.process_time()
for _ in range({clicks}):
    handler(event, None)
print(json.dumps((time.process_time() - began) / {clicks}))
"""


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    with endpoint() as aws:
        cold = _alternating(aws, _COLD, ROUNDS)
        warm = _alternating(aws, _WARM, 3)
        requests = _requests(aws)
    _print(cold, warm)
    return {
        "cold_vs_idiom": median(cold["dangol"]) / median(cold["idiom"]),
        "cold_ms": 1_000 * median(cold["dangol"]),
        "cold_ms_idiom": 1_000 * median(cold["idiom"]),
        "cpu_vs_idiom": min(warm["dangol"]) / min(warm["idiom"]),
        "cpu_us_per_click": 1e6 * min(warm["dangol"]),
        "cpu_us_per_click_idiom": 1e6 * min(warm["idiom"]),
        "requests_per_click": requests,
    }


def _alternating(aws: Endpoint, script: str, rounds: int) -> dict[str, list[float]]:
    """Seconds of each, one after the other, so that what else the machine does meets both."""
    told: dict[str, list[float]] = {name: [] for name in _MODULES}
    # The first round fills the disk's cache and the folders of compiled files; it does not count.
    for turn in range(rounds + 1):
        for name, module in _MODULES.items():
            text = script.format(module=module, destination=DESTINATION, clicks=CLICKS)
            took = float(aws.python(text, json.dumps(_event(name))))
            if turn:
                told[name].append(took)
    return told


def _requests(aws: Endpoint) -> float:
    """Requests of a warm click: those of a process of many, less its first, which fetches the key too."""
    counts = []
    for clicks in (1, 1 + CLICKS):
        aws.asked.clear()
        script = _WARM.replace("range(50)", "range(0)").format(module=_MODULES["dangol"], clicks=clicks)
        aws.python(script, json.dumps(_event("dangol")))
        counts.append(aws.asked.total())
    return (counts[1] - counts[0]) / CLICKS


def _event(name: str) -> dict[str, Any]:
    token = sign(Mark(7, "0123456789abcdef", 1, 3), KEYS, DESTINATION)
    path = f"/c/{token}" if name == "dangol" else f"/c/0123456789abcdef/{quote(DESTINATION, safe='')}"
    http = {"method": "GET", "path": path, "sourceIp": "198.51.100.7", "protocol": "HTTP/1.1", "userAgent": _AGENT}
    return {
        "version": "2.0",
        "routeKey": "GET /c/{token}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"user-agent": _AGENT, "host": "go.shop.example", "accept": "text/html"},
        "requestContext": {"http": http, "requestId": "request-1", "stage": "$default", "timeEpoch": 1_796_000_000_000},
        "isBase64Encoded": False,
    }


def _print(cold: dict[str, list[float]], warm: dict[str, list[float]]) -> None:
    grid = Table("", "cold ms, median", "fastest", "slowest", "warm CPU us, least", box=None, pad_edge=False)
    for name in _MODULES:
        times = [1_000 * seconds for seconds in cold[name]]
        cells = [median(times), min(times), max(times), 1e6 * min(warm[name])]
        grid.add_row(name, *(f"{cell:,.1f}" for cell in cells))
    Console().print(grid)
