"""Every example of docs/segments.md loads, and is answered; the dormant are who the page says they are."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from cli.definitions import load_project, load_segment
from dangol.domain.matching import Moment, matches
from dangol.domain.profile import Occurrence, Profile, Touches, fold
from dangol.domain.project import EventSpec
from dangol.domain.segment import KINDS, Segment
from tests.actors import NOON, NOW, SEOUL

PAGE = (Path(__file__).parents[2] / "docs" / "segments.md").read_text(encoding="utf-8")
FENCES: list[str] = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
INLINE = [
    text for text in re.findall(r"`(\{[^`]+\})`", PAGE) if re.match(rf"\{{({'|'.join(KINDS)}|in_segment): ", text)
]
PROJECT = """\
project: shop
sender: {name: 단골, email: a@shop.example, phone: "1", address: 서울}
events:
  view_item: {facets: [category, item_id]}
  begin_checkout: {facets: [category]}
  purchase: {facets: [price, item_id], value: price}
"""
MOMENT = Moment(NOW, SEOUL)
DAY, YEAR = 86_400, 365 * 86_400


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "segments").mkdir()
    (tmp_path / "dangol.yaml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / "segments" / "dormant.yaml").write_text(dormant(), encoding="utf-8")
    return tmp_path


def dormant() -> str:
    """The page's recipe."""
    (recipe,) = [fence for fence in FENCES if fence.startswith("title: 휴면")]
    return recipe


def test_the_page_has_an_example_of_every_condition():
    assert {
        kind for kind in (*KINDS, "in_segment") if not any(f"{kind}: " in text for text in (*INLINE, *FENCES))
    } == set()


@pytest.mark.parametrize("example", [*INLINE, *FENCES])
def test_every_example_loads_and_is_answered(shop, example):
    told = YAML(typ="safe").load(example)
    asked = told.get("audience", told)
    text = json.dumps(asked, ensure_ascii=False)

    segment = load_segment(text, load_project(shop), shop)

    nobody = Profile("nobody", touches=Touches())
    assert segment.sql or matches(segment, nobody, MOMENT) in (True, False)


@pytest.mark.parametrize(
    ("signed_up", "visited", "bought", "is_dormant"),
    [
        (YEAR + 1, None, None, True),
        (YEAR, None, None, False),
        (YEAR + 1, YEAR + 1, None, True),
        (YEAR + 1, YEAR, None, False),
        (YEAR + 1, YEAR + 1, YEAR, False),
        (None, None, None, False),
    ],
)
def test_the_dormant_are_who_the_page_says(signed_up, visited, bought, is_dormant):
    ann = Profile("ann")
    if signed_up:
        ann.traits["signed_up_at"] = (NOW - timedelta(seconds=signed_up)).isoformat()
    for event, ago in (("view_item", visited), ("purchase", bought)):
        if ago:
            fold(ann, Occurrence(event, NOON - ago), EventSpec())

    assert matches(Segment.model_validate(YAML(typ="safe").load(dormant())), ann, MOMENT) is is_dormant
