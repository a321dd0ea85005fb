"""Whom a segment may mean, in pages: by a scan of the people, or by a query over the lake."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final
from uuid import uuid4

from cli.stack import Stack
from dangol.domain.profile import Profile
from dangol.domain.querying import asks_for_profiles
from dangol.domain.sieve import OPEN, Columns
from dangol.pipeline.querying import Querier
from dangol.ports import Page, Search

_PAUSE: Final = 0.25
_EVERYBODY: Final = Search(OPEN, Columns(whole=True))
# A table in few files is read faster.
_KEPT: Final = 10_000


def found_by(stack: Stack, sql: str, at: datetime) -> Iterator[Page]:
    """Whom a query finds as of `at`, as certain people; `scanned` counts those it found whom nobody knows, too.

    Raises:
        DefinitionError: the query fails.
    """
    name = f"count-{uuid4().hex}"
    querier = Querier(stack.queries, stack.profiles, stack.objects)
    if asks_for_profiles(sql):
        _keep(stack, querier, name)
    while not querier.ready(name, sql, at):
        # Athena has no way to tell that it is done.
        stack.clock.wait_until(stack.clock.seconds() + _PAUSE)
    for people, number, last in querier.pages(name, None):
        yield Page([(profile, True) for profile in people], number, last)


def _keep(stack: Stack, querier: Querier, name: str) -> None:
    kept: list[Profile] = []
    part = 0
    for page in stack.profiles.scan(0, 1, None, _EVERYBODY):
        kept += [profile for profile, _ in page.people]
        if len(kept) >= _KEPT or page.last is None:
            querier.keep(name, f"{part:05d}", kept)
            kept, part = [], part + 1
