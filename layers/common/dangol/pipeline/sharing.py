"""Who in a run's audience shares an address with somebody else of it: exact, because the whole audience is known."""

import gzip
import json
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

    def of(self, run: str, channel: str) -> Shared:
        """The places whose address somebody else of the run stands for; all scan steps have to be closed."""
        # One message per address means nothing where the user id is the address.
        if channel in BY_ID:
            return {}
        key = f"runs/{run}/shared.json"
        # Asked by listing: to read what is not there is forbidden where only some prefixes may be listed.
        if not self._objects.keys(key, None, 1):
            self._objects.put_once(key, json.dumps(self._find(run, channel)).encode())
        return {step: frozenset(places) for step, places in json.loads(self._objects.get(key)).items()}

    def _find(self, run: str, channel: str) -> dict[str, list[int]]:
        # By the first byte, so that comparing needs little more memory than the rows themselves.
        rows, starts, total = [bytearray() for _ in range(256)], dict[str, int](), 0
        for key in self._keys(run):
            starts[step_of(key)] = total
            for user_id, address in _people(self._objects.get(key)):
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


def marked(chunks: Sequence[SendChunk], shared: frozenset[int]) -> list[SendChunk]:
    """All chunks of a step, in order, with those marked whose place in the step is in `shared`."""
    if not shared:
        return list(chunks)
    first = accumulate((chunk.size for chunk in chunks), initial=0)
    return [_marked(chunk, {place - start for place in shared}) for chunk, start in zip(chunks, first, strict=False)]


def _marked(chunk: SendChunk, places: set[int]) -> SendChunk:
    recipients = [
        recipient.model_copy(update={"shared": True}) if i in places else recipient
        for i, recipient in enumerate(chunk.recipients)
    ]
    return chunk.model_copy(update={"recipients": recipients})


def _people(packed: bytes) -> Iterator[tuple[str, str | None]]:
    """User id and address of everybody in a step; the rest is not parsed into anything."""
    for people in from_json(gzip.decompress(packed))["chunks"]:
        for recipient in people:
            yield recipient["user_id"], recipient["address"]


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
