"""Who in a run's audience shares an address with somebody else of it: exact, because the whole audience is known."""

import gzip
import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import accumulate
from typing import Final

from pydantic_core import from_json

from dangol.contracts import SendChunk
from dangol.domain.channel import BY_ID
from dangol.domain.suppression import address_hash
from dangol.pipeline.steps import step_of, steps_prefix
from dangol.ports import Objects

STEPS_AT_ONCE: Final = 1_000
# Bytes kept of everybody: of the address, of the user id, and of their place among all.
_ADDRESS, _USER, _PLACE = 12, 8, 4
_ROW: Final = _ADDRESS + _USER + _PLACE

# Places in a step, by step: those who leave the message to somebody else.
Shared = Mapping[str, frozenset[int]]


class Sharing:
    """Finds who shares an address, once for each run.

    Of the people with one address the one whose hashed user id is smallest stands for it, in every run.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def of(self, run: str, channels: Sequence[str]) -> Sequence[Shared]:
        """For each channel, the places whose address somebody else of the run stands for.

        All scan steps have to be closed.
        """
        return [self._of(run, channel, place) for place, channel in enumerate(channels)]

    def _of(self, run: str, channel: str, place: int) -> Shared:
        # One message per address means nothing where the user id is the address.
        if channel in BY_ID:
            return {}
        key = f"runs/{run}/shared{f'-{place}' if place else ''}.json"
        # Asked by listing: to read what is not there is forbidden where only some prefixes may be listed.
        if not self._objects.keys(key, None, 1):
            self._objects.put_once(key, json.dumps(self._find(run, channel, place)).encode())
        return {step: frozenset(places) for step, places in json.loads(self._objects.get(key)).items()}

    def _find(self, run: str, channel: str, place: int) -> dict[str, list[int]]:
        # By the first byte, so that comparing needs little more memory than the rows themselves.
        rows, starts, total = [bytearray() for _ in range(256)], dict[str, int](), 0
        for key in self._keys(run):
            starts[step_of(key)] = total
            for user_id, address in _people(self._objects.get(key), place):
                if address:
                    row = bytes.fromhex(address_hash(channel, address)) + sha256(user_id.encode()).digest()[:_USER]
                    rows[row[0]] += row + total.to_bytes(_PLACE)
                total += 1
        places = sorted(place for part in rows for place in _losers(part))
        return _by_step(places, starts)

    def _keys(self, run: str) -> Iterator[str]:
        after = None
        while keys := self._objects.keys(steps_prefix(run), after, STEPS_AT_ONCE):
            yield from keys
            after = keys[-1]


def marked(chunks: Sequence[SendChunk], step: str, shared: Sequence[Shared]) -> list[SendChunk]:
    """All chunks of a scan step, in order, with those marked whose place in the step is `shared`, by channel."""
    found = list(chunks)
    starts = list(accumulate((chunk.size for chunk in chunks), initial=0))
    for channel, theirs in enumerate(shared):
        for place in theirs.get(step, ()):
            at = bisect_right(starts, place) - 1
            found[at] = _marked(found[at], place - starts[at], channel)
    return found


def _marked(chunk: SendChunk, index: int, channel: int) -> SendChunk:
    recipients = list(chunk.recipients)
    whose = recipients[index]
    if channel:
        others = [r.model_copy(update={"shared": True}) if n == channel else r for n, r in enumerate(whose.others, 1)]
        recipients[index] = whose.model_copy(update={"others": others})
    else:
        recipients[index] = whose.model_copy(update={"shared": True})
    return chunk.model_copy(update={"recipients": recipients})


def _people(packed: bytes, place: int) -> Iterator[tuple[str, str | None]]:
    """User id and address of everybody in a step, on the channel of that place; the rest is parsed into nothing."""
    for people in from_json(gzip.decompress(packed))["chunks"]:
        for recipient in people:
            # Whoever was forgotten meanwhile has no other channels left.
            others = recipient.get("others") or [{}] * place
            yield recipient["user_id"], (others[place - 1].get("address") if place else recipient.get("address"))


def _losers(part: bytearray) -> Iterator[int]:
    """The places of all but the first person of each address."""
    first: dict[bytes, bytes] = {}
    for start in range(0, len(part), _ROW):
        row = bytes(part[start : start + _ROW])
        address, rest = row[:_ADDRESS], row[_ADDRESS:]
        known = first.setdefault(address, rest)
        if known is not rest:
            first[address], loser = min(known, rest), max(known, rest)
            yield int.from_bytes(loser[_USER:])


def _by_step(places: list[int], starts: Mapping[str, int]) -> dict[str, list[int]]:
    """Places in the run as places in their steps."""
    found, steps, at = defaultdict[str, list[int]](list), list(starts.items()), 0
    for place in places:
        while at + 1 < len(steps) and steps[at + 1][1] <= place:
            at += 1
        found[steps[at][0]].append(place - steps[at][1])
    return dict(found)
