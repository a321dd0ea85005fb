"""Where YAML sees a comment in a text, told without parsing it: a text that does not parse is scanned too."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_HEADER: Final = re.compile(r"[|>](?P<first>[0-9+-])?(?P<second>[0-9+-])?(?=\s|$)")
_DASHES: Final = re.compile(r"\s*(?:[-?]\s+)*")
_DOUBLE_QUOTED: Final = re.compile(r'(?:[^"\\]|\\.)*"')
_SINGLE_QUOTED: Final = re.compile(r"(?:[^']|'')*'(?!')")
_QUOTED: Final = {'"': _DOUBLE_QUOTED, "'": _SINGLE_QUOTED}


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on line `line` (from 1), beginning at `column` (from 0)."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Tab:
    """A line that a tab indents."""

    line: int


@dataclass(slots=True)
class _Block:
    """A block scalar (`|`): everything indented deeper than `parent`, from `content` on once that is known."""

    parent: int
    content: int | None

    def holds(self, line: str) -> bool:
        indent = len(line) - len(line.lstrip(" "))
        if not line.strip():
            return True
        if self.content is None and indent > self.parent:
            self.content = indent
        return self.content is not None and indent >= self.content


class Scanner:
    """Reads a text line by line and finds the comments and tabs that lie outside its copy."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")
        self._block: _Block | None = None
        self._quote: str | None = None
        self._depth = 0

    def findings(self) -> Iterator[Comment | Tab]:
        """Every comment and every tab that indents, in the order of the text."""
        for number, line in enumerate(self._lines, start=1):
            if self._block and self._block.holds(line):
                continue
            self._block = None
            if not self._quote and _indented_by_tab(line):
                yield Tab(number)
            column = self._comment(line)
            if column is not None:
                yield Comment(number, column)

    def _comment(self, line: str) -> int | None:
        """Walk a line and return where its comment begins; note what it leaves open."""
        at, fresh = self._behind_quote(line, 0) if self._quote else 0, not self._quote
        while at < len(line):
            char = line[at]
            if char == "#" and (at == 0 or line[at - 1] in " \t"):
                return at
            if fresh and char in _QUOTED:
                self._quote = char
                at, fresh = self._behind_quote(line, at + 1), False
            elif fresh and not self._depth and (header := _HEADER.match(line, at)):
                self._block = _opened(line, at, header)
                at, fresh = header.end(), False
            else:
                fresh = self._begins_token(line, at, fresh=fresh)
                at += 1
        return None

    def _behind_quote(self, line: str, at: int) -> int:
        match = _QUOTED[self._quote or '"'].match(line, at)
        if match is None:
            return len(line)
        self._quote = None
        return match.end()

    def _begins_token(self, line: str, at: int, *, fresh: bool) -> bool:
        """Say whether a value may begin right behind the character at `at`."""
        char, ends = line[at], line[at + 1 : at + 2] in ("", " ", "\t")
        if fresh and char in "[{":
            self._depth += 1
        elif self._depth and char in "]}":
            self._depth -= 1
            return False
        elif (char == ":" and ends) or (self._depth and char == ","):
            return True
        return fresh and (char in " \t[{" or (char in "-?" and ends))


def _indented_by_tab(line: str) -> bool:
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return "\t" in indent and len(indent) < len(line)


def _opened(line: str, at: int, header: re.Match[str]) -> _Block:
    prefix = _DASHES.match(line)
    key = prefix.end() if prefix else 0
    # `- |` hangs from the dash, `- text: |` from the key.
    parent = key if key < at else max(line.rfind("-", 0, at), -1)
    stated = [int(mark) for mark in header.groups() if mark and mark.isdigit()]
    return _Block(parent, parent + stated[0] if stated else None)
