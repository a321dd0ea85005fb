"""Send one message of a campaign to an address of your own; it counts nowhere."""

from typing import Any

import click
from rich.console import Console

from cli.connecting import campaign_named, project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.previewing import Previewed
from cli.testing import NOBODY, send_test
from cli.words import Words, words
from dangol.domain.errors import DangolError


@click.command(
    epilog=examples(
        "dangol send-test course-launch --to me@shop.example",
        "dangol send-test today --to 010-1234-5678 --user u-00123 --variant B",
    )
)
@click.argument("campaign")
@click.option("--to", required=True, metavar="ADDRESS", help="Where to; no consent is asked for.")
@click.option("--user", "user_id", metavar="ID", default=NOBODY, help="As for this person; default: without traits.")
@click.option("--variant", metavar="NAME", help="This variant instead of the person's own.")
@json_option
@pass_invocation
def command(
    invocation: Invocation, campaign: str, to: str, user_id: str, variant: str | None, *, as_json: bool
) -> None:
    """Send CAMPAIGN (its id or its file, applied or not) to ADDRESS as a test."""
    project, stack = project_and_stack(invocation)
    loaded = campaign_named(invocation, campaign, project)
    told = send_test(stack, Previewed(loaded.id, loaded.campaign, project, user_id, variant, loaded.pictures), to)
    say = words(project.locale)
    emit(as_json, told, lambda console: _render(console, told, say))
    if told["outcome"] != "sent":
        raise DangolError(f"{loaded.id}: {told['outcome']}: {told['reason']}")


def _render(console: Console, told: dict[str, Any], say: Words) -> None:
    answer = told["provider_id"] or say[told["reason"]]
    console.print(f"{say[told['outcome']]}  {told['to']}  {told['provider']}: {answer}")
