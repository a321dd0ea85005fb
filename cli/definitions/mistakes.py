"""What a YAML parser's error means to somebody who writes copy."""

import re
from textwrap import shorten
from typing import Final

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from cli.definitions.wording import quote

_VALUE: Final = re.compile(r"""^(?P<key>\s*(?:-\s+)*[^\s"'#:\[{][^"'#:]*:)\s+(?P<value>\S.*)$""")
_ITEM: Final = re.compile(r"^(?P<key>\s*-)\s+(?P<value>\S.*)$")
# How a value begins, or what it holds, where YAML reads a sign of its own instead of copy.
_LOOKS_LIKE_COPY: Final = re.compile(r"""^[\[{%*&!@`'">|]|:\s|\s#""")
_POSITION: Final = re.compile(r"position (\d+)")


def cause(error: MarkedYAMLError, lines: list[str], locale: str) -> tuple[int, str, str]:
    """The line to change, what is wrong with it, and what to write instead."""
    number = _line_of(error)
    line = lines[number - 1].strip() if number <= len(lines) else ""
    problem = f"YAML cannot read this line: {shorten(line, 100)}" if line else "YAML cannot read on from here"
    value = _copy_in(lines[number - 1]) if number <= len(lines) else None
    if value is None:
        return number, problem, str(error.problem or error.context or "").replace("\n", " ")
    return number, problem, quote(value, locale)


def line_of_character(error: YAMLError, source: str) -> int:
    """The line of a character that YAML does not allow."""
    position = _POSITION.search(str(error))
    return source.count("\n", 0, int(position[1])) + 1 if position else 1


def _line_of(error: MarkedYAMLError) -> int:
    # A quote that is never closed is noticed at the end of the file; the mistake is where it opens.
    unclosed = "quoted scalar" in str(error.context or "")
    mark = (error.context_mark if unclosed else None) or error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark else 1


def _copy_in(line: str) -> str | None:
    """The value on `line` that wants quotes, ready to stand between them; None where it is something else."""
    match = _VALUE.match(line) or _ITEM.match(line)
    if match is None or not _LOOKS_LIKE_COPY.search(match["value"]):
        return None
    return match["value"].strip().strip('"').replace("\\", "\\\\").replace('"', '\\"')
