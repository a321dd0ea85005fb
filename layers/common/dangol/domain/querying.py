"""An audience said in SQL: what may be asked, and the query that comes of it."""

import re
from datetime import UTC, datetime
from typing import Final

# Strings, quoted names and comments as wholes; of what is never closed, its opening alone.
_TOKEN: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|/\*|\w+|\S", re.DOTALL)
_UNCLOSED: Final = frozenset({"'", '"', "/*"})
_BEGINNINGS: Final = frozenset({"select", "with"})
# The table that people's SQL calls `profiles` is one run's snapshot of this one.
SNAPSHOTS: Final = "profile_snapshots"
_DEPTH: Final = {"(": 1, ")": -1}
_MAX: Final = 100_000
# The statement ends a line of its own, since it may end in a comment.
_QUERY: Final = """\
WITH run AS (SELECT '{at}' AS scheduled_at, CAST({ms} AS bigint) AS scheduled_ms),
profiles AS (SELECT user_id, traits, consents, lists FROM {table} WHERE run = '{run}')
SELECT DISTINCT CAST(user_id AS varchar) AS user_id FROM (
{sql}
) AS audience WHERE user_id IS NOT NULL"""


def one_select(sql: str) -> str:
    """The statement without its closing semicolon.

    Raises:
        ValueError: it is not a single SELECT.
    """
    found = _matches(sql)
    if found and found[-1][0] == ";":
        sql = sql[: found.pop().start()]
    tokens = [match[0] for match in found]
    if not tokens or tokens[0].lower() not in _BEGINNINGS:
        raise ValueError("is not a query; write select user_id from …, or with … select user_id from …")
    if ";" in tokens:
        raise ValueError("is more than one statement; write a single select")
    if _UNCLOSED & {*tokens} or not _balanced(tokens):
        raise ValueError("has a quote, a comment or a bracket that does not match; close each that is opened")
    if len(sql) > _MAX:
        raise ValueError(f"is longer than {_MAX:,} characters; Athena takes no more")
    return sql


def asks_for_profiles(sql: str) -> bool:
    """Whether the statement names the table `profiles`, so that a snapshot of the people is needed."""
    return any(match[0].strip('"').lower() == "profiles" for match in _matches(sql))


def audience_query(sql: str, run: str, at: datetime) -> str:
    """What Athena is asked: each person once; `profiles` are this run's, and `run` has one row, for when it asks."""
    told = {"at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000+00:00}", "ms": int(at.timestamp() * 1000)}
    return _QUERY.format(**told, table=SNAPSHOTS, run=run.replace("'", "''"), sql=sql)


def _matches(sql: str) -> list[re.Match[str]]:
    """The words of a statement, its comments left out."""
    found = _TOKEN.finditer(sql)
    return [match for match in found if not match[0].startswith(("--", "/*")) or match[0] in _UNCLOSED]


def _balanced(tokens: list[str]) -> bool:
    depth = 0
    for token in tokens:
        depth += _DEPTH.get(token, 0)
        if depth < 0:
            return False
    return depth == 0
