"""The main job on real people: Kevin Hillstrom's e-mail experiment, sent again through the whole stack.

The published result is in ../shared/data/README.md; a report must print it exactly.
"""

import csv
import gzip
import json
import re
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner

from cli.local_cloud import LocalCloud
from cli.main import dangol
from cli.stack import Stack, clock_file, connect
from tests.e2e.conftest import Api, clear_project, mails, recorded

DATA = Path(__file__).parents[3] / "shared" / "data" / "hillstrom.csv.gz"
HOLDOUT = "No E-Mail"
ARMS = ("Mens E-Mail", "Womens E-Mail")
LINK = re.compile(r"https?://\S+/c/[\w.\-]+")
AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari/537.36"
PROJECT = """\
project: hillstrom
locale: en
country: US
timezone: America/New_York
currency: USD
sender: {name: MineThatData, email: hello@shop.example, address: "1 Main Street, Springfield"}
events:
  purchase: {value: spend}
channels:
  email: {provider: ses, rate: 1000/s}
"""
CAMPAIGN = """\
title: Men's or women's merchandise
goal: {event: purchase, within: 14d, target: {uplift: 0.3%p}}
also: [visited]
audience: {trait: recency, gte: 1}
purpose: marketing
channel: email
message:
  subject: Something new for you
  text: |
    Hello,

    see what is new: {{ link("https://shop.example/new") }}
variants:
  - {name: Mens E-Mail, message: {subject: New for men}}
  - {name: Womens E-Mail, message: {subject: New for women}}
assign_by: {trait: segment, holdout: No E-Mail}
"""


@dataclass(frozen=True)
class Customer:
    """One row of the experiment."""

    user_id: str
    row: dict[str, str]

    @property
    def arm(self) -> str:
        return self.row["segment"]

    def did(self, what: str) -> bool:
        return self.row[what] == "1"


@dataclass(frozen=True)
class Shop:
    """The experiment on a stack."""

    cloud: LocalCloud
    stack: Stack
    customers: Sequence[Customer]

    def command(self, *words: str) -> Any:
        """Run a command and read its JSON."""
        told = CliRunner().invoke(
            dangol, ["--local", "--stack", self.cloud.stack, "--project", str(self.cloud.folder), *words, "--json"]
        )
        assert told.exit_code == 0, told.output
        return json.loads(told.stdout)

    def arm(self, name: str) -> list[Customer]:
        return [customer for customer in self.customers if customer.arm == name]


def all_customers() -> list[Customer]:
    if not DATA.exists():
        pytest.skip(f"the experiment's data is not at {DATA}")
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        return [Customer(str(number), row) for number, row in enumerate(csv.DictReader(file), 1)]


def write_shop(folder: Path, customers: Sequence[Customer]) -> Path:
    clear_project(folder)
    (folder / "campaigns").mkdir()
    (folder / "dangol.yaml").write_text(PROJECT)
    (folder / "campaigns" / "hillstrom.yaml").write_text(CAMPAIGN)
    people = folder / "customers.csv"
    with people.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "email", *customers[0].row])
        writer.writeheader()
        writer.writerows({"id": c.user_id, "email": f"{c.user_id}@example.com", **c.row} for c in customers)
    return people


def replay(shop: Shop, api: Api) -> None:
    """Every visit of the e-mail arms as a click on the person's own link; visits and purchases of all as events."""
    links = {mail["To"][0].partition("@")[0]: LINK.search(mail["BodyText"]) for mail in mails(shop.stack)}
    visitors = [c for c in shop.customers if c.did("visit")]
    clickers = [link[0] for c in visitors if c.arm != HOLDOUT and (link := links[c.user_id])]
    with ThreadPoolExecutor(4) as pool:
        statuses = pool.map(lambda url: api.request("GET", url, headers={"user-agent": AGENT}).status, clickers)
        assert set(statuses) == {302}
        answers = list(pool.map(lambda batch: api.batch(*batch), batches(list(events(shop.customers)))))
    assert all(answer["success"] for answer in answers)
    # A click that the queue was too slow for stands in the log, as the alarm says then.
    left = shop.command("replay")
    print(f"clicks that the queue was too slow for: {left['queued']}")
    recorded(shop.stack)


def events(customers: Sequence[Customer]) -> Iterator[dict[str, Any]]:
    for c in customers:
        told = {"type": "track", "userId": c.user_id}
        if c.did("visit"):
            yield {**told, "event": "visited", "messageId": f"visit-{c.user_id}"}
        if c.did("conversion"):
            spend = {"spend": float(c.row["spend"])}
            yield {**told, "event": "purchase", "messageId": f"order-{c.user_id}", "properties": spend}


def batches(messages: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    return [messages[n : n + 200] for n in range(0, len(messages), 200)]


def play(cloud: LocalCloud, customers: Sequence[Customer]) -> tuple[Shop, dict[str, Any], dict[str, Any]]:
    """The whole experiment: import, apply, run, replay; its status and its report."""
    cloud.reset()
    stack = connect(cloud.stack, local=True, folder=cloud.folder)
    shop = Shop(cloud, stack, customers)
    people, before = write_shop(cloud.folder, customers), time.monotonic()

    def took(what: str) -> None:
        nonlocal before
        print(f"{what}: {time.monotonic() - before:.1f} s")
        before = time.monotonic()

    imported = shop.command("import", "profiles", str(people), "--map", "user_id=id", "--consent", "email")
    assert imported["accepted"] == len(customers)
    took(f"import of {len(customers)} profiles")
    shop.command("apply")
    status = shop.command("run", "hillstrom", "--wait")
    took(f"run of {status['audience']}, {status['sent']} sent")
    # Whoever clicks within seconds of the send is a bot.
    clock = clock_file(cloud.folder)
    clock.write_text("60")
    replay(shop, Api(stack))
    took("replay of clicks, visits and purchases, recorded")
    report = shop.command("report", status["run"])
    took("report")
    clock.unlink()
    return shop, status, report


def figures(arm: dict[str, Any]) -> tuple[Any, ...]:
    visited = arm["also"]["visited"]["people"]
    return arm["audience"], visited, arm["converted"], round(arm["revenue"], 2)


def counted(customers: Sequence[Customer]) -> tuple[Any, ...]:
    """The same figures, straight from the file."""
    spend = sum(round(float(c.row["spend"]) * 100) for c in customers) / 100
    visits, conversions = sum(c.did("visit") for c in customers), sum(c.did("conversion") for c in customers)
    return len(customers), visits, conversions, spend


def test_a_sample_of_the_experiment_comes_out_as_the_file_says(cloud: LocalCloud):
    customers = Random(2008).sample(all_customers(), 2_400)

    shop, status, report = play(cloud, customers)

    mens, womens, holdout = report["variants"]
    for arm, name in ((mens, ARMS[0]), (womens, ARMS[1]), (holdout, HOLDOUT)):
        assert figures(arm) == counted(shop.arm(name)), name
    for arm, name in ((mens, ARMS[0]), (womens, ARMS[1])):
        assert arm["clicked"] == sum(c.did("visit") for c in shop.arm(name))
        assert arm["sent"] == len(shop.arm(name))
    assert status["held_out"] == len(shop.arm(HOLDOUT))
    assert status["audience"] == status["sent"] + status["held_out"] == len(customers)
    assert report["totals"]["clicked"] == mens["clicked"] + womens["clicked"]


@pytest.mark.full
def test_the_experiment_comes_out_as_published(cloud: LocalCloud):
    _, status, report = play(cloud, all_customers())

    mens, womens, holdout = report["variants"]
    assert (status["audience"], status["sent"], status["held_out"]) == (64_000, 42_694, 21_306)
    assert figures(mens) == (21_307, 3_894, 267, 30_311.69)
    assert figures(womens) == (21_387, 3_238, 189, 23_038.11)
    assert figures(holdout) == (21_306, 2_262, 122, 13_908.33)
    assert (mens["clicked"], womens["clicked"]) == (3_894, 3_238)
    assert mens["uplift"]["visited"]["absolute"] == pytest.approx(0.0765896, abs=5e-8)
    assert womens["uplift"]["visited"]["absolute"] == pytest.approx(0.0452331, abs=5e-8)
    assert mens["uplift"]["converted"]["absolute"] == pytest.approx(0.0068050, abs=5e-8)
    assert womens["uplift"]["converted"]["absolute"] == pytest.approx(0.0031111, abs=5e-8)
    assert mens["uplift"]["revenue_per_person"]["absolute"] == pytest.approx(0.76983, abs=5e-6)
    assert womens["uplift"]["revenue_per_person"]["absolute"] == pytest.approx(0.42441, abs=5e-6)
    assert mens["uplift"]["visited"]["z"] == pytest.approx(22.486, abs=5e-4)
    assert report["sample_ratio"]["chi2"] == pytest.approx(0.2025, abs=5e-5)
    assert report["sample_ratio"]["p"] == pytest.approx(0.904, abs=5e-4)
