"""What commands print: colour and tables on a terminal, plain text in a pipe, JSON where it is asked for."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

# In a pipe a line is a line, however long.
_PIPE_WIDTH: Final = 10_000


def console() -> Console:
    """Standard output, without rich's own ideas of what copy like `[신규 강의]` or `:smile:` means."""
    output = Console(markup=False, highlight=False, emoji=False)
    if not output.is_terminal:
        output.width = _PIPE_WIDTH
    return output


def emit(as_json: bool, payload: Mapping[str, Any], render: Callable[[Console], None]) -> None:
    """Print `payload` as JSON, or let `render` print it for people."""
    if as_json:
        click.echo(json.dumps(payload, ensure_ascii=False, default=_plain))
    else:
        render(console())


def table(
    output: Console, columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: int | None = None
) -> None:
    """Print rows under `columns`; those from the column `numbers` on stand to the right."""
    grid = Table(box=SIMPLE_HEAD if output.is_terminal else None, pad_edge=False, header_style="bold")
    for index, column in enumerate(columns):
        right = numbers is not None and index >= numbers
        grid.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in rows:
        grid.add_row(*(as_text(value) for value in row))
    output.print(grid)


def as_text(value: object) -> str:
    """Write a value for people: thousands apart, what is not known as a dash."""
    if value is None:
        return "-"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _plain(value: object) -> object:
    """What JSON does not know: times as ISO 8601, decimals as numbers."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if not isinstance(value, tuple) else list(value)
    return float(str(value))
