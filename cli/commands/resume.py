"""Let a paused run go on with those who are left."""

import click

from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.steering import steer


@click.command(epilog=examples("dangol resume course-launch"))
@click.argument("run")
@json_option
@pass_invocation
def command(invocation: Invocation, run: str, *, as_json: bool) -> None:
    """Resume RUN: its name, or a campaign's for its latest. Nobody is sent to twice."""
    steer(invocation, run, lambda controller, item: controller.resume(item), as_json=as_json)
