"""Start a campaign now, by the same door as its schedule."""

from typing import Any

import click

from cli.connecting import moment, project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.running import follow, start
from cli.status_view import render_status, watching
from cli.words import words
from dangol.domain.errors import DangolError


@click.command(epilog=examples("dangol run course-launch --wait", "dangol run course-launch --at 2026-12-01T10:00"))
@click.argument("campaign")
@click.option("--at", "at", metavar="TIME", help="Start then instead of now.")
@click.option("--wait", is_flag=True, help="Wait until everybody has been decided.")
@json_option
@pass_invocation
def command(invocation: Invocation, campaign: str, at: str | None, *, wait: bool, as_json: bool) -> None:
    """Start CAMPAIGN, which must have been applied."""
    project, stack = project_and_stack(invocation)
    say = words(project.locale)
    started = start(stack, campaign, moment(at, project) if at else None)
    status: dict[str, Any] = started
    if wait and started["state"] == "running":
        with watching(say, quiet=as_json) as progress:
            status = follow(stack, started["run"], progress)
    emit(as_json, status, lambda console: render_status(console, status, say))
    if status["state"] == "cancelled":
        raise DangolError(f"{started['run']}: {say[status['stopped_because']]}")
