"""Begin a project: dangol.yaml, an example campaign with its segment, and schemas for editors."""

import json
import re
from pathlib import Path
from string import Template
from typing import Final

import click
from rich.console import Console

import cli
from cli.definitions.json_schema import KINDS, json_schema
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from dangol.domain.errors import InputError

_TEMPLATES: Final = Path(cli.__path__[0]) / "templates"
_NAME: Final = "my-shop"


@click.command(epilog=examples("dangol init", "dangol init my-shop", "dangol init my-shop --locale en"))
@click.argument("folder", metavar="[DIR]", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--locale", type=click.Choice(["ko", "en"]), default="ko", help="The language of the example.")
@json_option
@pass_invocation
def command(invocation: Invocation, folder: Path, locale: str, *, as_json: bool) -> None:
    """Write the files of a new project to DIR; nothing that is there already is touched."""
    root = invocation.folder / folder
    files = _files(root, locale)
    present = [name for name in files if (root / name).exists()]
    if present:
        raise InputError(f"{root / present[0]} is there already: dangol init my-shop begins in a folder of its own")
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    emit(as_json, {"folder": str(root), "files": list(files)}, lambda console: _render(console, root, files))


def _files(root: Path, locale: str) -> dict[str, str]:
    """Every file of a new project, by its place in it."""
    templates = _TEMPLATES / locale
    found = {
        path.relative_to(templates).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(templates.rglob("*.yaml"))
    }
    found["dangol.yaml"] = Template(found["dangol.yaml"]).safe_substitute(project=_project_name(root))
    schemas = {f"schema/{kind}.json": json.dumps(json_schema(kind), ensure_ascii=False, indent=1) for kind in KINDS}
    return {**found, **schemas}


def _project_name(root: Path) -> str:
    """The folder's name where it can name a project."""
    name = re.sub(r"[^a-z0-9-]+", "-", root.resolve().name.lower()).strip("-")[:40]
    return name or _NAME


def _render(console: Console, root: Path, files: dict[str, str]) -> None:
    for name in files:
        console.print(f"wrote  {root / name}")
    console.print(f"next   dangol --project {root} validate")
