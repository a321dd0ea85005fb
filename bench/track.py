"""What a click costs: import and first request of `track` in a new process, and CPU per click when warm.

Beside it the usual idiom (Powertools' HTTP resolver, boto3's `update_item`). Both call the same endpoint on loopback,
process after process in turn; the cold figure is wall time and the median of the processes, the warm one CPU time.
"""

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Final

from bench._fake_aws import FakeAws, fake_aws
from dangol.domain.tracking import Keys, Mark, sign

ROOT: Final = Path(__file__).parents[1]
PROCESSES: Final = 15
CLICKS: Final = 1_000
_KEY: Final = b"k" * 32
_DESTINATION: Final = "https://shop.example/courses/new?from=mail"
_MS: Final = 1_000


def run() -> dict[str, float]:
    """The figures of both ways, and their ratios."""
    stored = json.dumps({"current": 1, "keys": {"1": base64.b64encode(_KEY).decode()}})
    token = sign(Mark(7, "0123456789abcdef", 0, 0), Keys(1, {1: _KEY}), _DESTINATION)
    told: dict[str, list[dict[str, float]]] = {"ours": [], "idiom": []}
    with fake_aws({"link-keys": stored}) as aws:
        for way in told:
            # Bytecode is compiled once, as in a deployed layer.
            _process(way, token, aws, 0)
        for _ in range(PROCESSES):
            for way, figures in told.items():
                figures.append(_process(way, token, aws, 0))
        aws.asked = Counter()
        warm = {way: min(_process(way, token, aws, CLICKS)["warm"] for _ in range(3)) for way in told}
        requests = aws.asked["SendMessage"] / (3 * (CLICKS + 1))
    cold = {way: median(figure["cold"] for figure in figures) for way, figures in told.items()}
    print(f"  cold, ms: ours {cold['ours'] * _MS:.1f}, idiom {cold['idiom'] * _MS:.1f}, {PROCESSES} processes each")
    print(f"  warm CPU, ms a click: ours {warm['ours'] * _MS:.3f}, idiom {warm['idiom'] * _MS:.3f}")
    return {
        "cold_ms": cold["ours"] * _MS,
        "cold_vs_idiom": cold["ours"] / cold["idiom"],
        "warm_cpu_ms": warm["ours"] * _MS,
        "warm_cpu_vs_idiom": warm["ours"] / warm["idiom"],
        "requests_per_click": requests,
    }


def _process(way: str, token: str, aws: FakeAws, times: int) -> dict[str, float]:
    """What one new process measured of itself."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "layers" / "common"), str(ROOT)]),
        "STACK": "bench",
        "PARAMETERS_PREFIX": "/dangol/bench",
        "EVENT_QUEUE_URL": f"{aws.url}/000000000000/events",
        "SHORT_LINKS_TABLE": "bench-short-links",
        "CLICKS_TABLE": "bench-clicks",
        "AWS_REGION": "ap-northeast-2",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    command = [sys.executable, "-m", "bench._click", way, f"/c/{token}", str(times)]
    done = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
    figures = json.loads(done.stdout)
    if figures.pop("statuses") != [302]:
        raise RuntimeError(f"{way} did not redirect")
    return dict(figures)
