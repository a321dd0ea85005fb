"""Questions to the lake, by Athena."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from dangol.domain.errors import UnavailableError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionStatusTypeDef

# Every event once, however often it was delivered.
_TOTALS: Final = (
    "SELECT kind, COUNT(DISTINCT id) AS times FROM engagement WHERE run = '{run}' AND kind IN {kinds} GROUP BY kind"
)
# `DISTINCT` for the same reason. Of times the number is asked: some engines read ISO text as a time of their own.
_TRACES: Final = """
SELECT DISTINCT at_ms, 'decided' AS kind, outcome, '' AS verdict, CAST(reason AS VARCHAR) AS reason, channel, '' AS id
FROM decisions
WHERE dt >= '{since}' AND run = '{run}' AND user_id = '{user}'
UNION ALL
SELECT DISTINCT at_ms, kind, '' AS outcome, verdict, CAST(reason AS VARCHAR) AS reason, '' AS channel, id
FROM engagement
WHERE dt >= '{since}' AND run = '{run}' AND user_id = '{user}'
ORDER BY 1"""
_TRACE: Final = ("kind", "outcome", "verdict", "reason", "channel")
_RUNNING: Final = frozenset({"QUEUED", "RUNNING"})
_PAUSE: Final = 0.25
_PATIENCE: Final = 240


class AthenaLake:
    """The lake's Glue tables through one workgroup; `wait` pauses between two looks, in seconds."""

    def __init__(self, client: "AthenaClient", *, database: str, workgroup: str, wait: Callable[[float], None]) -> None:
        self._client = client
        self._database = database
        self._workgroup = workgroup
        self._wait = wait

    def totals(self, run: str) -> Mapping[str, int]:
        """How many clicks, opens and opt-outs there were in all, each event once.

        Raises:
            UnavailableError: Athena did not answer.
        """
        rows = self._ask(_TOTALS.format(run=_quoted(run), kinds=("clicked", "opened", "unsubscribed")))
        return {"clicked": 0, "opened": 0, "unsubscribed": 0, **{kind: int(times) for kind, times in rows}}

    def of_person(self, user_id: str, run: str, since: date) -> Sequence[Mapping[str, str]]:
        """What was decided about a person in a run and what they did, the oldest first, each once.

        Raises:
            UnavailableError: Athena did not answer.
        """
        rows = self._ask(_TRACES.format(since=since.isoformat(), run=_quoted(run), user=_quoted(user_id)))
        return [
            {"at": _iso(int(row[0])), **{name: cell for name, cell in zip(_TRACE, row[1:], strict=False) if cell}}
            for row in rows
        ]

    def _ask(self, query: str) -> list[list[str]]:
        started = self._client.start_query_execution(
            QueryString=query,
            QueryExecutionContext={"Database": self._database},
            WorkGroup=self._workgroup,
        )
        name = started["QueryExecutionId"]
        status = self._status(name)
        for _ in range(_PATIENCE):
            if status["State"] not in _RUNNING:
                break
            self._wait(_PAUSE)
            status = self._status(name)
        if status["State"] != "SUCCEEDED":
            raise UnavailableError(f"Athena: {status.get('StateChangeReason', status['State'])}")
        rows = self._client.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
        return [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in rows[1:]]

    def _status(self, name: str) -> "QueryExecutionStatusTypeDef":
        return self._client.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]


def _iso(milliseconds: int) -> str:
    """The time as the lake's rows write it."""
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC).isoformat(timespec="milliseconds")


def _quoted(text: str) -> str:
    """Text as it stands between quotes in a query: a quote inside is written twice, and nothing else has a meaning."""
    return text.replace("'", "''")
