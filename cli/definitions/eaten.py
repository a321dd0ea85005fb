"""Copy that YAML would silently eat: `subject: 안녕 #{이름}님` ends at the `#`."""

import re
from typing import Final

from cli.definitions.scanning import Scanner, Tab
from cli.definitions.wording import advice, quote
from cli.problems import Problem

_MERGE_TAG: Final = re.compile(r"#\{[^}]*\}?")
# A Korean hashtag. An English remark may follow its # directly.
_HASHTAG: Final = re.compile(r"#[가-힣]\S*")


def eaten_copy(source: str, file: str, locale: str) -> list[Problem]:
    """Find merge tags and Korean hashtags that YAML takes as the start of a comment, and tabs that indent."""
    lines = source.split("\n")
    problems: list[Problem] = []
    for finding in Scanner(source).findings():
        if isinstance(finding, Tab):
            hint = advice("indent with spaces", locale)
            problems.append(Problem(file, finding.line, "", "a tab indents this line", hint))
        elif problem := _eaten(lines[finding.line - 1], finding.column, locale):
            problems.append(Problem(file, finding.line, "", *problem))
    return problems


def _eaten(line: str, column: int, locale: str) -> tuple[str, str] | None:
    if tag := _MERGE_TAG.match(line, column):
        return f"YAML takes {tag[0]} and what follows as a comment: {line.strip()}", quote(f"…{tag[0]}…", locale)
    hashtag = _HASHTAG.match(line, column)
    if hashtag and line[:column].strip():
        return f"YAML takes {hashtag[0]} and what follows as a comment: {line.strip()}", quote(
            f"…{hashtag[0]}…", locale
        )
    return None
