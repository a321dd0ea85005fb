"""A template that Kakao has approved, and whether a campaign's text is that one: it refuses to send what differs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_VARIABLE: Final = re.compile(r"#\{([^{}]+)\}")


@dataclass(frozen=True, slots=True)
class ApprovedTemplate:
    """A template as its provider knows it: its text, and what else of it holds variables (the buttons' addresses)."""

    text: str
    approved: bool
    beside: str = ""

    @property
    def variables(self) -> frozenset[str]:
        """The names in `#{…}` of its text and its buttons."""
        return frozenset(name.strip() for name in _VARIABLE.findall(f"{self.text}\n{self.beside}"))


def differences(template: ApprovedTemplate, text: str, given: frozenset[str]) -> Sequence[str]:
    """What keeps `text` from being sent by `template`; `given` are the variables that a message has values for."""
    if not template.approved:
        return ["Kakao has not approved the template"]
    found = []
    if missing := sorted(template.variables - given):
        found.append(f"nothing is said for {', '.join(f'#{{{name}}}' for name in missing)} of the approved template")
    theirs, ours = _lines(template.text), _lines(text)
    for place in range(max(len(theirs), len(ours))):
        approved, written = (lines[place] if place < len(lines) else "" for lines in (theirs, ours))
        if approved != written:
            found.append(f"line {place + 1} is not as approved: {approved!r}")
            break
    return found


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
