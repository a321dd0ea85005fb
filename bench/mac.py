"""Whether the time of a refusal tells how much of a forged MAC was right, as `dudect` asks it.

Tokens whose MAC is wrong in its first byte and in its last are refused in random order, each refusal timed; so are
comparisons of a right MAC with itself and with a wrong one. Welch's t of the two classes says how sure one could be
that they differ: beyond 4.5 somebody could learn a MAC byte by byte. For scale, the same with a comparison that stops
at the first difference. https://eprint.iacr.org/2016/1123
"""

import gc
import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from random import Random
from statistics import fmean, variance
from typing import Final, TypeVar

from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import MAC_BYTES, Keys, Mark, sign, verify

TIMES: Final = 200_000
KEYS: Final = Keys(1, {1: b"k" * 32})
# What interrupted the process, and the slowest tenth with it, says nothing of the comparison.
_KEPT: Final = 0.9
_HEADER: Final = 8
T = TypeVar("T", bytes, str)


def run() -> dict[str, float]:
    """The t of each pair, without its sign, and what a refusal takes."""
    token = sign(Mark(7, "0123456789abcdef", 0, 0), KEYS, "https://shop.example/courses/new")
    first, last = (_forged(token, place) for place in (0, MAC_BYTES - 1))
    mac = bytes(range(MAC_BYTES))
    wrong_first, wrong_last = bytes([9, *mac[1:]]), bytes([*mac[:-1], 0])
    refusals = measured(_refused, first, last)
    compared = measured(partial(hmac.compare_digest, mac), mac, wrong_first)
    stopping = measured(partial(_stopping, mac), wrong_first, wrong_last)
    print(f"  a refusal takes {fmean(refusals[0]) / 1_000:.2f} µs; {TIMES:,} of each pair")
    return {
        "t_wrong_first_or_last_byte": abs(welch(*refusals)),
        "t_right_or_wrong": abs(welch(*compared)),
        "t_of_a_comparison_that_stops": abs(welch(*stopping)),
        "refusal_us": fmean(refusals[0]) / 1_000,
    }


def measured(ask: Callable[[T], object], one: T, other: T) -> tuple[list[int], list[int]]:
    """Nanoseconds of asking either, in random order; the slowest tenth left out."""
    rng, clock = Random(8), time.perf_counter_ns
    # Each time a copy of its own: where an object lies in memory must not tell one from the other.
    asked = [(which, _copy((one, other)[which])) for which in (rng.randrange(2) for _ in range(TIMES))]
    taken: tuple[list[int], list[int]] = ([], [])
    gc.disable()
    try:
        for which, each in asked:
            begun = clock()
            ask(each)
            taken[which].append(clock() - begun)
    finally:
        gc.enable()
    limit = sorted(each for some in taken for each in some)[int(TIMES * _KEPT)]
    return [each for each in taken[0] if each < limit], [each for each in taken[1] if each < limit]


def welch(one: Sequence[float], other: Sequence[float]) -> float:
    """Welch's t of two samples."""
    error = sqrt(variance(one) / len(one) + variance(other) / len(other))
    return (fmean(one) - fmean(other)) / error


def _copy(text: T) -> T:
    return text[:1] + text[1:]


def _forged(token: str, place: int) -> str:
    body, _, rest = token.partition(".")
    raw = bytearray(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    raw[_HEADER + place] ^= 1
    return f"{urlsafe_b64encode(raw).rstrip(b'=').decode()}.{rest}"


def _refused(token: str) -> None:
    try:
        verify(token, KEYS)
    except ForgeryError:
        return
    raise RuntimeError("a forged token was accepted")


def _stopping(one: bytes, other: bytes) -> bool:
    return all(mine == theirs for mine, theirs in zip(one, other, strict=True))
