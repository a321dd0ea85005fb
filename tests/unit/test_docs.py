"""What the documentation names is there: commands and their options, targets, files and headings."""

import re
import shlex
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import click
import pytest

from cli.main import dangol

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
CODE = re.compile(r"^```\w*\n(.*?)^```|`(dangol [^`\n]+|make [^`\n]+)`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)\)")
HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)
# What stands for something, or goes on after it.
_ENDS = {"|", "&&", "#", ";", ">", "<", "·", "2>"}


def lines(page: Path, program: str) -> Iterator[list[str]]:
    """The words of every command line of a program on a page."""
    for block, inline in CODE.findall(page.read_text(encoding="utf-8")):
        for line in (block or inline).replace("\\\n", " ").splitlines():
            words = re.match(rf"\s*(?:\$ )?(?:\.venv/bin/)?({program} [^…\[\]]*)", line)
            if words:
                said = until_end(shlex.split(words[1].replace("'", '"'), comments=True))
                # `local up|down` is two lines.
                yield from map(list, product(*(word.split("|") for word in said)))


def until_end(words: list[str]) -> Iterator[str]:
    for word in words[1:]:
        if word in _ENDS:
            return
        yield word


def refused(words: list[str]) -> str | None:
    """Why the command line would not take these words; None where it takes them."""
    command: click.Command = dangol
    context = click.Context(command, info_name="dangol")
    while isinstance(command, click.Group):
        _, rest, _ = command.make_parser(context).parse_args(list(words))
        if not rest:
            return None
        found = command.get_command(context, rest[0])
        if found is None:
            return f"no command {rest[0]}"
        command, words = found, rest[1:]
        context = click.Context(command, parent=context, info_name=rest[0])
    try:
        command.make_parser(context).parse_args(words)
    except click.UsageError as error:
        return error.format_message()
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_names_is_there(page):
    told = {" ".join(words): refused(words) for words in lines(page, "dangol")}

    assert {line: problem for line, problem in told.items() if problem} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_target_that_a_page_names_is_there(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    named = {word for words in lines(page, "make") for word in words if re.fullmatch(r"[a-z-]+", word)}

    assert named <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            headings = HEADING.findall(target.read_text(encoding="utf-8"))
            assert anchor in {slug(heading) for heading in headings}, link


def slug(heading: str) -> str:
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def test_the_pages_name_most_commands():
    named = {words[0] for page in PAGES for words in lines(page, "dangol") if words}

    assert len(named) > 10


def test_every_command_has_its_place_on_the_page_of_commands():
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    named = {word for heading in HEADING.findall(page) for word in re.findall(r"`dangol ([a-z-]+)", heading)}

    assert set(dangol.list_commands(click.Context(dangol))) <= named
