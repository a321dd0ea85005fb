"""Reads definition files into models, collecting every problem on the way."""

from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from cli.definitions.complaints import complaints, on_paper
from cli.definitions.document import Document, Path as FieldPath, dotted, parse
from cli.definitions.eaten import eaten_copy
from cli.definitions.findings import Finding
from cli.definitions.segment_checks import check_segment
from cli.definitions.shape import allowed
from cli.definitions.source import read_source
from cli.nearest import closest
from cli.problems import Problem, Problems
from dangol.domain.campaign import SLUG
from dangol.domain.node import Node
from dangol.domain.project import Project
from dangol.domain.segment import Segment

SEGMENTS: Final = "segments"
SUFFIXES: Final = (".yaml", ".yml")
# Stands in for a segment that has problems, so that the rest of the file that names it is checked too.
_BROKEN: Final = Segment(all_=(), name="broken")
_Model = TypeVar("_Model", bound=Node)


class DefinitionReader:
    """Reads files of one project folder; what is wrong gathers in `problems`, what to know in `notices`."""

    def __init__(self, folder: Path, locale: str) -> None:
        self.problems: list[Problem] = []
        self.notices: list[Problem] = []
        self._folder = folder
        self._locale = locale
        self._segments: list[tuple[Document, Segment]] = []
        self._within: list[str] = []

    def parse(self, source: str, name: str) -> Document:
        """Read a file's text; of a line that YAML eats, that is all there is to say."""
        document = parse(source, name, self._locale)
        eaten = eaten_copy(source, name, self._locale)
        lines = {found.line for found in eaten}
        document.problems = [*eaten, *(found for found in document.problems if found.line not in lines)]
        self.problems += document.problems
        return document

    def model(self, document: Document, model: type[_Model], segment_keys: Iterable[str] = ()) -> _Model | None:
        """Validate a document; `segment_keys` may name files, which are read in."""
        if not isinstance(document.content, dict):
            if document.content is not None:
                self._complain(document, (), "is not a list of keys with values", f"keys: {', '.join(allowed(model))}")
            return None
        content = deepcopy(document.content)
        for key in segment_keys:
            if key in content:
                content[key] = self._read_in(content[key], document, (key,))
        if issubclass(model, Segment):
            content = self._resolved(content, document, ())
        try:
            return model.model_validate(content, by_alias=True, by_name=False)
        except ValidationError as error:
            self.problems += complaints(error, document, model, self._locale)
            return None

    def segment_file(self, path: Path, name: str) -> Segment | None:
        """Read the file of a segment, which is named after it."""
        try:
            source = read_source(path, name, self._locale)
        except Problems as problems:
            self.problems += problems.problems
            return None
        self.check_id(path, name)
        segment = self.segment(self.parse(source, name))
        return segment.model_copy(update={"name": path.stem}) if segment else None

    def segment(self, document: Document) -> Segment | None:
        """Validate a document as a segment, and remember to check it."""
        document.content = self._nameless(document.content, document, ())
        segment = self.model(document, Segment)
        if segment:
            self._segments.append((document, segment))
        return segment

    def check_segments(self, project: Project) -> None:
        """Check the segments read so far against the project."""
        for document, segment in self._segments:
            self.report(check_segment(segment, project), document)

    def report(self, findings: Iterable[Finding], document: Document) -> None:
        """Take over what a check found, located in the file."""
        for finding in findings:
            path = on_paper(finding.path, document.content, absent=True)
            place = document.place(path)
            line = place.line if finding.text_line is None else place.text_line + finding.text_line - 1
            into = self.notices if finding.notice else self.problems
            into.append(Problem(document.file, line, dotted(path), finding.problem, finding.hint))

    def check_id(self, path: Path, name: str) -> None:
        """Refuse a file whose name cannot be an id."""
        if not SLUG.fullmatch(path.stem) or path.suffix not in SUFFIXES:
            hint = "name the file like course-launch.yaml: at most 40 of a-z A-Z 0-9 - _ . (the title may be Korean)"
            self.problems.append(Problem(name, None, "", f"{path.name!r} cannot be an id", hint))

    def finish(self, model: _Model | None) -> _Model:
        """Return what was read where nothing is wrong.

        Raises:
            Problems: everything found.
        """
        if model is None or self.problems:
            raise Problems(self.problems)
        return model

    def _read_in(self, value: Any, document: Document, path: FieldPath) -> Any:  # noqa: ANN401 - not validated yet
        if isinstance(value, list):
            return [self._read_in(item, document, (*path, index)) for index, item in enumerate(value)]
        if isinstance(value, str):
            return self._referenced(value, document, path)
        return self._resolved(self._nameless(value, document, path), document, path)

    def _resolved(self, value: Any, document: Document, path: FieldPath) -> Any:  # noqa: ANN401 - not validated yet
        """The conditions with the segments that they name by `in_segment` in place of the names."""
        if isinstance(value, list):
            return [self._resolved(item, document, (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if "in_segment" in value:
            others = {key: item for key, item in value.items() if key != "in_segment"}
            return {**others, "all": [self._named(value["in_segment"], document, (*path, "in_segment"))]}
        groups = ("all", "any", "none")
        return {k: self._resolved(v, document, (*path, k)) if k in groups else v for k, v in value.items()}

    def _named(self, name: object, document: Document, path: FieldPath) -> Segment:
        if not isinstance(name, str) or not name.strip():
            self._complain(document, path, "names no segment", "write a segment's name: in_segment: dormant")
            return _BROKEN
        reference = name if name.endswith(SUFFIXES) else f"{SEGMENTS}/{name}.yaml"
        if reference in self._within:
            way = " → ".join(Path(each).stem for each in (*self._within, reference))
            self._complain(document, path, f"goes round in circles: {way}", "take one of these lines out")
            return _BROKEN
        self._within.append(reference)
        segment = self._referenced(reference, document, path)
        self._within.pop()
        if segment.sql is not None:
            self._complain(document, path, f"{name!r} is a query, and no condition", "name it as the audience itself")
            return _BROKEN
        return segment

    def _referenced(self, reference: str, document: Document, path: FieldPath) -> Segment:
        target = self._folder / reference
        inside = target.resolve().is_relative_to(self._folder.resolve())
        if target.suffix in SUFFIXES and inside and target.is_file():
            return self.segment_file(target, reference) or _BROKEN
        known = sorted(f"{SEGMENTS}/{file.name}" for file in (self._folder / SEGMENTS).glob("*.yaml"))
        hint = closest(reference, known) or f"write a file like {SEGMENTS}/dormant.yaml, or the conditions themselves"
        self._complain(document, path, f"there is no segment file {reference!r}", hint)
        return _BROKEN

    def _nameless(self, value: Any, document: Document, path: FieldPath) -> Any:  # noqa: ANN401 - not validated yet
        if not isinstance(value, dict) or "name" not in value:
            return value
        self._complain(
            document, (*path, "name"), "a segment is named after its file", "take this line out; title is free"
        )
        return {key: item for key, item in value.items() if key != "name"}

    def _complain(self, document: Document, path: FieldPath, problem: str, hint: str) -> None:
        line = document.place(path).line
        self.problems.append(Problem(document.file, line, dotted(path), problem, hint))
