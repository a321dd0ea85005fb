"""Send a dead-letter queue's messages back to their queue, to be tried again."""

import click
from rich.console import Console
from rich.progress import Progress

from cli.connecting import project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.redriving import QUEUES, dead_letters, redrive
from cli.words import words


@click.command(epilog=examples("dangol redrive send", "dangol redrive event --most 100 --json"))
@click.argument("queue", type=click.Choice(list(QUEUES)))
@click.option("--most", metavar="N", type=click.IntRange(min=1), help="Move at most so many; default: all there are.")
@json_option
@pass_invocation
def command(invocation: Invocation, queue: str, most: int | None, *, as_json: bool) -> None:
    """Try again what failed in QUEUE. Nothing is done twice, and nothing is lost where this is interrupted."""
    project, stack = project_and_stack(invocation)
    say = words(project.locale)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task(queue, total=None)
        told = redrive(
            dead_letters(stack, queue), most, lambda moved, wanted: bar.update(task, total=wanted, completed=moved)
        )
    payload = {"queue": queue, **told}
    emit(as_json, payload, lambda output: output.print(say["redriven"].format(**payload)))
