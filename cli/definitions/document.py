"""A definition file as plain values that remember where in the file they stand."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cli.definitions.mistakes import cause, line_of_character
from cli.definitions.wording import quote
from cli.problems import Problem

Path = tuple[str | int, ...]
MAX_DEPTH: Final = 100
# The core schema of YAML 1.2: `NO`, `on`, `21:00` and dates are text.
_INT: Final = re.compile(r"[-+]?[0-9]+", re.ASCII)
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: Final = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LONGEST_NUMBER: Final = 30
# A key that is longer is copy that has slipped out of its block.
_LONGEST_KEY: Final = 40
_BLOCK_STYLES: Final = ("|", ">")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its line, the line its text begins on, and how it was written."""

    line: int
    text_line: int
    written: str = ""


@dataclass(slots=True)
class Document:
    """A file's content, the place of every value in it, and what is wrong with it so far."""

    file: str
    content: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    # Keys without a value; they are reported here and are not in `content`.
    empty: set[Path] = field(default_factory=set)

    def place(self, path: Path) -> Place:
        """Where `path` stands, or the nearest that encloses it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


def dotted(path: Path) -> str:
    """Write a path the way people read it: `variants.1.message.subject`."""
    return ".".join(name if len(name) <= _LONGEST_KEY else f"{name[:_LONGEST_KEY]}…" for name in map(str, path))


def parse(source: str, file: str, locale: str = "ko") -> Document:
    """Read YAML 1.2; a text that does not parse gives a document without content, and the problem."""
    reader = _Reader(source, file, locale)
    try:
        reader.read()
    except MarkedYAMLError as error:
        reader.stop(*cause(error, source.split("\n"), locale))
    except YAMLError as error:
        reader.stop(line_of_character(error, source), "there is a character that YAML does not allow")
    return reader.document


class _Reader:
    """Builds a document from the parser's events."""

    def __init__(self, source: str, file: str, locale: str) -> None:
        self.document = Document(file)
        self._locale = locale
        self._source = source

    def read(self) -> None:
        self._events: Iterator[Event] = iter(YAML(typ="safe", pure=True).parse(self._source))
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.complain(_line(event), "a second document begins here; keep one per file")
                    return
                self.document.content = self._value(next(self._events), ())
        if not documents:
            self.complain(1, "says nothing: all of it is comments", "dangol init writes an example")

    def stop(self, line: int, problem: str, hint: str = "") -> None:
        """Give up: what was read so far means little, and of this line this is all there is to say."""
        self.document.content = None
        self.document.problems = [found for found in self.document.problems if found.line != line]
        self.complain(line, problem, hint)

    def complain(self, line: int, problem: str, hint: str = "", path: Path = ()) -> None:
        self.document.problems.append(Problem(self.document.file, line, dotted(path), problem, hint))

    def _value(self, event: Event, path: Path) -> Any:  # noqa: ANN401 - whatever the file says
        if len(path) > MAX_DEPTH:
            raise MarkedYAMLError(problem=f"more than {MAX_DEPTH} levels deep", problem_mark=event.start_mark)
        self._refuse_what_is_not_copy(event, path)
        self.document.places.setdefault(path, _place(event))
        if isinstance(event, MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(path)
        return self._scalar(event) if isinstance(event, ScalarEvent) else None

    def _refuse_what_is_not_copy(self, event: Event, path: Path) -> None:
        """Refuse `&`, `*` and `!` at the start of a value: nobody who writes a campaign means YAML's."""
        sign = "*" if isinstance(event, AliasEvent) else "&"
        anchor = getattr(event, "anchor", None)
        tag = str(getattr(event, "tag", None) or "").replace("tag:yaml.org,2002:", "!!")
        written = [f"{sign}{anchor}"] if anchor else [tag if tag.startswith("!") else f"!{tag}"] if tag else []
        if written:
            hint = quote(f"{written[0]}…", self._locale)
            self.complain(_line(event), f"YAML takes {written[0]} as a sign of its own", hint, path)

    def _mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._key(event, path)
            here = (*path, key)
            again = key in found or here in self.document.empty
            if again:
                first = self.document.places[here].line
                self.complain(_line(event), f"{key} is here twice, first on line {first}", "keep one", here)
            else:
                self.document.places[here] = _place(event)
            self._take(found, here, again=again)
        return found

    def _take(self, found: dict[str, Any], path: Path, *, again: bool) -> None:
        event = next(self._events)
        if not again:
            self.document.places[path] = replace(_place(event), line=self.document.places[path].line)
        value = self._value(event, path)
        if value is None and not again:
            self.document.empty.add(path)
            if not isinstance(event, AliasEvent):
                self.complain(
                    self.document.places[path].line, "is empty", "give it a value, or take the line out", path
                )
        elif not again:
            found[str(path[-1])] = value

    def _key(self, event: Event, path: Path) -> str:
        """Take a key as it is written; a list or mapping as a key is copy that begins with a bracket."""
        if isinstance(event, ScalarEvent):
            self._refuse_what_is_not_copy(event, path)
            return str(event.value)
        raise MarkedYAMLError(problem="found a bracket where a key is expected", problem_mark=event.start_mark)

    def _sequence(self, path: Path) -> list[Any]:
        found: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            here = (*path, len(found))
            value = self._value(event, here)
            if value is None and not isinstance(event, AliasEvent):
                self.complain(_line(event), "is empty", "give it a value, or take the line out", here)
            found.append(value)
        return found

    def _scalar(self, event: ScalarEvent) -> str | int | float | bool | None:
        text = str(event.value)
        if event.style or event.tag or len(text) > _LONGEST_NUMBER:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if _INT.fullmatch(text):
            return int(text)
        return float(text) if _FLOAT.fullmatch(text) else text


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _place(event: Event) -> Place:
    block = isinstance(event, ScalarEvent) and event.style in _BLOCK_STYLES
    written = str(event.value) if isinstance(event, ScalarEvent) else ""
    return Place(_line(event), _line(event) + block, written)
