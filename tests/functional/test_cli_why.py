"""`dangol why`, as people and programs read it."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from cli.why_view import render_why
from cli.words import words
from dangol.domain.decision import Reason
from tests.unit.test_pipeline_why import World, claim

SEOUL = ZoneInfo("Asia/Seoul")
SKIPS = [reason.value for reason in Reason]
WAITS = ["scanning", "queued", "held", "paused", "in_flight"]
OTHERS = ["in_doubt", "not_in_segment", "excluded", "inexact", "unknown_person", "selected_now"]
OUTCOMES = ["sent", "held_out", "skipped", "failed", "unknown", "pending", "not_selected", "not_run"]
PAGE = Path(__file__).parents[2] / "docs" / "why.md"


def printed(world: World, locale: str, user_id: str = "ann") -> str:
    console = Console(record=True, width=200, markup=False, highlight=False)
    render_why(console, world.why(user_id), words(locale), SEOUL)
    return console.export_text()


def test_a_skip_is_printed_with_its_course_in_the_projects_zone():
    world = World(".K")
    world.decided("skipped", "no_consent")

    text = printed(world, "ko")

    assert "제외 · 수신동의 없음" in text
    assert "2026-12-01 10:00:05  결정  제외  수신동의 없음" in text


def test_a_condition_in_the_way_is_printed_as_it_stands_in_the_file():
    text = printed(World(), "en", "nobody")
    world = World(".S", claim())

    assert "not in the audience · nobody of that id" in text
    assert "arm=B" in printed(world, "en")


def test_what_is_known_of_a_condition_is_printed():
    world = World()
    world.profiles.people["ann"].traits = {}
    world.objects.objects.clear()

    text = printed(world, "en")

    assert 'in the way  path=audience.any[0]  condition={"as": "동의", "trait": "email", "exists": true}' in text
    assert "holds=false" in text


@pytest.mark.parametrize("word", [*OUTCOMES, *SKIPS, *WAITS, *OTHERS])
def test_every_outcome_and_reason_has_its_words_and_its_line_in_the_docs(word):
    assert word in dict(words("ko"))
    assert words("en")[word] != word or "_" not in word
    assert f"`{word}`" in PAGE.read_text(encoding="utf-8")
