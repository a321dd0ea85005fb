"""Queue the clicks, opens and opt-outs that stood in the log because the queue was down."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TextColumn

from cli.connecting import moment, project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.replaying import file_lines, replay
from cli.stack import Stack
from cli.words import words
from dangol.adapters.logs import CloudWatchLog
from dangol.adapters.queues import SqsQueue
from dangol.domain.errors import InputError, NotFoundError
from dangol.pipeline.passing_on import NOT_QUEUED


@click.command(
    epilog=examples("dangol replay", "dangol replay --since 2026-12-01T10:00", "dangol replay --file log.txt")
)
@click.option("--since", metavar="TIME", help="Only what was logged from then on; default: all that is kept.")
@click.option(
    "--file",
    "file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A log that was exported, gzipped or not, instead of CloudWatch.",
)
@json_option
@pass_invocation
def command(invocation: Invocation, since: str | None, file: Path | None, *, as_json: bool) -> None:
    """Recover what could not be queued. Nothing counts twice, however often it is replayed."""
    if since and file:
        raise InputError("a file is read whole; leave out --since", field="--since")
    project, stack = project_and_stack(invocation)
    say = words(project.locale)
    lines = file_lines(file) if file else _log(stack).lines(NOT_QUEUED, moment(since, project) if since else None)
    queue = SqsQueue(stack.client("sqs"), stack.settings.event_queue_url)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed:,}"))
    with Progress(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task("replay", total=None)
        told = replay(lines, queue, lambda queued: bar.update(task, completed=queued))
    emit(as_json, told, lambda output: output.print(say["replayed"].format(**told)))
    if told["unreadable"]:
        raise click.exceptions.Exit(1)


def _log(stack: Stack) -> CloudWatchLog:
    if "TrackLogGroup" not in stack.outputs:
        raise NotFoundError(f"the stack {stack.name} does not say where its log is: sam deploy")
    return CloudWatchLog(stack.client("logs"), stack.outputs["TrackLogGroup"])
