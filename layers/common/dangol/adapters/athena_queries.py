"""Audiences that Athena finds in the lake."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from dangol.domain.errors import DefinitionError

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_RUNNING: Final = frozenset({"QUEUED", "RUNNING"})
_PAGE: Final = 1_000


class AthenaQueries:
    """Queries over the lake's Glue tables through one workgroup."""

    def __init__(self, client: "AthenaClient", *, database: str, workgroup: str) -> None:
        self._client = client
        self._database = database
        self._workgroup = workgroup

    def start(self, query: str, token: str) -> str:
        """Begin a query, once for each `token` of 32 to 128 characters; the query's name."""
        started = self._client.start_query_execution(
            QueryString=query,
            ClientRequestToken=token,
            QueryExecutionContext={"Database": self._database},
            WorkGroup=self._workgroup,
        )
        return started["QueryExecutionId"]

    def done(self, name: str) -> bool:
        """Whether a query is done.

        Raises:
            DefinitionError: it failed.
        """
        status = self._client.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]
        if status["State"] in _RUNNING:
            return False
        if status["State"] != "SUCCEEDED":
            raise DefinitionError(f"Athena: {status.get('StateChangeReason', status['State'])}", field="sql")
        return True

    def page(self, name: str, start: str | None) -> tuple[Sequence[str], str | None]:
        """The first column of a page of results, and where the next one begins; None at the end."""
        more: dict[str, Any] = {"NextToken": start} if start else {}
        told = self._client.get_query_results(QueryExecutionId=name, MaxResults=_PAGE, **more)
        # The first page begins with the names of the columns.
        rows = told["ResultSet"]["Rows"][0 if start else 1 :]
        return [row["Data"][0].get("VarCharValue", "") for row in rows], told.get("NextToken")
