"""Put campaigns into force: store a version, create or change the schedule."""

from pathlib import Path

import click
from rich.console import Console

from cli.applying import Applied, apply, apply_confirmations
from cli.connecting import campaign_files, project_and_stack
from cli.definitions import LoadedCampaign, Problem, Problems, load_campaign
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit, table
from dangol.domain.project import Project


@click.command(epilog=examples("dangol apply", "dangol --local apply campaigns/course-launch.yaml"))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@json_option
@pass_invocation
def command(invocation: Invocation, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Put FILES into force, by default all of campaigns/; either all of them or none."""
    project, stack = project_and_stack(invocation)
    loaded = _load(invocation, campaign_files(invocation, files), project)
    applied = apply(stack, project, [(each.id, each.campaign) for each in loaded])
    if not files:
        applied += apply_confirmations(stack, project)
    notices = [notice for each in loaded for notice in each.notices]
    payload = {"applied": [a.told() for a in applied], "notices": [n.as_json() for n in notices]}
    emit(as_json, payload, lambda console: _render(console, applied, notices))


def _load(invocation: Invocation, files: list[Path], project: Project) -> list[LoadedCampaign]:
    loaded, problems = [], list[Problem]()
    for path in files:
        try:
            loaded.append(load_campaign(path, project, invocation.folder))
        except Problems as found:
            problems += found.problems
    if problems:
        raise Problems(problems)
    return loaded


def _render(console: Console, applied: list[Applied], notices: list[Problem]) -> None:
    rows = [
        (a.campaign, a.version, "changed" if a.changed else "as it was", a.schedule or "by hand, or its time is over")
        for a in applied
    ]
    table(console, ("campaign", "version", "", "schedule"), rows)
    for notice in notices:
        console.print(f"note  {notice}", style="yellow")
