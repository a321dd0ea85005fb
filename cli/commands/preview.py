"""Show one person's message as the channel would send it."""

from typing import Any

import click
from rich.console import Console

from cli.applying import link_base
from cli.connecting import campaign_named, project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.previewing import Previewed, preview


@click.command(
    epilog=examples("dangol preview course-launch --user u-00123", "dangol preview a.yaml --user 7 --variant B")
)
@click.argument("campaign")
@click.option("--user", "user_id", required=True, metavar="ID", help="For whom.")
@click.option("--variant", metavar="NAME", help="This variant instead of the person's own.")
@json_option
@pass_invocation
def command(invocation: Invocation, campaign: str, user_id: str, variant: str | None, *, as_json: bool) -> None:
    """Render CAMPAIGN (its id or its file) for one person."""
    project, stack = project_and_stack(invocation)
    loaded = campaign_named(invocation, campaign, project)
    asked = Previewed(loaded.id, loaded.campaign, project, user_id, variant)
    shown = preview(stack, asked, link_base(stack, project))
    emit(as_json, shown, lambda console: _render(console, shown))


def _render(console: Console, shown: dict[str, Any]) -> None:
    for name in ("channel", "variant", "from", "to", "subject"):
        console.print(f"{name:8} {shown[name]}")
    if "title" in shown:
        console.print(f"{'title':8} {shown['title']}\n{'link':8} {shown['link']}")
    if "kind" in shown:
        console.print(f"{'kind':8} {shown['kind'].upper()}, {shown['bytes']:,} bytes")
    if shown["held_out"]:
        console.print("(held out: this person would get nothing)", style="yellow")
    for name, value in shown["headers"].items():
        console.print(f"{name}: {value}")
    console.print(f"\n{shown['text']}")
