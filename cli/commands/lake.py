"""Make the views of the lake, which a BI tool reads."""

import time
from typing import Any

import click

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.lake_views import VIEWS, make, statements
from cli.output import emit
from cli.words import words
from dangol.adapters.athena_queries import AthenaQueries
from dangol.domain.errors import InputError


@click.group(epilog=examples("dangol lake views"))
def command() -> None:
    """Look after the lake."""


@command.command("views", epilog=examples("dangol lake views", "dangol lake views --sql > views.sql"))
@click.option("--sql", "as_sql", is_flag=True, help="Print the statements instead of running them.")
@json_option
@pass_invocation
def views_command(invocation: Invocation, *, as_sql: bool, as_json: bool) -> None:
    """Make the views sends, engagement, conversions, funnel and daily, or make them anew after an upgrade."""
    project, stack = project_and_stack(invocation)
    tables = stack.settings.need("glue_database")
    database = stack.outputs["ViewsDatabase"]
    payload: dict[str, Any] = {"database": database, "views": list(VIEWS)}
    if as_sql:
        told = statements(tables)
        emit(as_json, {**payload, "sql": told}, lambda console: console.print(";\n\n".join(told) + ";"))
        return
    if invocation.local:
        raise InputError("the Athena of the local cloud keeps no views; --sql prints them", field="--local")
    workgroup = stack.settings.need("athena_workgroup")
    queries = AthenaQueries(stack.client("athena"), database=database, workgroup=workgroup)
    make(queries, tables, time.sleep)  # noqa: TID251 - Athena has no way to tell that it is done
    say = words(project.locale)
    emit(as_json, payload, lambda console: console.print(say["views_made"].format(names=", ".join(VIEWS), **payload)))
