"""The keys of a stack as the parameter store holds them: one current, others known until they are retired.

Standard library alone: `track` starts with it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from dangol.domain.errors import ConflictError, InputError, NotFoundError

# A link's key id is one byte.
MAX_KEY_ID: Final = 255
# A new link key signs from then on, in seconds: every function has had the time to fetch it, at most once a minute.
HANDOVER: Final = 120


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id; `current` is the one in use since `since` (epoch seconds, 0 where nobody knows), after `previous`."""

    current: int
    keys: Mapping[int, str]
    since: int = 0
    previous: int = 0

    @classmethod
    def of(cls, stored: Mapping[str, Any] | str) -> "Keyring":
        """Read `{"current": 2, "keys": {"1": …, "2": …}, "since": …, "previous": 1}`; a lone key is its own ring."""
        if isinstance(stored, str):
            return cls(1, {1: stored})
        keys = {int(key_id): str(key) for key_id, key in stored["keys"].items()}
        return cls(int(stored["current"]), keys, int(stored.get("since", 0)), int(stored.get("previous", 0)))

    def stored(self) -> dict[str, Any]:
        """What `of` reads."""
        keys = {str(key_id): key for key_id, key in sorted(self.keys.items())}
        return {"current": self.current, "keys": keys, "since": self.since, "previous": self.previous}

    def signing(self, at: int) -> int:
        """The id of the key that signs: for two minutes after a rotation the one before, unless it is retired."""
        fresh = at < self.since + HANDOVER
        return self.previous if fresh and self.previous in self.keys else self.current

    def rotated(self, key: str, at: int) -> "Keyring":
        """With a new current key, under an id that no key has.

        Raises:
            ConflictError: no id is left.
        """
        ids = (each % MAX_KEY_ID + 1 for each in range(self.current, self.current + MAX_KEY_ID))
        free = next((key_id for key_id in ids if key_id not in self.keys), None)
        if free is None:
            raise ConflictError(f"all {MAX_KEY_ID} key ids are in use: retire some first")
        return replace(self, current=free, keys={**self.keys, free: key}, since=at, previous=self.current)

    def retired(self, key_id: int) -> "Keyring":
        """Without a key.

        Raises:
            NotFoundError: there is no such key.
            InputError: it is the current one.
        """
        if key_id not in self.keys:
            known = ", ".join(map(str, sorted(self.keys)))
            raise NotFoundError(f"there is no key {key_id}; there are {known}")
        if key_id == self.current:
            raise InputError(f"key {key_id} is in use: dangol keys rotate first, and retire it then")
        return replace(self, keys={known: key for known, key in self.keys.items() if known != key_id})

    def __repr__(self) -> str:
        return f"Keyring(current={self.current}, ids={sorted(self.keys)})"


def source_rings(text: str) -> dict[str, Keyring]:
    """The write keys of each source, from `{"app": "<key>", "web": {"current": 2, "keys": …}}`."""
    return {source: Keyring.of(stored) for source, stored in json.loads(text).items()}


def write_keys(text: str) -> dict[str, Sequence[str]]:
    """Every key that a source may send events with."""
    return {source: list(ring.keys.values()) for source, ring in source_rings(text).items()}
