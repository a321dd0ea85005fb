"""An audience said in SQL: the people as a table of the lake, and the query over it, page by page."""

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import orjson

from dangol.domain.errors import NotFoundError
from dangol.domain.profile import Profile
from dangol.domain.querying import SNAPSHOTS, audience_query
from dangol.ports import Objects, Profiles, Queries

PEOPLE_AT_ONCE: Final = 100


class Querier:
    """Asks the lake once for each run, whoever asks and however often."""

    def __init__(self, queries: Queries, profiles: Profiles, objects: Objects) -> None:
        self._queries = queries
        self._profiles = profiles
        self._objects = objects

    def keep(self, run: str, part: str, people: Iterable[Profile]) -> None:
        """Write people as a part of what the run's query knows as `profiles`; a part that is there stays."""
        lines = b"".join(map(_line, people))
        if lines:
            key = f"{SNAPSHOTS}/run={run}/{part}.json.gz"
            self._objects.put_once(key, gzip.compress(lines, compresslevel=4, mtime=0))

    def ready(self, run: str, sql: str, at: datetime) -> bool:
        """Whether the run's query, which begins with the first look, is done.

        Raises:
            DefinitionError: it failed.
        """
        return self._queries.done(self._name(run, sql, at))

    def pages(self, run: str, start: str | None) -> Iterator[tuple[Sequence[Profile], int, str | None]]:
        """Whom the query found and we know, how many there were, and where the next page begins; None at the end.

        Call it once the query is `ready`.
        """
        name, more = self._objects.get(_key(run)).decode(), True
        while more:
            users, start = self._queries.page(name, start)
            more = start is not None
            yield list(self._known(users)), len(users), start

    def _name(self, run: str, sql: str, at: datetime) -> str:
        key = _key(run)
        try:
            return self._objects.get(key).decode()
        except NotFoundError:
            query = audience_query(sql, run, at)
            started = self._queries.start(query, hashlib.sha256(f"{run}\n{query}".encode()).hexdigest())
            # Of two that begin at the same time, one query counts.
            return started if self._objects.put_once(key, started.encode()) else self._objects.get(key).decode()

    def _known(self, users: Sequence[str]) -> Iterator[Profile]:
        for position in range(0, len(users), PEOPLE_AT_ONCE):
            some = users[position : position + PEOPLE_AT_ONCE]
            found = self._profiles.get_many(some)
            yield from (found[user] for user in some if found[user].rev)


def _key(run: str) -> str:
    return f"runs/{run}/query"


def _line(profile: Profile) -> bytes:
    told = {
        "user_id": profile.user_id,
        "traits": orjson.dumps(profile.traits).decode(),
        "consents": orjson.dumps(profile.consents).decode(),
        "lists": orjson.dumps(profile.lists).decode(),
    }
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)
