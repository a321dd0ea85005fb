"""What is wrong with a definition file, told so that its author can mend it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing to change: where it stands, what is wrong, what to write instead."""

    file: str
    line: int | None
    field: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        text = f"{self.problem}; {self.hint}" if self.hint else self.problem
        # Whatever was put into a key or a value, a problem is one line.
        return " ".join(": ".join(part for part in (place, self.field, text) if part).splitlines())

    def as_json(self) -> dict[str, Any]:
        """The problem under the names that `--json` prints."""
        return asdict(self)


class Problems(Exception):  # noqa: N818 - it is what it holds
    """Everything that is wrong with some definition files; always at least one problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems), key=_place))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def _place(problem: Problem) -> tuple[str, int, str, str]:
    return problem.file, problem.line or 0, problem.field, problem.problem
