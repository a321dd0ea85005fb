"""Erase a person; only hashes stay, so that nothing brings them back."""

import click

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.words import words
from dangol import bootstrap
from dangol.domain.errors import InputError


@click.command(epilog=examples("dangol forget u-00123", "dangol forget u-00123 --yes --json"))
@click.argument("user")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@pass_invocation
def command(invocation: Invocation, user: str, *, yes: bool, as_json: bool) -> None:
    """Erase USER from the tables and the lake, for good. Interrupted, it is simply run again."""
    project, stack = project_and_stack(invocation)
    say = words(project.locale)
    if not yes:
        if as_json:
            raise InputError("nobody can be asked with --json: add --yes", field="--yes")
        click.confirm(say["forget_sure"].format(user=user, stack=stack.name), abort=True)
    told = bootstrap.build_person_keeper(stack.settings).forget(user)
    emit(as_json, told, lambda console: console.print(say["forgotten"].format(**told)))
