"""Show where a run stands; its states add up to the audience."""

import click

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.status_view import render_status
from cli.words import words
from dangol import bootstrap


@click.command(epilog=examples("dangol status course-launch", "dangol status course-launch-20261201T010000Z --json"))
@click.argument("run")
@json_option
@pass_invocation
def command(invocation: Invocation, run: str, *, as_json: bool) -> None:
    """Show RUN: its name, or a campaign's for its latest."""
    project, stack = project_and_stack(invocation)
    status = bootstrap.build_reporter(stack.settings).status(run)
    emit(as_json, status, lambda console: render_status(console, status, words(project.locale)))
