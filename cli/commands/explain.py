"""Show how a segment is found, and what that costs."""

import json
from typing import Any

import click
from rich.console import Console

from cli.connecting import moment, project_and_stack
from cli.definitions import load_segment
from cli.explaining import explain
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit, table
from cli.words import Words, words


@click.command(
    epilog=examples(
        "dangol explain dormant",
        "dangol explain segments/dev-interested.yaml --json",
        'dangol explain "{did: purchase, within: 30d}" --at 2026-12-01T10:00',
    )
)
@click.argument("segment")
@click.option("--at", "at", metavar="TIME", help="Ask as of this time instead of now: 2026-12-01T10:00.")
@json_option
@pass_invocation
def command(invocation: Invocation, segment: str, at: str | None, *, as_json: bool) -> None:
    """Show what DynamoDB filters SEGMENT by, what Python checks after that, and what a scan of it reads and costs.

    SEGMENT is a name, a file, or conditions as YAML. Nothing is read but the size of the table.
    """
    project, stack = project_and_stack(invocation)
    asked = load_segment(segment, project, invocation.folder)
    explained = explain(stack, asked, project, moment(at, project) if at else stack.clock.now())
    emit(as_json, explained, lambda console: render(console, explained, words(project.locale)))


def render(console: Console, explained: dict[str, Any], say: Words) -> None:
    """Print it for people."""
    console.print(explained["segment"], style="bold")
    console.print(f"{say['filter']}: {explained['filter'] or say['no_filter']}")
    rows = [(name, str(held)) for name, held in explained["names"].items()]
    rows += [(name, json.dumps(held, ensure_ascii=False)) for name, held in explained["values"].items()]
    if rows:
        table(console, (say["placeholder"], say["stands_for"]), rows)
    left = [json.dumps(condition, ensure_ascii=False) for condition in explained["residual"]]
    console.print(f"{say['residual']}: {'; '.join(left) or say['nothing_left']}")
    console.print(f"{say['columns']}: {', '.join(explained['columns'])}")
    cost = explained["cost_usd"]
    console.print(f"{say['read_units']}: {explained['read_units']:,}" + ("" if cost is None else f" (${cost:.6f})"))
