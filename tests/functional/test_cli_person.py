"""`dangol export` and `dangol forget`, as people and programs use them."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from cli.commands import export, forget
from cli.main import dangol
from cli.person_view import render_person
from cli.words import words
from dangol import bootstrap
from tests.unit.test_pipeline_person import World


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    """The commands at work on people in memory."""
    world = World()
    stack = SimpleNamespace(name="dangol", settings=None)
    for module in (export, forget):
        monkeypatch.setattr(module, "project_and_stack", lambda _: (SimpleNamespace(locale="en"), stack))
    monkeypatch.setattr(bootstrap, "build_person_keeper", lambda _: world.keeper)
    return world


def run(*args: str, answer: str = "") -> Any:
    return CliRunner().invoke(dangol, args, input=answer, prog_name="dangol")


def test_export_prints_everything_as_json(world):
    result = run("export", "u1", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == world.keeper.export("u1")


@pytest.mark.parametrize(("locale", "word"), [("ko", "속성"), ("en", "trait")])
def test_export_is_printed_for_people(world, locale, word):
    console = Console(record=True, width=200, markup=False, highlight=False)

    render_person(console, world.keeper.export("u1"), words(locale))

    text = console.export_text()
    assert f"{word}  age  3" in text
    assert "launch-20261201T010000Z  sent  opened clicked" in text


def test_a_stranger_is_printed_as_nobody(world):
    console = Console(record=True)

    render_person(console, world.keeper.export("stranger"), words("en"))

    assert console.export_text().strip() == "stranger"


def test_export_of_a_stranger_fails(world):
    assert run("export", "stranger").exit_code != 0


def test_forget_asks_first(world):
    declined = run("forget", "u1", answer="n\n")
    assert declined.exit_code != 0
    assert world.mentions("u1")

    agreed = run("forget", "u1", answer="y\n")
    assert agreed.exit_code == 0
    assert "cannot be undone" in agreed.output
    assert world.mentions("u1") == []


def test_forget_does_not_ask_a_program(world):
    refused = run("forget", "u1", "--json")
    assert refused.exit_code == 2
    assert world.mentions("u1")

    told = json.loads(run("forget", "u1", "--yes", "--json").stdout)
    assert (told["user_id"], told["profile"], told["outcomes"]) == ("u1", True, 1)
