"""What every command is told on the command line before its own name, and options that all share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Invocation:
    """The global options: which stack, where, and the project's folder."""

    folder: Path = Path()
    stack: str | None = None
    local: bool = False


pass_invocation: Final = click.make_pass_decorator(Invocation, ensure=True)


def json_option(command: _Command) -> _Command:
    """Add `--json` to a command, which gets it as `as_json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(command)


def examples(*lines: str) -> str:
    """The end of a command's help: how it is used."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)
