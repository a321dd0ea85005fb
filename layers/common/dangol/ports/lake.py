"""The lake: its objects, and questions to it."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Protocol


class Objects(Protocol):
    """The lake bucket."""

    def put_once(self, key: str, body: bytes) -> bool:
        """Store under a new key; False where the key exists, which stays as it is."""
        ...

    def get(self, key: str) -> bytes:
        """Read an object. Raises `NotFoundError`."""
        ...

    def keys(self, prefix: str, after: str | None, limit: int) -> Sequence[str]:
        """Up to `limit` keys under `prefix` in order, after `after`."""
        ...


class StoredObjects(Objects, Protocol):
    """The lake bucket, whose objects can be rewritten where somebody is to be forgotten."""

    def replace(self, key: str, body: bytes) -> None:
        """Store under a key, whatever is there."""
        ...

    def remove(self, key: str) -> None:
        """Remove an object; nothing happens where there is none."""
        ...

    def drop_old_versions(self, prefix: str) -> None:
        """Remove for good what was replaced or removed under `prefix`."""
        ...


class Queries(Protocol):
    """Audiences said in SQL over the lake."""

    def start(self, query: str, token: str) -> str:
        """Begin a query, once for each `token` of 32 to 128 characters; the query's name."""
        ...

    def done(self, name: str) -> bool:
        """Whether a query is done. Raises `DefinitionError` where it failed."""
        ...

    def page(self, name: str, start: str | None) -> tuple[Sequence[str], str | None]:
        """The first column of a page of results, and where the next one begins; None at the end."""
        ...


class LakeReader(Protocol):
    """Questions to the lake."""

    def totals(self, run: str) -> Mapping[str, int]:
        """How many clicks and opens there were in all, each event once."""
        ...


class Traces(Protocol):
    """What the lake tells of one person in one run."""

    def of_person(self, user_id: str, run: str, since: date) -> Sequence[Mapping[str, str]]:
        """What was decided about them and what they did, learned of since that day (UTC), the oldest first.

        Each has `at` and `kind` (`decided`, `clicked`, `opened`, `unsubscribed`), and, where there is one,
        `outcome`, `reason` and `verdict`; each once, however often it was delivered.
        """
        ...
