"""End a run: whoever is not handed over yet is skipped."""

import click

from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.steering import steer


@click.command(epilog=examples("dangol cancel course-launch"))
@click.argument("run")
@json_option
@pass_invocation
def command(invocation: Invocation, run: str, *, as_json: bool) -> None:
    """Cancel RUN: its name, or a campaign's for its latest. It cannot be resumed."""
    steer(invocation, run, lambda controller, item: controller.cancel(item), as_json=as_json)
