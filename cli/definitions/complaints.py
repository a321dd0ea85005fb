"""What pydantic found, in the words of somebody who writes campaigns, with line, field and what is allowed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import available_timezones

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cli.definitions.document import Document, Path, dotted
from cli.definitions.shape import allowed, choices, enclosing, model_at
from cli.definitions.wording import quote
from cli.nearest import closest
from cli.problems import Problem
from dangol.domain.channel import CHANNELS
from dangol.domain.node import Node
from dangol.domain.quantities import QUOTE
from dangol.domain.segment import KINDS

_QUOTED: Final = re.compile(r"'([^']*)'")
_LATER: Final = "is not there yet"
_ZONE: Final = "is not a time zone"


@dataclass(frozen=True, slots=True)
class _Complaint:
    """One error, where it stands in the file and in the model."""

    error: ErrorDetails
    path: Path
    model: type[Node]
    written: str
    locale: str

    @property
    def context(self) -> Mapping[str, Any]:
        return self.error.get("ctx", {})

    @property
    def key(self) -> str:
        return str(self.error["loc"][-1])

    @property
    def around(self) -> type[Node] | None:
        return enclosing(self.model, self.error["loc"])


def complaints(error: ValidationError, document: Document, model: type[Node], locale: str) -> list[Problem]:
    """Turn pydantic's errors into problems, each once, without those that the reader has told already."""
    told = {found.field for found in document.problems if found.field}
    found: dict[tuple[Path, str], Problem] = {}
    for details in error.errors(include_url=False):
        path = in_file(details, document.content)
        if path in document.empty or dotted(path) in told:
            continue
        place = document.place(path)
        complaint = _Complaint(details, path, model, place.written, locale)
        problem, hint = _WORDS.get(details["type"], _other)(complaint)
        found.setdefault((path, problem), Problem(document.file, place.line, dotted(path), problem, hint))
    return list(found.values())


def in_file(details: ErrorDetails, content: object) -> Path:
    """The path in the file of an error that pydantic locates in the model."""
    location = (*details["loc"], *details.get("ctx", {}).get("path", ()))
    path = on_paper(location, content, absent=details["type"] in ("missing", "wrong"))
    return (*path, details["ctx"]["tag"]) if details["type"] == "union_tag_invalid" else path


def on_paper(location: Path, content: Any, *, absent: bool = False) -> Path:  # noqa: ANN401 - a file may say anything
    """Leave out of `location` what the model has and the file has not: kinds of condition, an `all` that is implied.

    With `absent` the last part is kept although the file lacks it.
    """
    path: list[str | int] = []
    for index, part in enumerate(location):
        last = index == len(location) - 1
        if index and part in KINDS and isinstance(location[index - 1], int):
            # Behind the number of a condition pydantic names its kind; the key of that name would follow.
            continue
        if _holds(content, part):
            content = content[part]
        elif not (last and absent):
            continue
        path.append(part)
    return tuple(path)


def _holds(content: object, part: str | int) -> bool:
    if isinstance(content, list):
        return isinstance(part, int) and part < len(content)
    return isinstance(content, dict) and part in content


def _options(word: str, words: list[str]) -> str:
    return " ".join(part for part in (closest(word, words), f"allowed: {', '.join(words)}") if part)


def _unknown_key(complaint: _Complaint) -> tuple[str, str]:
    around, key = complaint.around, complaint.key
    if around is None:
        return f"{key!r} is not a key here", ""
    if key in around.reserved:
        return _LATER, ""
    return f"{key!r} is not a key here", _options(key, allowed(around))


def _missing(complaint: _Complaint) -> tuple[str, str]:
    values = choices(complaint.around, complaint.key) if complaint.around else []
    return "is missing", f"one of {', '.join(values)}" if values else ""


def _not_a_kind(complaint: _Complaint) -> tuple[str, str]:
    tag = str(complaint.context["tag"])
    if tag == "sql":
        return "sql is no condition", "it stands alone at the top of an audience; take people out under exclude"
    return f"{tag!r} is not a condition", _options(tag, [*KINDS])


def _not_a_choice(complaint: _Complaint) -> tuple[str, str]:
    words = _QUOTED.findall(str(complaint.context["expected"]))
    given = str(complaint.error["input"])
    if "console" in words and given in CHANNELS:
        return f"{given} {_LATER}", f"allowed: {', '.join(words)}"
    return f"{given!r} is not allowed here", _options(given, words)


def _value_error(complaint: _Complaint) -> tuple[str, str]:
    problem, _, hint = str(complaint.context["error"]).partition("; ")
    given = complaint.error["input"]
    if isinstance(given, bool | int | float):
        # As it stands in the file: YAML has made 1012345670 of 01012345670.
        problem = problem.replace(repr(given), complaint.written, 1)
    if hint == QUOTE:
        return problem, quote(complaint.written or "…", complaint.locale)
    if _ZONE in problem:
        hint = closest(str(given), available_timezones()) or hint
    return problem, hint


def _wrong(complaint: _Complaint) -> tuple[str, str]:
    problem, _, hint = str(complaint.context["problem"]).partition("; ")
    return problem, hint


def _no_mapping(complaint: _Complaint) -> tuple[str, str]:
    model = model_at(complaint.model, complaint.error["loc"])
    return "needs keys of its own below it", f"allowed: {', '.join(allowed(model))}" if model else ""


def _no_number(complaint: _Complaint) -> tuple[str, str]:
    given = str(complaint.error["input"])
    whole = "whole number" if complaint.error["type"].startswith("int") else "number"
    plain = given.replace(",", "").replace("_", "")
    hint = f"write {plain}, without quotes or commas" if re.fullmatch(r"-?\d+(\.\d+)?", plain, re.ASCII) else ""
    return f"{complaint.written or given!r} is not a {whole}", hint


def _no_text(complaint: _Complaint) -> tuple[str, str]:
    return f"{complaint.written} is not text", quote(complaint.written or "…", complaint.locale)


def _bound(words: str, name: str) -> "Callable[[_Complaint], tuple[str, str]]":
    return lambda complaint: (words.format(complaint.context[name]), "")


def _fixed(problem: str, hint: str = "") -> "Callable[[_Complaint], tuple[str, str]]":
    return lambda _complaint: (problem, hint)


def _other(complaint: _Complaint) -> tuple[str, str]:
    return complaint.error["msg"], ""


_WORDS: Final[dict[str, Callable[[_Complaint], tuple[str, str]]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "union_tag_invalid": _not_a_kind,
    "literal_error": _not_a_choice,
    "value_error": _value_error,
    "wrong": _wrong,
    "model_type": _no_mapping,
    "dict_type": _no_mapping,
    "int_type": _no_number,
    "int_from_float": _no_number,
    "float_type": _no_number,
    "finite_number": _fixed("is not a finite number"),
    "string_type": _no_text,
    "bool_type": _fixed("is neither true nor false"),
    "tuple_type": _fixed("is not a list", "write it like [first, second]"),
    "list_type": _fixed("is not a list", "write it like [first, second]"),
    "greater_than_equal": _bound("is below {}, the least allowed", "ge"),
    "less_than_equal": _bound("is above {}, the most allowed", "le"),
    "greater_than": _bound("must be above {}", "gt"),
    "too_short": _bound("needs at least {} of them", "min_length"),
    "too_long": _bound("takes at most {} of them", "max_length"),
}
