"""The lake bucket and the catalogue in memory."""

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from dangol.domain.errors import DefinitionError, NotFoundError


class FakeObjects:
    """Objects by key."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        # What was replaced or removed, as a versioned bucket keeps it.
        self.old: list[tuple[str, bytes]] = []

    def put_once(self, key: str, body: bytes) -> bool:
        if key in self.objects:
            return False
        self.objects[key] = body
        return True

    def get(self, key: str) -> bytes:
        if key not in self.objects:
            raise NotFoundError(key)
        return self.objects[key]

    def keys(self, prefix: str, after: str | None, limit: int) -> Sequence[str]:
        return sorted(k for k in self.objects if k.startswith(prefix) and k > (after or ""))[:limit]

    def replace(self, key: str, body: bytes) -> None:
        self._keep(key)
        self.objects[key] = body

    def remove(self, key: str) -> None:
        self._keep(key)
        self.objects.pop(key, None)

    def drop_old_versions(self, prefix: str) -> None:
        self.old = [(key, body) for key, body in self.old if not key.startswith(prefix)]

    def _keep(self, key: str) -> None:
        if key in self.objects:
            self.old.append((key, self.objects[key]))

    def rows(self, prefix: str) -> list[dict[str, Any]]:
        """The JSON lines of all gzipped objects under a prefix."""
        packed = [self.objects[key] for key in self.keys(prefix, None, 10_000)]
        return [json.loads(line) for body in packed for line in gzip.decompress(body).splitlines()]


class FakeCatalogue:
    """Names by kind."""

    def __init__(self) -> None:
        self.known: dict[str, set[str]] = {}

    def add(self, kind: str, names: Iterable[str]) -> None:
        self.known.setdefault(kind, set()).update(names)

    def names(self, kind: str) -> frozenset[str]:
        return frozenset(self.known.get(kind, ()))


class FakeLakeReader:
    """Totals as told."""

    def totals(self, run: str) -> Mapping[str, int]:
        return {"clicked": 3, "opened": 5, "unsubscribed": 0}


class FakeQueries:
    """Queries that find whom they are told to, a page of two at a time."""

    def __init__(self, *users: str, page: int = 2) -> None:
        self.users = users
        self.asked: dict[str, str] = {}
        # How often a query is looked at before it is done, and why it fails then.
        self.patience = 0
        self.problem: str | None = None
        self._page = page

    def start(self, query: str, token: str) -> str:
        # Athena's own limits.
        assert 32 <= len(token) <= 128
        self.asked[token] = query
        return token

    def done(self, name: str) -> bool:
        assert name in self.asked
        if self.patience:
            self.patience -= 1
            return False
        if self.problem:
            raise DefinitionError(self.problem, field="sql")
        return True

    def page(self, name: str, start: str | None) -> tuple[Sequence[str], str | None]:
        assert name in self.asked
        position = int(start or 0)
        end = position + self._page
        return self.users[position:end], str(end) if end < len(self.users) else None


class FakeTraces:
    """Rows as told, by person."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, str]]] = {}

    def of_person(self, user_id: str, run: str, since: date) -> Sequence[Mapping[str, str]]:
        return self.rows.get(user_id, [])
