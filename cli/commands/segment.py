"""Count the people a segment selects."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli.connecting import moment, project_and_stack
from cli.counting import Inquiry, count, size
from cli.definitions import load_segment
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit, table
from cli.words import Words, words
from dangol.domain.errors import InputError


@click.group(epilog=examples("dangol segment count dormant", "dangol --local segment count dev-interested --steps"))
def command() -> None:
    """Ask about segments."""


@command.command(
    "count",
    epilog=examples(
        "dangol segment count dormant",
        "dangol segment count segments/dev-interested.yaml --steps",
        'dangol segment count "{did: purchase, within: 30d}" --members buyers.txt',
    ),
)
@click.argument("segment")
@click.option("--at", "at", metavar="TIME", help="Ask as of this time instead of now: 2026-12-01T10:00.")
@click.option("--members", metavar="FILE", type=click.Path(path_type=Path), help="Write the user ids to a file.")
@click.option("--steps", "told", flag_value="steps", help="Show each branch alone, and what exclusions take.")
@click.option("--size", "told", flag_value="size", help="Only how many: inside DynamoDB where its filter tells all.")
@json_option
@pass_invocation
def count_command(
    invocation: Invocation,
    segment: str,
    at: str | None,
    members: Path | None,
    told: str | None,
    *,
    as_json: bool,
) -> None:
    """Count SEGMENT: a name, a file, or conditions as YAML. The size is exact."""
    if told == "size" and members:
        raise InputError("--size reads nobody; leave out --members", field="--size")
    steps = told == "steps"
    project, stack = project_and_stack(invocation)
    asked = load_segment(segment, project, invocation.folder)
    when = moment(at, project) if at else stack.clock.now()
    excluded = [e for e in project.always_exclude if e.name != asked.name] if steps else []
    inquiry = Inquiry(asked, excluded, project, when)
    with _writing(members) as write:
        counted = size(stack, inquiry) if told == "size" else count(stack, inquiry, write)
    if not steps:
        counted = {key: value for key, value in counted.items() if key not in ("steps", "excluded")}
    emit(as_json, counted, lambda console: _render(console, counted, words(project.locale)))


@contextmanager
def _writing(members: Path | None) -> Iterator[Callable[[str], Any] | None]:
    if members is None:
        yield None
        return
    with members.open("w", encoding="utf-8") as file:
        yield lambda user_id: file.write(f"{user_id}\n")


def _render(console: Console, counted: dict[str, Any], say: Words) -> None:
    console.print(f"{counted['segment']}: {say['people'].format(n=format(counted['count'], ','))}", style="bold")
    if counted["inexact"]:
        console.print(f"{say['inexact']}: {counted['inexact']:,}", style="yellow")
    if "steps" in counted:
        rows = [(s["step"], s["alone"], s["added"]) for s in counted["steps"]]
        table(console, (say["step"], say["alone"], say["added"]), rows, numbers=1)
        for excluded in counted["excluded"]:
            console.print(f"− {excluded['segment']}  {excluded['taken']:,}")
    if "reachable" in counted:
        table(console, (say["reachable"], ""), counted["reachable"].items(), numbers=1)
