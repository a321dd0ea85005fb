"""Import people or events from CSV, TSV or JSON lines, gzipped or not."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from cli.connecting import project_and_stack
from cli.importing import Origin, import_events, import_profiles, result_of
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.reading.columns import EventOptions, ProfileOptions, event_mapping, profile_mapping
from cli.reading.events import read_events
from cli.reading.profiles import read_profiles
from cli.reading.rejects import Rejects, accepted
from cli.reading.source import Source

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MAP = "Which column holds what: user_id=회원번호."


@click.group(
    epilog=examples(
        "dangol import profiles members.csv --map user_id=id --consent email=agreed:Y",
        "dangol import events orders.csv --map user_id=id --map time=ordered_at --event purchase --map value=amount",
    )
)
def command() -> None:
    """Import files; the same file twice adds nothing."""


@command.command(
    "profiles",
    epilog=examples(
        "dangol import profiles members.csv --map user_id=회원번호 --consent email=메일수신:Y --consented-at 동의일"
    ),
)
@click.argument("file", type=_FILE)
@click.option("--map", "maps", multiple=True, metavar="user_id=COLUMN", help=_MAP)
@click.option("--row-number", is_flag=True, help="The row's number is the user id.")
@click.option("--trait", "traits", multiple=True, metavar="NAME=COLUMN", help="Take this column; default: all others.")
@click.option("--consent", "consents", multiple=True, metavar="CHANNEL[=COLUMN:YES]", help="Who consented to what.")
@click.option("--consented-at", metavar="COLUMN", help="When consent was given.")
@click.option("--night", metavar="COLUMN[:YES]", help="Who consented to messages at night.")
@click.option("--source", "told", metavar="TEXT", help="Where the consents come from; default: the file's name.")
@click.option("--wording", default="", metavar="VERSION", help="Which wording was consented to; kept as evidence.")
@click.option("--ip", metavar="COLUMN", help="From which IP address; kept as evidence.")
@click.option("--time-format", default="iso", show_default=True, metavar="iso|unix|unix_ms|STRPTIME")
@click.option("--timezone", metavar="ZONE", help="Of times that name none; default: the project's.")
@click.option("--rejects", "rejects_path", type=click.Path(path_type=Path), metavar="PATH", help="Where bad rows go.")
@json_option
@pass_invocation
def profiles(invocation: Invocation, /, file: Path, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Import people with their traits and consents from FILE."""
    project, stack = project_and_stack(invocation)
    origin = Origin(options.pop("told") or file.name, options.pop("wording"))
    rejects_path = options.pop("rejects_path")
    zone = options.pop("timezone") or project.timezone
    mapping = profile_mapping(ProfileOptions(**options, timezone=zone))
    started = time.monotonic()
    with Source.at(file) as source, Rejects(file, rejects_path) as rejects, _bar(source, quiet=as_json) as bar:
        done = import_profiles(stack, accepted(read_profiles(source, mapping), rejects), origin, bar)
    result = result_of(done, rejects.count, str(rejects.path) if rejects.path else None, started)
    emit(as_json, result, lambda console: _render(console, result, source))


@command.command(
    "events",
    epilog=examples(
        "dangol import events orders.csv --map user_id=id --map time=ordered_at --event purchase --map value=amount",
        "dangol import events log.jsonl.gz --map user_id=user_id --map event=event --map time=time --map id=id",
    ),
)
@click.argument("file", type=_FILE)
@click.option("--map", "maps", multiple=True, metavar="TARGET=COLUMN", help="user_id, event, time, value, id.")
@click.option("--event", metavar="NAME", help="The event of every row, where no column says it.")
@click.option("--property", "properties", multiple=True, metavar="NAME=COLUMN", help="Take this column; default: all.")
@click.option("--time-format", default="iso", show_default=True, metavar="iso|unix|unix_ms|STRPTIME")
@click.option("--timezone", metavar="ZONE", help="Of times that name none; default: the project's.")
@click.option("--rejects", "rejects_path", type=click.Path(path_type=Path), metavar="PATH", help="Where bad rows go.")
@json_option
@pass_invocation
def events(invocation: Invocation, /, file: Path, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Import what people did from FILE; every profile is written once."""
    project, stack = project_and_stack(invocation)
    rejects_path, zone = options.pop("rejects_path"), options.pop("timezone") or project.timezone
    mapping = event_mapping(EventOptions(**options, timezone=zone))
    started = time.monotonic()
    with Source.at(file) as source, Rejects(file, rejects_path) as rejects, _bar(source, quiet=as_json) as bar:
        done = import_events(stack, accepted(read_events(source, mapping), rejects), file.name, bar)
    result = result_of(done, rejects.count, str(rejects.path) if rejects.path else None, started)
    emit(as_json, result, lambda console: _render(console, result, source))


def _render(console: Console, result: dict[str, Any], source: Source) -> None:
    told = f"{source.name} ({source.kind}, {source.encoding})"
    console.print(f"{told}: {result['accepted']:,} rows of {result['people']:,} people in {result['seconds']} s")
    if result["duplicates"]:
        console.print(f"{result['duplicates']:,} were known already and changed nothing")
    if result["rejected"]:
        console.print(f"{result['rejected']:,} rejected, with reasons: {result['rejects_file']}", style="yellow")


@contextmanager
def _bar(source: Source, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr, where somebody looks."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        task = progress.add_task(source.name, total=source.size)
        yield lambda rows: progress.update(task, completed=source.position, description=f"{source.name} {rows:,}")
