"""Show why a person did, or did not, get a campaign."""

import click

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.why_view import render_why
from cli.words import words
from dangol import bootstrap


@click.command(
    epilog=examples(
        "dangol why u-00123 course-launch",
        "dangol why u-00123 course-launch --run course-launch-20261201T010000Z --json",
    )
)
@click.argument("user")
@click.argument("campaign")
@click.option("--run", metavar="RUN", help="Which run; default: the campaign's latest.")
@json_option
@pass_invocation
def command(invocation: Invocation, user: str, campaign: str, run: str | None, *, as_json: bool) -> None:
    """Show what became of USER in CAMPAIGN, why, and what led there."""
    project, stack = project_and_stack(invocation)
    told = bootstrap.build_inquiry(stack.settings).why(user, campaign, run)
    emit(as_json, told, lambda console: render_why(console, told, words(project.locale), project.zone))
