"""A run's status for people."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.words import Words

_SHOWN = ("sent", "held_out", "unknown", "pending")


def render_status(console: Console, status: dict[str, Any], say: Words) -> None:
    """Print a status, or what a start says where there is no status yet."""
    console.print(f"{status['run']}  {say[status['state']]}", style="bold")
    if "audience" not in status:
        return
    if status["stopped_because"]:
        console.print(say[status["stopped_because"]], style="yellow")
    console.print(f"{say['audience']:<10} {status['audience']:>9,}")
    for name in _SHOWN:
        console.print(f"{say[name]:<10} {status[name]:>9,}")
    for name in ("delivered", "bounced"):
        if status.get(name) is not None:
            console.print(f"{say[name]:<10} {status[name]:>9,}")
    for kind in ("skipped", "failed"):
        for reason, number in status[kind].items():
            console.print(f"{say[kind]:<10} {number:>9,}  {say[reason]}")


@contextmanager
def watching(say: Words, *, quiet: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A progress bar on stderr, where somebody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as bar:
        task = bar.add_task(say["running"], total=None)

        def show(status: dict[str, Any]) -> None:
            bar.update(task, total=status["audience"] or None, completed=status["audience"] - status["pending"])

        yield show
