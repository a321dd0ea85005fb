"""Files read into models: where each problem is told, and what is read in."""

import re
from pathlib import Path

import pytest

from cli.definitions import load_campaign, load_project, load_segment
from dangol.domain.campaign import Campaign
from dangol.domain.project import Project
from dangol.domain.segment import Segment, conditions
from tests.shop import CAMPAIGN, PROJECT, campaign, problems, write_shop

ROOT = Path(__file__).parents[2]
DESIGN = ROOT / "tests" / "fixtures" / "design"


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path)


def test_the_example_of_the_design_loads_as_printed():
    project = load_project(DESIGN)
    loaded = load_campaign(DESIGN / "campaigns" / "course-launch.yaml", project)

    assert loaded.id == "course-launch"
    assert loaded.notices == ()
    assert loaded.campaign.audience.name == "dev-interested"
    assert [segment.name for segment in project.always_exclude] == ["dormant"]
    assert loaded.body["goal"]["target"] == {"uplift": "3%p"}
    assert Campaign.model_validate(loaded.body) == loaded.campaign
    assert loaded.source.startswith("title: 파이썬")


@pytest.mark.parametrize("path", sorted((ROOT / "campaigns").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_demo_shop_has_nothing_to_mend(path):
    assert load_campaign(path, load_project(ROOT)).notices == ()


def test_a_segment_is_a_file_a_name_or_the_conditions_themselves(shop):
    project = load_project(shop)
    by_path = load_segment(shop / "segments" / "dormant.yaml", project)

    assert (by_path.name, by_path.title) == ("dormant", "휴면")
    assert load_segment("dormant", project, shop) == by_path
    assert load_segment("segments/dormant.yaml", project, shop) == by_path
    assert load_segment(str(shop / "segments" / "dormant.yaml"), project) == by_path
    assert load_segment("{did: view_item}", project).name == ""
    assert problems(load_segment, "nobody", project, shop) == ["segments/nobody.yaml: is not there"]
    assert problems(load_segment, "nothing.yaml", project, shop) == ["nothing.yaml: is not there"]


def test_segments_are_read_in_where_a_campaign_names_them(shop):
    loaded = campaign(shop, CAMPAIGN + "exclude: [segments/dormant.yaml, {trait: vip, is: true}]\n")

    assert [segment.name for segment in loaded.campaign.exclude] == ["dormant", ""]


def test_problems_of_a_segment_are_told_in_its_own_file(shop):
    (shop / "segments" / "dormant.yaml").write_text("did_not: view_item\nwhere: {brand: x}\nwithn: 1d\n")

    told = problems(campaign, shop, CAMPAIGN + "exclude: [segments/dormant.yaml]\nlimit: {}\n")

    assert [line.partition(" ")[0] for line in told] == ["campaigns/sale.yaml:11:", "segments/dormant.yaml:3:"]


def test_a_segment_file_that_is_no_text_does_not_hide_the_rest(shop):
    (shop / "segments" / "dormant.yaml").write_bytes("title: 휴면".encode("cp949"))

    told = problems(campaign, shop, CAMPAIGN + "exclude: [segments/dormant.yaml]\nlimit: {}\n")

    assert [line.partition(" ")[0] for line in told] == ["campaigns/sale.yaml:11:", "segments/dormant.yaml:1:"]


def test_a_condition_that_dangol_yaml_excludes_by_is_checked_too(shop):
    (shop / "dangol.yaml").write_text(PROJECT + "always_exclude: [{did: 3}]\n")

    assert problems(load_project, shop)[0].startswith("dangol.yaml:10: always_exclude.0.did: 3 is not text")


def test_an_undeclared_facet_in_an_exclusion_is_told_too(shop):
    told = problems(campaign, shop, CAMPAIGN + "exclude:\n  - {did: view_item, where: {brand: x}}\n")

    assert told[0].startswith("campaigns/sale.yaml:11: exclude.0.where.brand: 'brand' is not a facet")


@pytest.mark.parametrize("name", ["신규.yaml", "-x.yaml", "sale.txt"])
def test_a_file_whose_name_is_no_id_gets_a_clear_answer(shop, name):
    assert problems(campaign, shop, CAMPAIGN, name)[0].startswith(
        f"campaigns/{name}: '{name}' cannot be an id; name the file like course-launch.yaml"
    )


def test_a_file_that_is_no_mapping_says_which_keys_there_are(shop):
    assert problems(campaign, shop, "안녕")[0].startswith(
        "campaigns/sale.yaml:1: is not a list of keys with values; keys: title, goal"
    )


def test_a_channel_that_is_not_set_up_is_a_notice(shop):
    (shop / "dangol.yaml").write_text(PROJECT.partition("channels:")[0])

    (notice,) = campaign(shop, CAMPAIGN).notices

    assert (notice.line, notice.field) == (4, "channel")
    assert notice.hint == "set up channels.email in dangol.yaml"


def test_advertising_to_korea_names_the_senders_phone_and_address(shop):
    (shop / "dangol.yaml").write_text(PROJECT.replace(', phone: "1588-0000", address: "서울시"', ""))

    (problem,) = problems(campaign, shop, CAMPAIGN)
    informative = campaign(shop, CAMPAIGN.replace("purpose: marketing", "purpose: information"))

    assert problem.endswith(
        "the sender's phone and address (Network Act Art. 50(4)); add sender.phone and sender.address to dangol.yaml"
    )
    assert informative.notices == ()


def test_what_a_page_shows_itself_names_nobody(shop):
    (shop / "dangol.yaml").write_text(PROJECT.replace(', phone: "1588-0000", address: "서울시"', ""))
    text = re.sub("  subject: .*\n", "", CAMPAIGN.replace("channel: email", "channel: in_web"))

    assert campaign(shop, text).notices == ()


def test_without_any_merge_tag_the_hint_is_to_declare_one(shop):
    (shop / "dangol.yaml").write_text(PROJECT.replace("merge_tags:\n  이름: {trait: name, default: 고객}\n", ""))

    assert problems(campaign, shop, CAMPAIGN) == [
        "campaigns/sale.yaml:6: message.subject: #{이름} is not a merge tag of dangol.yaml; declare it under merge_tags"
    ]


def test_a_project_in_english_gets_english_hints(shop):
    (shop / "dangol.yaml").write_text(PROJECT.replace('phone: "1588-0000"', "phone: 15880000") + "locale: en\n")

    assert problems(load_project, shop) == [
        'dangol.yaml:2: sender.phone: 15880000 is not text; put it in quotes: "15880000"'
    ]


def test_a_folder_without_a_project_says_how_to_begin(tmp_path):
    assert problems(load_project, tmp_path) == [
        f"dangol.yaml: is not in {tmp_path}; dangol init writes one; dangol --project DIR names another folder"
    ]


def test_a_campaign_is_checked_by_itself_where_the_project_is_broken(shop):
    path = shop / "campaigns" / "sale.yaml"
    path.write_text(CAMPAIGN.replace("이름", "아무거나"))

    assert load_campaign(path, None).campaign.title == "오픈"
    assert isinstance(load_project(shop), Project)


def test_a_file_outside_the_project_is_called_by_its_whole_path(shop, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "sale.yaml"
    elsewhere.write_text("title: 7\n")

    assert problems(load_campaign, elsewhere, load_project(shop), shop)[0].startswith(f"{elsewhere}:1: ")


SEGMENT_OF = {
    "vip": "{trait: grade, is: vip}",
    "warm": "any: [{in_segment: vip, as: 단골}, {did: view_item, within: 7d}]",
    "a": "all: [{in_segment: b}]",
    "b": "none: [{in_segment: a}]",
    "query": "sql: select user_id from events",
}


def test_a_segment_stands_for_its_conditions_in_another(shop):
    for name, told in SEGMENT_OF.items():
        (shop / "segments" / f"{name}.yaml").write_text(f"{told}\n", encoding="utf-8")
    project = load_project(shop)

    read = load_segment("{all: [{in_segment: warm}, {in_segment: segments/vip.yaml}]}", project, shop)

    inner = load_segment("warm", project, shop)
    assert read.all_ is not None
    assert [group.all_ for group in read.all_] == [(inner,), (load_segment("vip", project, shop),)]  # type: ignore[union-attr]
    assert [branch.label for branch in inner.branches()] == ["단골"]
    stored = Segment.model_validate(read.model_dump(mode="json", by_alias=True, exclude_unset=True))
    assert conditions(stored)[-1] == conditions(read)[-1]


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ("{in_segment: a}", "goes round in circles: a → b → a; take one of these lines out"),
        (
            "{all: [{in_segment: vipp}]}",
            "there is no segment file 'segments/vipp.yaml'; ",
        ),
        ("{none: [{in_segment: query}]}", "'query' is a query, and no condition; name it as the audience itself"),
        ("{all: [{in_segment: vip, within: 7d}]}", "'within' is not a key here"),
    ],
)
def test_a_segment_that_cannot_stand_there_is_refused(shop, told, problem):
    for name, written in SEGMENT_OF.items():
        (shop / "segments" / f"{name}.yaml").write_text(f"{written}\n", encoding="utf-8")

    found = problems(load_segment, told, load_project(shop), shop)

    assert problem in found[0]
