"""Report on a run: what it came to, against its goal."""

import click

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.report_view import render_report
from cli.words import words
from dangol import bootstrap


@click.command(epilog=examples("dangol report course-launch", "dangol report course-launch --json"))
@click.argument("run")
@json_option
@pass_invocation
def command(invocation: Invocation, run: str, *, as_json: bool) -> None:
    """Report on RUN: its name, or a campaign's for its latest."""
    project, stack = project_and_stack(invocation)
    report = bootstrap.build_reporter(stack.settings).report(run)
    emit(as_json, report, lambda console: render_report(console, report, words(project.locale)))
