"""Bad input against a deployed stack: one clear answer, and nothing half applied or half imported."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.local_cloud import LocalCloud
from cli.main import dangol
from cli.stack import Stack, connect
from dangol.domain.sieve import OPEN, Columns
from dangol.ports import Search
from tests.e2e.conftest import clear_project

BAD_INPUT = 2
PROJECT = """\
project: shop
timezone: Asia/Seoul
sender: {name: 단골상점, email: hello@shop.example, phone: "1588-0000", address: "서울시"}
events:
  purchase: {value: value}
"""
CAMPAIGN = """\
title: 새 강의
audience: {trait: grade, is: VIP}
purpose: marketing
channel: console
message:
  subject: 안녕하세요
  text: 새 강의가 열렸습니다
schedule: {daily: "10:00"}
"""
MEMBERS = "번호,이름,등급\nm1,김지은,VIP\nm2,이하늘,GOLD\n"
MAP = ("--map", "user_id=번호", "--trait", "name=이름", "--trait", "grade=등급")


@dataclass(frozen=True)
class Shop:
    """A project in a folder, in force on the stack."""

    cloud: LocalCloud
    stack: Stack

    @property
    def folder(self) -> Path:
        return self.cloud.folder

    def command(self, *words: str) -> Result:
        options = ["--local", "--stack", self.cloud.stack, "--project", str(self.folder)]
        return CliRunner().invoke(dangol, [*options, *words])

    def write(self, name: str, content: str | bytes) -> str:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def in_force(self) -> dict[str, Any]:
        """Everything that `apply` changes."""
        definitions = connect(self.cloud.stack, local=True, folder=self.folder).definitions
        client, group = self.stack.client("scheduler"), self.stack.outputs["ScheduleGroup"]
        names = [schedule["Name"] for schedule in client.list_schedules(GroupName=group)["Schedules"]]
        schedules = {name: client.get_schedule(GroupName=group, Name=name)["ScheduleExpression"] for name in names}
        return {
            "campaigns": {name: definitions.current(name) for name in definitions.campaigns()},
            "project": definitions.project(),
            "schedules": schedules,
        }

    def people(self) -> dict[str, dict[str, Any]]:
        everybody = self.stack.profiles.scan(0, 1, None, Search(OPEN, Columns(whole=True)))
        return {p.user_id: p.traits for page in everybody for p, _ in page.people}


@pytest.fixture(scope="module")
def shop(cloud: LocalCloud, emptied: Stack) -> Shop:
    shop = Shop(cloud, emptied)
    clear_project(cloud.folder)
    shop.write("dangol.yaml", PROJECT)
    shop.write("campaigns/a-good.yaml", CAMPAIGN)
    imported = shop.command("import", "profiles", shop.write("members.csv", MEMBERS), *MAP)
    assert imported.exit_code == 0, imported.output
    applied = shop.command("apply")
    assert applied.exit_code == 0, applied.output
    return shop


def refusal(result: Result) -> str:
    """The one line that a refused command ends with."""
    assert result.exit_code == BAD_INPUT, result.output
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert "Traceback" not in line
    return line


@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        ("title:", "holdouts: 10%\ntitle:", "did you mean holdout?"),
        ('{daily: "10:00"}', '{daily: "10:00", timezone: Asia/Soul}', "Asia/Soul"),
        ('{daily: "10:00"}', '{cron: "0 9 * * *"}', "six are needed"),
        ("{trait: grade, is: VIP}", "{trait: grad, is: VIP}", "did you mean grade?"),
        ("purpose: marketing", "purpose: advertising", "marketing"),
        ("title: 새 강의", "title: [새 강의", "YAML"),
    ],
)
def test_a_bad_campaign_puts_none_of_the_campaigns_into_force(shop: Shop, good: str, bad: str, said: str):
    before = shop.in_force()
    shop.write("dangol.yaml", f"{PROJECT}currency: USD\n")
    shop.write("campaigns/a-good.yaml", CAMPAIGN.replace("10:00", "11:00"))
    shop.write("campaigns/b-bad.yaml", CAMPAIGN.replace(good, bad))

    result = shop.command("apply")

    line = refusal(result)
    assert "b-bad" in line
    assert said in line
    assert shop.in_force() == before


def test_a_bad_project_changes_nothing_in_force(shop: Shop):
    before = shop.in_force()
    shop.write("dangol.yaml", PROJECT.replace("Asia/Seoul", "Asia/Soul"))
    (shop.folder / "campaigns" / "b-bad.yaml").unlink(missing_ok=True)

    line = refusal(shop.command("apply"))
    shop.write("dangol.yaml", PROJECT)

    assert "dangol.yaml:2" in line
    assert "Asia/Soul" in line
    assert shop.in_force() == before


def test_a_segment_on_a_trait_that_nobody_has_is_not_counted_as_empty(shop: Shop):
    line = refusal(shop.command("segment", "count", "{trait: garde, is: VIP}"))

    assert "nobody has the trait 'garde'" in line
    assert "did you mean grade?" in line


def test_a_run_of_what_was_never_applied_is_refused(shop: Shop):
    assert "nothing" in refusal(shop.command("run", "nothing"))


def workbook(_: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    return packed.getvalue()


def without_ids(text: str) -> bytes:
    head, *rows = text.splitlines()
    return "\n".join([head, *("," + row.partition(",")[2] for row in rows)]).encode()


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("members.xlsx", workbook, "Excel workbook"),
        ("empty-ids.csv", without_ids, "all rows are rejected and nothing was imported"),
        ("renamed.csv", lambda text: text.replace("번호", "회원번호").encode(), "did you mean '회원번호'?"),
        ("empty.csv", lambda _: b"", "empty"),
        ("header.csv", lambda text: text.splitlines()[0].encode(), "no row under the header"),
    ],
)
def test_a_bad_file_imports_nobody(shop: Shop, name: str, spoil: Callable[[str], bytes], said: str):
    before = shop.people()
    file = shop.write(name, spoil(MEMBERS.replace("VIP", "BRONZE")))

    line = refusal(shop.command("import", "profiles", file, *MAP))

    assert said in line
    assert shop.people() == before
    assert Path(f"{file}.rejects.csv").exists() is (name == "empty-ids.csv")


def test_a_file_from_a_korean_excel_is_read_as_it_was_meant(shop: Shop):
    file = shop.write("cp949.csv", "번호,이름,등급\nm3,뷁슭,VIP\n,이름뿐,VIP\n".encode("cp949"))

    told = json.loads(shop.command("import", "profiles", file, *MAP, "--json").stdout)

    assert (told["accepted"], told["rejected"]) == (1, 1)
    assert shop.people()["m3"]["name"] == "뷁슭"
    assert "이름뿐" in Path(told["rejects_file"]).read_text(encoding="utf-8-sig")
