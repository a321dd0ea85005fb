"""Show everything that is held of a person."""

import click

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.person_view import render_person
from cli.words import words
from dangol import bootstrap
from dangol.domain.errors import NotFoundError


@click.command(epilog=examples("dangol export u-00123", "dangol export u-00123 --json > u-00123.json"))
@click.argument("user")
@json_option
@pass_invocation
def command(invocation: Invocation, user: str, *, as_json: bool) -> None:
    """Show everything held of USER: profile, ledger, outcomes and rows of the lake. Every file of the lake is read."""
    project, stack = project_and_stack(invocation)
    told = bootstrap.build_person_keeper(stack.settings).export(user)
    if not told["found"]:
        raise NotFoundError(f"nothing is held of {user}")
    emit(as_json, told, lambda console: render_person(console, told, words(project.locale)))
