"""Whether the time that a token takes tells how much of its MAC is right: differences beside their own noise.

Two questions: does a MAC that is wrong in its first byte take another time than one wrong in its last, all of
`verify` included; and does comparing a right one take another time than comparing a wrong one. Each repetition has a
token of its own and takes the quickest of many runs, in turns, since whatever else the machine does only adds. `z` is
the mean difference over its standard error; two samples of the same thing show what chance alone makes of it.
"""

import base64
import gc
import hmac
import time
from collections.abc import Callable
from functools import partial
from math import sqrt
from random import Random
from statistics import fmean, stdev
from typing import Final

from rich.console import Console
from rich.table import Table

from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import MAC_BYTES, Keys, Mark, sign, verify

REPETITIONS: Final = 200
TURNS: Final = 60
CALLS: Final = 20
KEYS: Final = Keys(1, {1: b"k" * 32})
_HEADER: Final = 8
Act = Callable[[], object]


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    last = MAC_BYTES - 1
    told = {
        "verify, wrong in the first byte and in the last": _difference(
            lambda n: _refused(n, 0), lambda n: _refused(n, last)
        ),
        "verify, wrong in the first byte both times": _difference(lambda n: _refused(n, 0), lambda n: _refused(n, 0)),
        "comparison, right and wrong": _difference(lambda n: _compared(n, None), lambda n: _compared(n, n % MAC_BYTES)),
        "comparison, right both times": _difference(lambda n: _compared(n, None), lambda n: _compared(n, None)),
    }
    grid = Table("", "difference, ns", "standard error, ns", "z", box=None, pad_edge=False)
    for name, (mean, error) in told.items():
        grid.add_row(name, f"{mean:+.3f}", f"{error:.3f}", f"{mean / error:+.1f}")
    Console().print(grid)
    place, same_place, right, same_right = (mean for mean, _ in told.values())
    return {
        "position_ns": place,
        "position_ns_of_chance": same_place,
        "right_or_wrong_ns": right,
        "right_or_wrong_ns_of_chance": same_right,
    }


def _difference(first: Callable[[int], Act], second: Callable[[int], Act]) -> tuple[float, float]:
    """The mean of how much longer the second takes, and its standard error, in nanoseconds a call."""
    differences = []
    gc.disable()
    try:
        for number in range(REPETITIONS):
            one, other = first(number), second(number)
            # Who comes first is worth 20 ns: they take turns at it, from one repetition to the next.
            turns = (one, other) if number % 2 else (other, one)
            quickest = {one: float("inf"), other: float("inf")}
            for _ in range(TURNS):
                for act in turns:
                    quickest[act] = min(quickest[act], _took(act))
            differences.append(quickest[other] - quickest[one])
    finally:
        gc.enable()
    # Repetitions during which something else had the core all the time tell nothing.
    kept = sorted(differences)[REPETITIONS // 20 : -REPETITIONS // 20]
    return fmean(kept), stdev(kept) / sqrt(len(kept))


def _took(act: Act) -> float:
    began = time.perf_counter_ns()
    for _ in range(CALLS):
        act()
    return (time.perf_counter_ns() - began) / CALLS


def _compared(number: int, wrong_in: int | None) -> Act:
    """A comparison of two MACs of their own; equal, or with one bit of one byte turned."""
    mac = Random(number).randbytes(MAC_BYTES)
    other = bytearray(mac)
    if wrong_in is not None:
        other[wrong_in] ^= 1
    return partial(hmac.compare_digest, mac, bytes(other))


def _refused(number: int, wrong_in: int) -> Act:
    """`verify` of a token with one bit of one byte of its MAC turned."""
    token = sign(Mark(number, "0123456789abcdef", 1, 3), KEYS, "https://shop.example/item/42")
    body, _, rest = token.partition(".")
    raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    raw[_HEADER + wrong_in] ^= 1
    forged = f"{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}.{rest}"

    def act() -> None:
        try:
            verify(forged, KEYS)
        except ForgeryError:
            return
        raise AssertionError("a wrong MAC was taken")

    return act
