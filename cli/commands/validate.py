"""Check definition files: every problem with its line, its field and what to write instead."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli.definitions import (
    PROJECT_FILE,
    Problem,
    Problems,
    folder_of,
    load_campaign,
    load_project,
    load_segment,
    name_of,
)
from cli.definitions.final_texts import TALKS, FinalText, final_texts
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.project import Project
from dangol.domain.push_advertising import shown_lines

_CAMPAIGNS, _SEGMENTS = "campaigns", "segments"


@dataclass(slots=True)
class _Checked:
    """What was looked at, and what there is to say about it."""

    files: list[dict[str, str]] = field(default_factory=list)
    notices: list[Problem] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    texts: list[tuple[str, FinalText]] = field(default_factory=list)


@click.command(
    epilog=examples("dangol validate", "dangol validate campaigns/course-launch.yaml", "dangol validate --json")
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
@pass_invocation
def command(invocation: Invocation, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Check FILES: by default dangol.yaml and all of campaigns/ and segments/."""
    folder = _folder(invocation, files)
    checked = _Checked()
    project = _check_project(folder, checked)
    for path in files or _all(folder):
        _check(path, folder, project, checked)
    if checked.problems:
        raise Problems(checked.problems)
    emit(as_json, _payload(checked), lambda console: _render(console, checked))


def _folder(invocation: Invocation, files: Iterable[Path]) -> Path:
    """The project's folder: as told, or the one that the first file lies in."""
    if (invocation.folder / PROJECT_FILE).is_file():
        return invocation.folder
    return next((folder_of(path) for path in files), invocation.folder)


def _all(folder: Path) -> list[Path]:
    return [
        path
        for part in (_CAMPAIGNS, _SEGMENTS)
        for path in sorted((folder / part).glob("*"))
        if path.is_file() and path.suffix in (".yaml", ".yml")
    ]


def _check_project(folder: Path, checked: _Checked) -> Project | None:
    try:
        project = load_project(folder)
    except Problems as problems:
        checked.problems += problems.problems
        return None
    checked.files.append({"file": PROJECT_FILE, "kind": "project", "id": project.project})
    return project


def _check(path: Path, folder: Path, project: Project | None, checked: _Checked) -> None:
    name = name_of(path, folder)
    if path.name == PROJECT_FILE:
        return
    try:
        if path.resolve().parent.name == _SEGMENTS:
            load_segment(path, project, folder)
            kind = "segment"
        else:
            loaded = load_campaign(path, project, folder)
            checked.notices += loaded.notices
            if project is not None:
                checked.texts += [(loaded.id, text) for text in final_texts(loaded.campaign, project)]
            kind = "campaign"
    except Problems as problems:
        checked.problems += problems.problems
    else:
        checked.files.append({"file": name, "kind": kind, "id": path.stem})


def _payload(checked: _Checked) -> dict[str, Any]:
    notices = [notice.as_json() for notice in checked.notices]
    texts = [{"campaign": campaign, **text.as_json()} for campaign, text in checked.texts]
    return {"files": checked.files, "notices": notices, "texts": texts, "problems": []}


def _render(console: Console, checked: _Checked) -> None:
    for file in checked.files:
        console.print(f"ok  {file['file']}", style="green")
    for campaign, text in checked.texts:
        console.print(f"\n{campaign} {text.variant}: {_size(text)}", style="bold")
        for line in _lines(text):
            console.print(f"    {line}", markup=False)
    for notice in checked.notices:
        console.print(f"note  {notice}", style="yellow")


def _lines(text: FinalText) -> list[str]:
    """What a text says; of an e-mail, its subject and how it ends."""
    title = [f"[{text.title}]"] if text.title else []
    return [*title, "…", *text.footer.splitlines()] if text.footer else [*title, *text.text.splitlines()]


def _size(text: FinalText) -> str:
    if text.kind in PUSH_TRAITS:
        return f"{text.kind}, {shown_lines(text.text)} lines beside the way to refuse"
    if text.kind == "email":
        return "its subject and its end"
    size = (
        f"{text.kind}, {text.characters} characters"
        if text.kind in TALKS
        else f"{text.kind.upper()}, {text.bytes:,} bytes"
    )
    return size if text.price is None else f"{size}, {text.price:g} a message"
