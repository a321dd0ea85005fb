"""Show, rotate and retire the keys that sign links and take in events."""

from datetime import UTC, datetime
from typing import Any

import click

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.keys import listed, push_key, retire, rotate_link_key, rotate_write_key, write_key
from cli.output import emit, table
from cli.words import words
from dangol.domain.errors import InputError


@click.group(epilog=examples("dangol keys list", "dangol keys rotate", "dangol keys rotate write --source app"))
def command() -> None:
    """A new key is used from then on; an old one stays good until it is retired."""


@command.command("list", epilog=examples("dangol keys list"))
@json_option
@pass_invocation
def list_command(invocation: Invocation, *, as_json: bool) -> None:
    """Show which keys there are, never the keys themselves."""
    _, stack = project_and_stack(invocation)
    keys = [{**key, "since": _moment(key["since"])} for key in listed(stack.parameters)]
    rows = [(key["id"], key["use"], "*" if key["current"] else "", key["since"]) for key in keys]
    emit(as_json, {"keys": keys}, lambda console: table(console, ("ID", "use", "current", "since"), rows))


@command.command("show", epilog=examples("dangol keys show app"))
@click.argument("source")
@json_option
@pass_invocation
def show_command(invocation: Invocation, source: str, *, as_json: bool) -> None:
    """Print the current write key of SOURCE, for the app that sends with it."""
    _, stack = project_and_stack(invocation)
    key = write_key(stack.parameters, source)
    emit(as_json, {"source": source, "key": key}, lambda console: console.print(key))


@command.command("vapid", epilog=examples("dangol keys vapid"))
@json_option
@pass_invocation
def vapid_command(invocation: Invocation, *, as_json: bool) -> None:
    """Print the public key of web pushes, for `dangol.init({push: {vapidKey}})`."""
    _, stack = project_and_stack(invocation)
    key = push_key(stack.parameters)
    emit(as_json, {"key": key}, lambda console: console.print(key, soft_wrap=True))


@command.command("rotate", epilog=examples("dangol keys rotate", "dangol keys rotate write --source app"))
@click.argument("use", type=click.Choice(["link", "write"]), default="link")
@click.option("--source", metavar="NAME", help="Whose write key; a new name gets its first one.")
@json_option
@pass_invocation
def rotate_command(invocation: Invocation, use: str, source: str | None, *, as_json: bool) -> None:
    """Make a new key: for links from two minutes on, for events of a source at once."""
    if (use == "write") is (source is None):
        problem = "a write key belongs to a source: add --source NAME" if use == "write" else "link keys have no source"
        raise InputError(problem, field="--source")
    project, stack = project_and_stack(invocation)
    now = int(stack.clock.now().timestamp())
    told = rotate_write_key(stack.parameters, source, now) if source else rotate_link_key(stack.parameters, now)
    payload = {**told, "current_from": _moment(told["current_from"])}
    emit(as_json, payload, lambda console: console.print(words(project.locale)["rotated"].format(**payload)))


@command.command("retire", epilog=examples("dangol keys retire 1", "dangol keys retire app/1 --yes"))
@click.argument("key_id", metavar="ID")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_invocation
def retire_command(invocation: Invocation, key_id: str, *, yes: bool, as_json: bool) -> None:
    """Refuse what comes with the key ID: links signed with it lead nowhere, opt-out links too."""
    project, stack = project_and_stack(invocation)
    say = words(project.locale)
    if not yes:
        if as_json:
            raise InputError("nobody can be asked with --json: add --yes", field="--yes")
        click.confirm(say["retire_sure"].format(id=key_id, stack=stack.name), abort=True)
    told = retire(stack.parameters, key_id)
    emit(as_json, told, lambda console: console.print(say["retired"].format(**told)))


def _moment(seconds: Any) -> str | None:  # noqa: ANN401 - seconds, or nothing known
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat() if seconds else None
