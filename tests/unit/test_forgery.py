"""Nobody makes a token but us: mutated, mixed and invented ones, none accepted."""

import base64
import hmac
from random import Random

import pytest

from dangol.domain.errors import ForgeryError
from dangol.domain.tracking import MAC_BYTES, Keys, Mark, sign, verify

KEYS = Keys(current=2, secrets={1: b"o" * 32, 2: b"n" * 32})
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
GENUINE = [
    sign(Mark(run, f"{run:016x}", run % 2, run % 5), KEYS, destination)
    for run in range(1, 101)
    for destination in ("", f"https://shop.example/item/{run}")
]


def accepted(forgeries):
    """The forgeries that `verify` took for ours."""
    taken = []
    for forgery in forgeries:
        try:
            verify(forgery, KEYS)
        except ForgeryError:
            continue
        taken.append(forgery)
    return taken


def forged(count, seed):
    """As many tokens that nobody signed: some a flipped bit away from ours, some of our parts mixed, some noise."""
    chance, genuine, made = Random(seed), set(GENUINE), 0
    ways = (flipped, replaced, swapped, invented, rebuilt)
    while made < count:
        token = ways[made % len(ways)](chance)
        if token not in genuine:
            made += 1
            yield token


def flipped(chance):
    """One bit of the signed part is another."""
    body, dot, rest = chance.choice(GENUINE).partition(".")
    raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return _encode(raw) + dot + rest


def replaced(chance):
    """Some characters are others."""
    characters = list(chance.choice(GENUINE))
    for _ in range(chance.randint(1, 4)):
        characters[chance.randrange(len(characters))] = chance.choice(ALPHABET)
    return "".join(characters)


def swapped(chance):
    """The destination of another token."""
    ours, theirs = chance.choice(GENUINE), chance.choice(GENUINE)
    return f"{ours.partition('.')[0]}.{theirs.partition('.')[2]}"


def invented(chance):
    """Characters of the alphabet, as long as a token."""
    body = "".join(chance.choices(ALPHABET, k=chance.randint(1, 90)))
    return body if chance.random() < 0.5 else f"{body}.{_encode(b'https://evil.example/')}"


def rebuilt(chance):
    """A right header and another destination, with a guessed MAC."""
    body = chance.choice(GENUINE).partition(".")[0]
    raw = bytearray(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    raw[8 : 8 + MAC_BYTES] = chance.randbytes(MAC_BYTES)
    return f"{_encode(raw)}.{_encode(b'https://evil.example/')}"


def _encode(raw):
    return base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()


def test_what_we_signed_is_accepted():
    assert accepted(GENUINE) == GENUINE


def test_no_forged_token_is_accepted():
    assert accepted(forged(20_000, seed=5)) == []


@pytest.mark.full
def test_none_of_a_million_forged_tokens_is_accepted():
    assert accepted(forged(1_000_000, seed=7)) == []


def test_the_mac_is_compared_in_constant_time_and_in_no_other_way(monkeypatch):
    compared = []

    def compare(mac, expected):
        compared.append((mac, expected))
        return hmac_compare(mac, expected)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    token = GENUINE[1]

    verify(token, KEYS)
    assert len(accepted(flipped(Random(seed)) for seed in range(50))) == 0

    assert compared[0][0] == compared[0][1]
    assert {len(part) for pair in compared for part in pair} == {MAC_BYTES}

    monkeypatch.setattr(hmac, "compare_digest", lambda mac, expected: False)
    assert accepted(GENUINE) == []
