"""`dangol init`, `validate` and `schema`, as they are typed."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import dangol

ROOT = Path(__file__).parents[2]
DESIGN = ROOT / "tests" / "fixtures" / "design"


def invoke(*arguments):
    return CliRunner().invoke(dangol, [str(argument) for argument in arguments], prog_name="dangol")


TEXTS = """\
project: shop
sender: {name: 단골상점, email: a@b.example, phone: "1588-0000", refusal_number: "080-000-0000", certificate: "KISA-1"}
prices: {sms: 12, lms: 39}
channels:
  sms: {provider: solapi}
  alimtalk: {provider: solapi, profile: KA01PF}
"""
SMS = """\
title: 오늘
audience: {did: view_item}
purpose: marketing
channel: sms
message:
  text: 오늘만 20% 할인해요
"""


@pytest.fixture
def shop(tmp_path):
    return Path(shutil.copytree(DESIGN, tmp_path / "shop"))


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_a_new_project_has_nothing_to_mend(tmp_path, locale):
    made = invoke("init", tmp_path / "My Shop", "--locale", locale, "--json")
    checked = invoke("--project", tmp_path / "My Shop", "validate", "--json")

    assert json.loads(made.stdout)["files"] == [
        "campaigns/first.yaml",
        "dangol.yaml",
        "segments/interested.yaml",
        "schema/campaign.json",
        "schema/project.json",
        "schema/segment.json",
    ]
    assert json.loads(checked.stdout) == {
        "files": [
            {"file": "dangol.yaml", "kind": "project", "id": "my-shop"},
            {"file": "campaigns/first.yaml", "kind": "campaign", "id": "first"},
            {"file": "segments/interested.yaml", "kind": "segment", "id": "interested"},
        ],
        "notices": [],
        "texts": [],
        "problems": [],
    }


def test_the_schema_that_a_new_file_names_is_there(tmp_path):
    invoke("init", tmp_path)

    for path in tmp_path.rglob("*.yaml"):
        first = path.read_text().partition("\n")[0]
        assert (path.parent / first.partition("$schema=")[2]).is_file()


def test_a_folder_without_a_latin_name_gets_one(tmp_path):
    result = invoke("init", tmp_path / "가게")

    assert "project: my-shop\n" in (tmp_path / "가게" / "dangol.yaml").read_text()
    assert result.stdout.splitlines()[-1] == f"next   dangol --project {tmp_path / '가게'} validate"


def test_init_overwrites_nothing(tmp_path):
    (tmp_path / "dangol.yaml").write_text("mine")

    result = invoke("init", tmp_path)

    assert result.exit_code == 2
    assert result.stderr.startswith(f"{tmp_path}/dangol.yaml is there already: ")
    assert [path.name for path in tmp_path.iterdir()] == ["dangol.yaml"]
    assert (tmp_path / "dangol.yaml").read_text() == "mine"


@pytest.mark.parametrize("folder", [ROOT, DESIGN])
def test_the_demo_shop_and_the_example_of_the_design_are_clean(folder):
    result = invoke("--project", folder, "validate", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["notices"] == []


def test_files_are_listed_for_people(shop):
    result = invoke("--project", shop, "validate")

    assert result.stdout.splitlines()[:4] == [
        "ok  dangol.yaml",
        "ok  campaigns/course-launch.yaml",
        "ok  segments/dev-interested.yaml",
        "ok  segments/dormant.yaml",
    ]


def test_of_an_e_mail_that_advertises_subject_and_end_are_shown(shop):
    told = invoke("--project", shop, "validate").stdout
    (first, *_) = json.loads(invoke("--project", shop, "validate", "--json").stdout)["texts"]

    assert f"course-launch {first['variant']}: its subject and its end" in told
    assert f"    [{first['title']}]\n    …\n    단골상점 | 서울시 … | 1588-0000 | hello@shop.example\n" in told
    assert first["title"].startswith("(광고) ")
    assert first["text"].rstrip().endswith(first["footer"])


def test_named_files_are_checked_against_their_own_project(shop):
    result = invoke(
        "validate", shop / "campaigns" / "course-launch.yaml", shop / "segments" / "dormant.yaml", shop / "dangol.yaml"
    )

    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "ok  dangol.yaml"


def test_the_final_words_of_a_text_message_are_shown_with_their_size_and_price(shop):
    (shop / "dangol.yaml").write_text(TEXTS)
    campaign = shop / "campaigns" / "sms.yaml"
    campaign.write_text(SMS)

    told = json.loads(invoke("--project", shop, "validate", campaign, "--json").stdout)["texts"]
    shown = invoke("--project", shop, "validate", campaign).stdout.splitlines()

    (text,) = told
    assert (text["campaign"], text["kind"], text["bytes"], text["price"]) == ("sms", "sms", 60, 12)
    assert text["text"] == "(광고)단골상점\n오늘만 20% 할인해요\n무료수신거부 080-000-0000"
    assert shown[-4:] == ["sms A: SMS, 60 bytes, 12 a message", *(f"    {line}" for line in text["text"].splitlines())]


def test_an_lms_is_shown_with_its_title_and_an_alimtalk_with_its_characters(shop):
    (shop / "dangol.yaml").write_text(TEXTS)
    titled, talk = shop / "campaigns" / "lms.yaml", shop / "campaigns" / "talk.yaml"
    titled.write_text(SMS.replace("  text:", "  subject: 새 소식\n  text:"))
    talk.write_text(
        SMS.replace("sms", "alimtalk").replace("marketing", "information").replace("  text", "  template: K\n  text")
    )

    lines = invoke("--project", shop, "validate", titled, talk).stdout.splitlines()

    assert lines[lines.index("lms A: LMS, 60 bytes, 39 a message") + 1] == "    [새 소식]"
    assert lines[-2:] == ["talk A: alimtalk, 12 characters", "    오늘만 20% 할인해요"]


def test_what_is_not_set_up_is_a_note(shop):
    project = (shop / "dangol.yaml").read_text()
    (shop / "dangol.yaml").write_text(project.partition("channels:")[0])

    result = invoke("--project", shop, "validate", shop / "campaigns" / "course-launch.yaml")

    assert result.exit_code == 0
    assert "note  campaigns/course-launch.yaml:" in result.stdout


def test_all_files_are_told_at_once_each_problem_once(shop):
    (shop / "segments" / "dormant.yaml").write_text("did_nto: page_view\n")
    (shop / "campaigns" / "other.yaml").write_text("title: 7\n")
    (shop / "campaigns" / "notes.txt").write_text("no campaign")

    result = invoke("--project", shop, "validate")

    assert result.exit_code == 2
    assert [line.partition(" ")[0] for line in result.stderr.splitlines()] == [
        "campaigns/other.yaml:1:",
        "campaigns/other.yaml:1:",
        "campaigns/other.yaml:1:",
        "campaigns/other.yaml:1:",
        "campaigns/other.yaml:1:",
        "segments/dormant.yaml:1:",
    ]
    assert result.stdout == ""


def test_problems_are_json_for_programs(shop):
    (shop / "campaigns" / "other.yaml").write_bytes("title: 안녕".encode("cp949"))

    result = invoke("--project", shop, "validate", "--json")

    assert json.loads(result.stdout) == {
        "problems": [
            {
                "file": "campaigns/other.yaml",
                "line": 1,
                "field": "",
                "problem": "is saved as CP949 (EUC-KR)",
                "hint": "UTF-8로 저장해 주세요",
            }
        ]
    }


def test_a_broken_project_does_not_hide_a_broken_campaign(shop):
    (shop / "dangol.yaml").write_text("project: shop\n")
    (shop / "campaigns" / "course-launch.yaml").write_text("title: 7\n")

    files = {line.partition(":")[0] for line in invoke("--project", shop, "validate").stderr.splitlines()}

    assert files == {"dangol.yaml", "campaigns/course-launch.yaml"}


def test_a_file_that_is_not_there_is_said(shop):
    result = invoke("--project", shop, "validate", shop / "campaigns" / "none.yaml")

    assert (result.exit_code, result.stderr) == (2, "campaigns/none.yaml: is not there\n")


@pytest.mark.parametrize("kind", ["campaign", "project", "segment"])
def test_the_schema_of_a_file_is_json_schema(kind):
    schema = json.loads(invoke("schema", kind, "--json").stdout)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert '"null"' not in json.dumps(schema)
    assert json.loads(invoke("schema", kind).stdout) == schema


def test_the_schema_knows_what_only_files_may_say():
    campaign = json.loads(invoke("schema").stdout)
    project = json.loads(invoke("schema", "project").stdout)
    segment = json.loads(invoke("schema", "segment").stdout)

    assert campaign["properties"]["audience"]["anyOf"][0]["pattern"].startswith("^segments/")
    assert project["properties"]["always_exclude"]["items"]["anyOf"][0]["type"] == "string"
    assert campaign["$defs"]["Target"]["anyOf"][0]["type"] == "string"
    assert campaign["additionalProperties"] is False
    whole, *single = segment["$defs"]["Segment"]["anyOf"]
    assert "name" not in whole["properties"]
    assert all("title" in condition["properties"] for condition in single)
    assert any("did" in condition["properties"] for condition in single)
