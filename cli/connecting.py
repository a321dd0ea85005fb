"""From what the command line was told to the project and its stack."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cli.definitions import LoadedCampaign, load_campaign, load_project
from cli.invocation import Invocation
from cli.stack import Stack, connect
from dangol.domain.errors import InputError, NotFoundError
from dangol.domain.project import Project

CAMPAIGNS = "campaigns"


def project_and_stack(invocation: Invocation) -> tuple[Project, Stack]:
    """The project of the folder, and the stack it names.

    Raises:
        Problems: `dangol.yaml` is missing or must change.
        NotFoundError: the stack is not deployed.
    """
    project = load_project(invocation.folder)
    return project, stack_of(invocation, project)


def stack_of(invocation: Invocation, project: Project) -> Stack:
    """The stack that the command works on.

    Raises:
        NotFoundError: it is not deployed.
    """
    return connect(invocation.stack or project.stack, local=invocation.local, folder=invocation.folder.resolve())


def campaign_files(invocation: Invocation, files: Iterable[Path]) -> list[Path]:
    """The campaign files that were named, or all of the project's."""
    named = list(files)
    if named:
        return named
    found = sorted((invocation.folder / CAMPAIGNS).glob("*.y*ml"))
    if not found:
        raise NotFoundError(f"no campaign in {invocation.folder / CAMPAIGNS}: dangol init writes one")
    return found


def campaign_named(invocation: Invocation, name: str, project: Project) -> LoadedCampaign:
    """A campaign by its id, or by its file.

    Raises:
        Problems: its file must change.
        NotFoundError: there is no such file.
    """
    path = Path(name)
    if path.suffix not in (".yaml", ".yml"):
        path = invocation.folder / CAMPAIGNS / f"{name}.yaml"
    if not path.is_file():
        raise NotFoundError(f"no campaign file {path}")
    return load_campaign(path, project, invocation.folder)


def moment(text: str, project: Project) -> datetime:
    """Read a time given on the command line, in the project's zone where it names none.

    Raises:
        InputError: it is no ISO time.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a time; write it like 2026-12-01T10:00", field="--at") from error
    return read if read.tzinfo else read.replace(tzinfo=project.zone)
