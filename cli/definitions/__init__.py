"""The files a user writes: read, checked, explained."""

from cli.definitions.loading import (
    PROJECT_FILE,
    LoadedCampaign,
    folder_of,
    load_campaign,
    load_project,
    load_segment,
    name_of,
)
from cli.problems import Problem, Problems

__all__ = [
    "PROJECT_FILE",
    "LoadedCampaign",
    "Problem",
    "Problems",
    "folder_of",
    "load_campaign",
    "load_project",
    "load_segment",
    "name_of",
]
