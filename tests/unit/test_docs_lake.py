"""The page of the lake tells the tables that the template makes, and the rows that are written into them."""

import re
from pathlib import Path
from typing import Any

import pytest

from cli.lake_views import views
from dangol.contracts import Decided
from dangol.domain.neighbours import BURSTS, TOO_SOON
from tests.unit.test_template import of_type

PAGE = (Path(__file__).parents[2] / "docs" / "lake.md").read_text(encoding="utf-8")
TABLES = {
    table["TableInput"]["Name"]: [column["Name"] for column in table["TableInput"]["StorageDescriptor"]["Columns"]]
    for table in of_type("AWS::Glue::Table").values()
}


def told() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", PAGE.partition("## The tables")[2], re.MULTILINE)
    return {name: re.findall(r"`(\w+)`", columns) for name, columns in rows}


def test_the_page_tells_every_table_with_its_columns():
    assert told() == TABLES


@pytest.mark.parametrize("name", [name for name in TABLES if name != "profile_snapshots"])
def test_every_day_is_a_partition_that_nobody_has_to_add(name):
    (table,) = (t["TableInput"] for t in of_type("AWS::Glue::Table").values() if t["TableInput"]["Name"] == name)
    parameters: dict[str, Any] = table["Parameters"]

    assert table["PartitionKeys"] == [{"Name": "dt", "Type": "string"}]
    assert parameters["projection.enabled"] == "true"
    assert parameters["storage.location.template"]["Fn::Sub"].endswith(f"/{name}/dt=${{!dt}}")


def test_what_is_decided_has_a_column_for_each_of_its_facts():
    assert set(Decided.model_fields) <= set(TABLES["decisions"])


def test_the_views_judge_clicks_by_the_numbers_of_the_domain():
    select = views("lake")["engagement"]

    assert all(f"({links}, {span.seconds * 1000})" in select for links, span in BURSTS)
    assert all(f"('{channel}', {span.seconds * 1000})" in select for channel, span in TOO_SOON.items())
