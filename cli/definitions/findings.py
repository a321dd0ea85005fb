"""What a check over the models finds."""

from dataclasses import dataclass

from cli.definitions.document import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to change, or with `notice` something to know, at a path of the model."""

    path: Path
    problem: str
    hint: str = ""
    notice: bool = False
    # The line within the text at `path`, from 1.
    text_line: int | None = None

    def below(self, *parts: str | int) -> "Finding":
        """The same finding, seen from further up."""
        return Finding((*parts, *self.path), self.problem, self.hint, self.notice, self.text_line)
