"""Real people's behaviour: imported in seconds, and asked by conditions and by SQL alike.

What comes out is in ../shared/data/README.md.
"""

import csv
import gzip
import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cli.local_cloud import LocalCloud
from cli.main import dangol
from tests.e2e.conftest import clear_project

DATA = Path(__file__).parents[3] / "shared" / "data"
BEHAVIOUR = DATA / "taobao_userbehavior_100k.csv.gz"
SHOPPERS = DATA / "hillstrom.csv.gz"
AT = "2017-12-04T00:00"
LEFT = "{all: [{did: cart, within: 3d}, {did_not: buy, within: 3d}]}"
# In the order of a query's own clauses: half-open, three times 24 hours back.
LEFT_IN_SQL = """
select user_id
from (
  select
    user_id,
    max(case when event = 'cart' then 1 else 0 end) as put,
    max(case when event = 'buy' then 1 else 0 end) as bought
  from events, run
  where at_ms >= scheduled_ms - 3 * 86400000 and at_ms < scheduled_ms
  group by user_id
) as lately
where put = 1 and bought = 0
"""
PROJECT = """\
project: taobao
timezone: Asia/Shanghai
locale: en
sender: {name: Shop, email: hello@shop.example, address: "1 Main Street"}
channels:
  email: {provider: ses, rate: 1000/s}
  console: {}
"""
CAMPAIGN = """\
title: What is left in the cart
purpose: information
channel: console
audience:
  sql: >
    select user_id from profiles join events using (user_id) where event = 'fav' and user_id like '100%'
message: {text: "It is still there."}
"""

Command = Callable[..., Any]


@pytest.fixture(scope="module")
def command(cloud: LocalCloud) -> Iterator[Command]:
    """Runs a command on an emptied stack, and reads what it prints."""
    cloud.reset()
    clear_project(cloud.folder)
    (cloud.folder / "dangol.yaml").write_text(PROJECT)

    def run(*words: str) -> Any:
        told = CliRunner().invoke(
            dangol, ["--local", "--stack", cloud.stack, "--project", str(cloud.folder), *words, "--json"]
        )
        assert told.exit_code == 0, told.output
        return json.loads(told.stdout)

    (cloud.folder / "campaigns").mkdir()
    (cloud.folder / "campaigns" / "favourites.yaml").write_text(CAMPAIGN)
    run("apply")
    yield run
    clear_project(cloud.folder)


@pytest.fixture(scope="module")
def behaviour(command: Command, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The file, imported."""
    if not BEHAVIOUR.exists():
        pytest.fail(f"no file {BEHAVIOUR}")
    file = shutil.copy(BEHAVIOUR, tmp_path_factory.mktemp("taobao"))
    maps = ("--map", "user_id=user_id", "--map", "event=behavior", "--map", "time=ts", "--time-format", "unix")
    started = time.monotonic()
    imported = command("import", "events", str(file), *maps)
    print(f"import of {imported['accepted']} events: {time.monotonic() - started:.1f} s")
    return imported


def test_a_hundred_thousand_events_are_imported(behaviour: Any):
    # How long it takes is printed, and in docs/performance.md: a busy machine must not fail a test.
    assert behaviour["accepted"] + behaviour["duplicates"] + behaviour["rejected"] == 100_001


def test_conditions_and_sql_find_the_same_people_who_left_their_cart(behaviour: Any, command: Command, tmp_path: Path):
    by_conditions, by_sql = tmp_path / "conditions.txt", tmp_path / "sql.txt"

    said = command("segment", "count", LEFT, "--at", AT, "--members", str(by_conditions))
    asked = command("segment", "count", json.dumps({"sql": LEFT_IN_SQL}), "--at", AT, "--members", str(by_sql))

    assert (said["count"], said["inexact"]) == (310, 0)
    assert asked["count"] == 310
    assert sorted(by_sql.read_text().split()) == sorted(by_conditions.read_text().split())


def test_the_people_themselves_are_a_table_too(behaviour: Any, command: Command):
    one = command("segment", "count", json.dumps({"sql": "select user_id from profiles where traits = '{}'"}))

    assert one["count"] == behaviour["people"]


@pytest.mark.full
def test_a_campaign_in_sql_goes_to_whom_its_query_finds(behaviour: Any, command: Command, tmp_path: Path):
    members = tmp_path / "members.txt"
    counted = command("segment", "count", "{did: fav}", "--members", str(members))
    wanted = [user for user in members.read_text().split() if user.startswith("100")]

    status = command("run", "favourites", "--wait")

    assert counted["inexact"] == 0
    assert status["audience"] == len(wanted) > 0
    # On a busy machine a hand-over may be cut off by the tests' short timeouts, and is in doubt then.
    assert status["sent"] + status["unknown"] == status["audience"]


NEW, SPENDING = "{trait: newbie, is: 1}, {trait: recency, lte: 6}", "{trait: history, gte: 500}"
SETS = {
    f"{{all: [{NEW}]}}": 19_034,
    SPENDING: 8_078,
    f"{{any: [{{all: [{NEW}]}}, {SPENDING}]}}": 20_748,
    f"{{all: [{NEW}, {SPENDING}]}}": 6_364,
}


@pytest.mark.full
def test_the_algebra_of_sets_on_shoppers(command: Command, tmp_path: Path):
    if not SHOPPERS.exists():
        pytest.fail(f"no file {SHOPPERS}")
    with gzip.open(SHOPPERS, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    people = tmp_path / "shoppers.csv"
    with people.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", *rows[0]])
        writer.writeheader()
        writer.writerows({"id": f"shopper-{number}", **row} for number, row in enumerate(rows, 1))

    imported = command("import", "profiles", str(people), "--map", "user_id=id")

    print(f"import of {imported['accepted']} people: {imported['seconds']} s")
    for asked, people_of_it in SETS.items():
        assert command("segment", "count", asked, "--size")["count"] == people_of_it, asked
