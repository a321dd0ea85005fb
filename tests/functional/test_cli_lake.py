"""`dangol lake views`: the statements, and how they are run."""

from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from cli.lake_views import VIEWS, make, statements, views
from cli.main import dangol
from dangol.domain.errors import DefinitionError
from tests.fakes import FakeQueries
from tests.shop_campaign import project


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = SimpleNamespace(need={"glue_database": "lake-1", "athena_workgroup": "dangol"}.__getitem__)
    found = SimpleNamespace(settings=settings, outputs={"ViewsDatabase": "views-1"})
    monkeypatch.setattr("cli.commands.lake.project_and_stack", lambda _: (project(), found))
    return found


def test_each_view_stands_by_itself_over_the_tables_of_the_lake():
    told = views("lake-1")

    assert tuple(told) == VIEWS
    for name, select in told.items():
        assert "$" not in select, name
        assert '"lake-1".' in select, name


def test_the_views_are_made_in_turn_until_all_are_done():
    queries, waited = FakeQueries(), list[float]()
    queries.patience = 3

    make(queries, "lake-1", waited.append)

    assert list(queries.asked.values()) == statements("lake-1")
    assert len(waited) == 3


def test_a_statement_that_athena_refuses_is_told():
    queries = FakeQueries()
    queries.problem = "Athena: no rights"

    with pytest.raises(DefinitionError, match="no rights"):
        make(queries, "lake-1", lambda _: None)


def test_the_sql_is_printed_where_it_is_asked_for(stack):
    told = CliRunner().invoke(dangol, ["lake", "views", "--sql"])

    assert told.exit_code == 0, told.output
    assert told.stdout == ";\n\n".join(statements("lake-1")) + ";\n"


def test_the_views_are_made_in_their_database(stack, monkeypatch):
    queries, where = FakeQueries(), dict[str, Any]()
    stack.client = {"athena": "the client"}.__getitem__

    def connected(client: Any, **named: Any) -> FakeQueries:
        where.update(named, client=client)
        return queries

    monkeypatch.setattr("cli.commands.lake.AthenaQueries", connected)

    told = CliRunner().invoke(dangol, ["lake", "views"])

    assert told.exit_code == 0, told.output
    assert where == {"client": "the client", "database": "views-1", "workgroup": "dangol"}
    assert len(queries.asked) == len(VIEWS)
    assert "views-1" in told.stdout


def test_the_local_cloud_which_keeps_no_views_is_refused(stack):
    told = CliRunner().invoke(dangol, ["--local", "lake", "views"])

    assert told.exit_code == 2
    assert "--sql" in told.output
