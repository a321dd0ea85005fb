"""The day of a team that has only CSV files: docs/ko/csv-only.md, typed in as it stands."""

import json
import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from cli.local_cloud import LocalCloud
from cli.main import dangol
from cli.stack import Stack, clock_file, connect
from tests.e2e.conftest import clear_project

PAGE = Path(__file__).parents[2] / "docs" / "ko" / "csv-only.md"
BLOCK = re.compile(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```", re.DOTALL | re.MULTILINE)
SEOUL = ZoneInfo("Asia/Seoul")
# The page's own days: the campaign goes out on the first, the orders come in on the tenth.
DAYS = {"run": datetime(2026, 12, 1, 10, 0, tzinfo=SEOUL), "orders": datetime(2026, 12, 10, 10, 0, tzinfo=SEOUL)}


@pytest.fixture(scope="module")
def day(cloud: LocalCloud) -> Any:
    """Everything the page says, done in order: each command with what it printed as JSON."""
    cloud.reset()
    clear_project(cloud.folder)
    for kind, title, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if title and kind != "console":
            path = cloud.folder / title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    clock = clock_file(cloud.folder)
    told: list[tuple[str, Any]] = []
    stack = connect(cloud.stack, local=True, folder=cloud.folder)
    for line in commands():
        when = (
            DAYS["orders"]
            if "orders.csv" in line or any("orders.csv" in command for command, _ in told)
            else DAYS["run"]
        )
        clock.write_text(str(int(when.timestamp() - stack.clock.seconds())))
        told.append((line, run(cloud, line)))
    yield stack, told
    clock.unlink(missing_ok=True)


def commands() -> list[str]:
    """The page's `$ dangol …` lines, continued lines joined."""
    blocks = [text for kind, _, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")) if kind == "console"]
    lines = [line for text in blocks for line in text.replace("\\\n", " ").splitlines()]
    return [line.removeprefix("$ dangol ").strip() for line in lines if line.startswith("$ dangol ")]


def run(cloud: LocalCloud, line: str) -> Any:
    """Type one command in; what it prints as JSON."""
    words = [word for word in shlex.split(line) if word != "--local"]
    if words[0] in ("init", "local"):
        return None
    paths = [str(cloud.folder / word) if (cloud.folder / word).is_file() else word for word in words]
    options = ["--local", "--stack", cloud.stack, "--project", str(cloud.folder)]
    asked = paths if "--json" in paths else [*paths, "--json"]
    told = CliRunner().invoke(dangol, [*options, *asked])
    assert told.exit_code == 0, f"{line}: {told.output}"
    return json.loads(told.stdout)


def answers(day: tuple[Stack, list[tuple[str, Any]]], *words: str) -> list[Any]:
    return [answer for line, answer in day[1] if all(word in line for word in words)]


def test_the_members_are_in_and_the_broken_row_is_named(day):
    (imported,) = answers(day, "import profiles")

    assert (imported["read"], imported["accepted"], imported["rejected"]) == (13, 12, 1)
    assert Path(imported["rejects_file"]).exists()


def test_the_segment_has_the_size_that_the_page_says(day):
    assert answers(day, "segment count")[0]["count"] == 8


def test_the_run_reaches_those_it_may_reach(day):
    (ended,) = answers(day, "run ")

    assert (ended["audience"], ended["sent"]) == (8, 5)
    assert ended["skipped"] == {"no_consent": 2, "unreachable": 1}


def test_the_orders_imported_afterwards_move_the_report(day):
    before, *_, after = answers(day, "report ")

    assert before["variants"][0]["converted"] == 0
    assert (after["variants"][0]["converted"], after["variants"][0]["revenue"]) == (2, 177_000)
    assert after["goal"]["verdict"] == "met"


def test_the_same_orders_again_add_nothing(day):
    imports = answers(day, "import events")

    assert imports[0]["duplicates"] == 0
    assert all(again["duplicates"] == again["accepted"] for again in imports[1:])
