"""Start, stop, look at or empty the local cloud."""

from typing import Any

import click

from cli.definitions import load_project
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.local_cloud import LocalCloud
from cli.output import emit
from cli.stack import local_endpoint


@click.group(epilog=examples("dangol local up", "dangol local status", "dangol local reset", "dangol local down"))
def command() -> None:
    """The whole stack on this machine: no Docker, no AWS account."""


def _cloud(invocation: Invocation, **options: Any) -> LocalCloud:  # noqa: ANN401 - the cloud's own options
    project = load_project(invocation.folder)
    return LocalCloud(invocation.folder.resolve(), invocation.stack or project.stack, **options)


@command.command("up", epilog=examples("dangol local up"))
@click.option("--timeouts", type=click.Choice(["normal", "short"]), default="normal", help="short is for tests.")
@json_option
@pass_invocation
def up(invocation: Invocation, timeouts: str, *, as_json: bool) -> None:
    """Start it and deploy the stack, as far as that is not so already."""
    cloud = _cloud(invocation, timeouts=timeouts)
    stack = cloud.up(lambda line: click.echo(f"· {line}", err=True))
    told = {"running": True, "endpoint": local_endpoint(), "stack": stack.name, "api_url": stack.api_url}
    emit(as_json, told, lambda console: console.print(f"{stack.name} is up: {stack.api_url}"))


@command.command("down", epilog=examples("dangol local down"))
@json_option
@pass_invocation
def down(invocation: Invocation, *, as_json: bool) -> None:
    """Stop it; what it held is gone."""
    stopped = _cloud(invocation).down()
    emit(as_json, {"stopped": stopped}, lambda console: console.print("stopped" if stopped else "nothing is running"))


@command.command("status", epilog=examples("dangol local status"))
@json_option
@pass_invocation
def status(invocation: Invocation, *, as_json: bool) -> None:
    """Say whether it runs."""
    state = _cloud(invocation).state()
    told = {"running": state is not None, "endpoint": local_endpoint(), "pid": state["pid"] if state else None}
    line = f"runs at {told['endpoint']} (process {told['pid']})" if state else "does not run: dangol local up"
    emit(as_json, told, lambda console: console.print(line))


@command.command("reset", epilog=examples("dangol local reset"))
@json_option
@pass_invocation
def reset(invocation: Invocation, *, as_json: bool) -> None:
    """Empty its people, runs and lake, and keep the stack."""
    _cloud(invocation).reset()
    emit(as_json, {"reset": True}, lambda console: console.print("empty"))
