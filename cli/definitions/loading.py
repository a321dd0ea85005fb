"""The project, a campaign, a segment: from their files to their models."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cli.definitions.campaign_checks import check_campaign, check_copy, loose_parts
from cli.definitions.inlining import inlined
from cli.definitions.pictures import check_pictures, stored
from cli.definitions.reader import SEGMENTS, SUFFIXES, DefinitionReader
from cli.definitions.source import read_source
from cli.problems import Problem, Problems
from dangol.domain.campaign import SLUG, Campaign
from dangol.domain.errors import DefinitionError
from dangol.domain.project import Project
from dangol.domain.segment import Segment

PROJECT_FILE: Final = "dangol.yaml"
_ENGLISH: Final = re.compile(r"^locale:\s*[\"']?en\b", re.MULTILINE)
# What a segment given on the command line is called in problems.
_TYPED: Final = "(segment)"


@dataclass(frozen=True, slots=True)
class LoadedCampaign:
    """A campaign's file, read and checked; `body` is what is stored."""

    id: str
    campaign: Campaign
    source: str
    body: dict[str, Any]
    notices: tuple[Problem, ...] = ()
    # Of its messages, by the keys that stand in the campaign.
    pictures: Mapping[str, bytes] = field(repr=False, default_factory=dict)


def load_project(folder: Path) -> Project:
    """Read `dangol.yaml` of a folder, and the segments it names.

    Raises:
        Problems: whatever must change first.
    """
    file = folder / PROJECT_FILE
    if not file.is_file():
        hint = "dangol init writes one; dangol --project DIR names another folder"
        raise Problems([Problem(PROJECT_FILE, None, "", f"is not in {folder.resolve()}", hint)])
    source = read_source(file, PROJECT_FILE)
    reader = DefinitionReader(folder, "en" if _ENGLISH.search(source) else "ko")
    project = reader.model(reader.parse(source, PROJECT_FILE), Project, ["always_exclude"])
    if project is not None:
        reader.check_segments(project)
    return reader.finish(project)


def load_campaign(path: Path, project: Project | None, folder: Path | None = None) -> LoadedCampaign:
    """Read a campaign's file and the segments it names, which lie in the project's folder.

    Without a project (because `dangol.yaml` is broken) only the file itself is checked.

    Raises:
        Problems: whatever must change first.
    """
    folder = folder or folder_of(path)
    locale = project.locale if project else "ko"
    name = name_of(path, folder)
    reader = DefinitionReader(folder, locale)
    reader.check_id(path, name)
    try:
        source = read_source(path, name, locale)
    except Problems as problems:
        raise Problems([*problems.problems, *reader.problems]) from problems
    document = reader.parse(source, name)
    campaign = reader.model(document, Campaign, ["audience", "exclude"])
    if project is not None:
        reader.check_segments(project)
        if campaign is not None:
            reader.report(check_campaign(campaign, project), document)
            reader.report(check_pictures(campaign, path.parent, folder), document)
        elif isinstance(document.content, dict):
            reader.report(check_copy(loose_parts(document.content), project), document)
    campaign = _inlined(reader.finish(campaign), name)
    # Without a project nobody has looked whether the pictures are there.
    campaign, pictures = stored(campaign, path.parent) if project else (campaign, {})
    body = campaign.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return LoadedCampaign(path.stem, campaign, source, body, tuple(reader.notices), pictures)


def _inlined(campaign: Campaign, name: str) -> Campaign:
    try:
        return inlined(campaign)
    except DefinitionError as error:
        raise Problems([Problem(name, None, error.field, error.problem, error.hint)]) from error


def load_segment(source: Path | str, project: Project | None, folder: Path | None = None) -> Segment:
    """Read a segment: a file, the name of one under `segments/`, or the conditions themselves as YAML.

    Raises:
        Problems: whatever must change first.
    """
    path = source if isinstance(source, Path) else _segment_path(source, folder or Path())
    reader = DefinitionReader(folder or (folder_of(path) if path else Path()), project.locale if project else "ko")
    if path is not None:
        segment = reader.segment_file(path, name_of(path, folder or folder_of(path)))
    else:
        segment = reader.segment(reader.parse(unicodedata.normalize("NFC", str(source)), _TYPED))
    if project is not None:
        reader.check_segments(project)
    return reader.finish(segment)


def folder_of(path: Path) -> Path:
    """The project's folder that a definition file belongs to."""
    parents = path.resolve().parents
    return next((folder for folder in parents if (folder / PROJECT_FILE).is_file()), parents[0])


def name_of(path: Path, folder: Path) -> str:
    """How a file is called in problems: by its place in the project."""
    inside = path.resolve().is_relative_to(folder.resolve())
    return path.resolve().relative_to(folder.resolve()).as_posix() if inside else str(path)


def _segment_path(source: str, folder: Path) -> Path | None:
    if source.endswith(SUFFIXES):
        inside = folder / source
        return inside if inside.is_file() else Path(source)
    if SLUG.fullmatch(source):
        return folder / SEGMENTS / f"{source}.yaml"
    return None
