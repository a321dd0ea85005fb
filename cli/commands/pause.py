"""Stop a run from handing anybody over; dangol resume lets it go on."""

import click

from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.steering import steer


@click.command(epilog=examples("dangol pause course-launch", "dangol pause course-launch-20261201T010000Z --json"))
@click.argument("run")
@json_option
@pass_invocation
def command(invocation: Invocation, run: str, *, as_json: bool) -> None:
    """Pause RUN: its name, or a campaign's for its latest. Takes effect within five seconds."""
    steer(invocation, run, lambda controller, item: controller.pause(item), as_json=as_json)
