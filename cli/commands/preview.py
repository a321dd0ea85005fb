"""Show one person's message as the channel would send it."""

import tempfile
import webbrowser
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from cli.applying import link_base
from cli.connecting import campaign_named, project_and_stack
from cli.invocation import Invocation, examples, json_option, pass_invocation
from cli.output import emit
from cli.previewing import Previewed, preview
from cli.previews import page


@click.command(
    epilog=examples(
        "dangol preview course-launch --user u-00123",
        "dangol preview a.yaml --user 7 --variant B",
        "dangol preview course-launch --user u-00123 --open",
    )
)
@click.argument("campaign")
@click.option("--user", "user_id", required=True, metavar="ID", help="For whom.")
@click.option("--variant", metavar="NAME", help="This variant instead of the person's own.")
@click.option("--html", "file", metavar="FILE", type=click.Path(path_type=Path), help="Write it as a phone shows it.")
@click.option("--open", "opened", is_flag=True, help="Show that in the browser.")
@json_option
@pass_invocation
def command(invocation: Invocation, /, campaign: str, user_id: str, **options: Any) -> None:  # noqa: ANN401 - click's options
    """Render CAMPAIGN (its id or its file) for one person."""
    project, stack = project_and_stack(invocation)
    loaded = campaign_named(invocation, campaign, project)
    asked = Previewed(loaded.id, loaded.campaign, project, user_id, options["variant"])
    found = preview(stack, asked, link_base(stack, project))
    file = _written(page(loaded.campaign.title, found.shown, project.locale), options["file"], opened=options["opened"])
    told = found.told if file is None else {**found.told, "file": str(file)}
    emit(options["as_json"], told, lambda console: _render(console, told))


def _written(content: str, file: Path | None, *, opened: bool) -> Path | None:
    """The file that the page was written to; None where nobody asked for one."""
    if file is None and not opened:
        return None
    if file is None:
        file = Path(tempfile.mkdtemp(prefix="dangol-")) / "preview.html"
    file.write_text(content, encoding="utf-8")
    if opened:
        webbrowser.open(file.resolve().as_uri())
    return file


def _render(console: Console, told: dict[str, Any]) -> None:
    for name in ("channel", "variant", "from", "to", "subject"):
        console.print(f"{name:8} {told[name]}")
    if "title" in told:
        console.print(f"{'title':8} {told['title']}\n{'link':8} {told['link']}")
    if "kind" in told:
        console.print(f"{'kind':8} {told['kind'].upper()}, {told['bytes']:,} bytes")
    if told["held_out"]:
        console.print("(held out: this person would get nothing)", style="yellow")
    for name, value in told["headers"].items():
        console.print(f"{name}: {value}")
    console.print(f"\n{told['text']}")
    _render_beside(console, told)


def _render_beside(console: Console, told: dict[str, Any]) -> None:
    """What stands beside the words: buttons, a coupon, a picture, the page that was written."""
    for button in told.get("buttons", ()):
        console.print(f"[{button['label']}] {button['link']}", markup=False)
    if coupon := told.get("coupon"):
        console.print(" · ".join(coupon.values()), markup=False)
    if told.get("image"):
        console.print(f"{'image':8} {told['image']}")
    if "file" in told:
        console.print(f"\npage     {told['file']}")
