"""One appeal, seen at a glance, to enough people to show what it does; and what the law of the country asks."""

import pytest

from cli.definitions.appeal_checks import check_lines, lines_of
from dangol.domain.statistics import smallest_visible, visible_at_best
from tests.shop import CAMPAIGN, PROJECT, campaign, problems, write_shop

GOAL = "goal: {event: purchase, within: 7d, target: {uplift: 3%p}}\nlimits: {audience: {max: MOST}}\n"


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path)


def notes(shop, source: str) -> list[str]:
    return [str(notice).partition("sale.yaml:")[2] for notice in campaign(shop, source).notices]


@pytest.mark.parametrize("appeal", ["할인, 마감", "할인+마감", "할인 및 마감", "할인 그리고 마감", "price and time"])
def test_a_variant_that_tries_two_things_at_once_is_told(shop, appeal):
    (note,) = notes(shop, f"{CAMPAIGN}variants: [{{name: A, appeal: '{appeal}'}}, {{name: B, appeal: 결과}}]\n")

    assert note.startswith("10: variants.0.appeal: 2 appeals at once (")
    assert note.endswith("a result will not tell which one worked; try one in each variant")


@pytest.mark.parametrize("appeal", ["10,000원 할인", "1+1", "C++ 강의", "Q&A", "마감이 가깝다", "할인,"])
def test_one_appeal_is_one_however_it_is_spelled(shop, appeal):
    assert notes(shop, f"{CAMPAIGN}appeal: '{appeal}'\n") == []


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("▼ 강의 보기\n    https://a.example\n    ▶ 쿠폰 받기\n    https://b.example", 2),
        ("▼ 강의 보기 https://a.example\n    → 쿠폰 받기", 2),
        ("▼ 강의 보기\n    https://a.example\n    ▼ 다시 강의 보기 https://a.example", 0),
        ("안녕하세요\n    https://a.example", 0),
    ],
)
def test_a_message_that_asks_for_two_things_is_told(shop, text, acts):
    found = notes(shop, CAMPAIGN.replace("안녕하세요", text))

    asked = f"5: message: A asks for {acts} things; a reader who must choose does neither; keep one act, in cta"
    assert found == ([asked] if acts else [])


def test_an_arrow_beside_a_call_to_action_is_another_act(shop):
    source = CAMPAIGN.replace("안녕하세요\n", "▼ 쿠폰 받기\n  cta: {label: 보기, link: 'https://a.example'}\n")

    assert [note.partition("; ")[0] for note in notes(shop, source)] == ["5: message: A asks for 2 things"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [("한 줄", 1), ("한 줄\n두 줄", 2), ("가" * 22, 1), ("가" * 23, 2), ("a" * 44, 1), ("#{이름}님\n\n{{ plan }}", 3)],
)
def test_the_lines_of_a_push_are_counted_as_a_phone_breaks_them(text, lines):
    assert lines_of(text) == lines


def test_a_text_that_a_phone_cuts_is_told_where_its_channel_does(shop):
    long = campaign(shop, CAMPAIGN.replace("안녕하세요", "가" * 45)).campaign

    (found,) = check_lines(long.model_copy(update={"channel": "push"}))

    assert found.problem == "A takes about 3 lines; a phone shows 2 before it is opened"
    assert list(check_lines(long)) == []


def test_an_audience_that_can_show_nothing_is_told_where_its_limit_says_so(shop):
    (note,) = notes(shop, CAMPAIGN + GOAL.replace("MOST", "500"))

    assert note == (
        "11: limits.audience.max: 500 people, 10% of them held out, cannot show an uplift of 3%p, even if nobody held "
        "out converts; more people, or a larger holdout"
    )
    assert notes(shop, CAMPAIGN + GOAL.replace("MOST", "5000")) == []
    assert notes(shop, CAMPAIGN.replace("holdout: 10%", "holdout: 0%") + GOAL.replace("MOST", "50")) == [
        "10: goal.target: an uplift cannot be measured without a holdout; add holdout: 10%"
    ]


def test_what_shows_at_best_is_less_than_what_any_base_shows():
    people, base = 1_800, 200

    assert visible_at_best(0.03, people, base)
    assert not visible_at_best(0.02, people, base)
    assert not visible_at_best(0.03, 0, base)
    assert (smallest_visible(0.05, people, base) or 0) > 0.03


SMS = CAMPAIGN.replace("channel: email", "channel: sms").replace('  subject: "#{이름}님"\n', "")
FREE = PROJECT.replace('"서울시"', '"서울시", refusal_number: "080-000-0000"')


def test_texts_that_advertise_to_korea_need_a_certified_sender(shop):
    solapi = FREE.replace("email: {provider: ses}", "sms: {provider: solapi}")
    (shop / "dangol.yaml").write_text(solapi)

    (problem,) = problems(campaign, shop, SMS)

    assert problem == (
        "campaigns/sale.yaml:3: purpose: advertising by text message to people in Korea may be sent by a certified "
        "sender alone (전송자격인증, Network Act Art. 50-3(1)); "
        "add sender.certificate, your provider's number of it, to dangol.yaml"
    )
    assert notes(shop, SMS.replace("marketing", "information")) == []
    (shop / "dangol.yaml").write_text(solapi.replace('"서울시"', '"서울시", certificate: "KISA-1"'))
    assert notes(shop, SMS) == []


def test_texts_that_are_written_out_need_no_certificate(shop):
    (shop / "dangol.yaml").write_text(FREE)

    assert [note.partition(";")[0] for note in notes(shop, SMS)] == ["4: channel: sms is not set up"]


def test_each_channel_of_several_has_its_law_and_what_holds_on_all_is_told_once(shop):
    (shop / "dangol.yaml").write_text(
        FREE.replace("email: {provider: ses}", "email: {provider: ses}\n  sms: {provider: solapi}")
    )
    several = CAMPAIGN.replace("channel: email", "channels: [email, lms]").replace(
        "message:", "messages:\n  email: {}\nmessage:"
    )
    source = several.replace('  subject: "#{이름}님"\n', "").replace("email: {}", 'email: {subject: "#{이름}님"}')

    (problem,) = problems(campaign, shop, source + "appeal: 할인, 마감\n")

    assert "certified sender alone" in problem
    (shop / "dangol.yaml").write_text(
        (shop / "dangol.yaml").read_text().replace('"서울시"', '"서울시", certificate: "KISA-1"')
    )
    assert len(notes(shop, source + "appeal: 할인, 마감\n")) == 1


def test_mail_to_the_united_states_shows_a_postal_address(shop):
    nowhere = PROJECT.replace(', address: "서울시"', "")
    (shop / "dangol.yaml").write_text(f"{nowhere}country: US\n")

    (problem,) = problems(campaign, shop, CAMPAIGN)

    assert problem == (
        "campaigns/sale.yaml:3: purpose: advertising by e-mail to people in the United States must show a postal "
        "address (CAN-SPAM, 15 U.S.C. 7704(a)(5)(A)(iii)); add sender.address to dangol.yaml"
    )
    (shop / "dangol.yaml").write_text(f"{nowhere}country: GB\n")
    (note,) = notes(shop, CAMPAIGN)
    assert note.startswith(
        "3: purpose: if anybody in the United States gets it, this e-mail must show a postal address"
    )
    (shop / "dangol.yaml").write_text(f"{PROJECT}country: US\n")
    assert notes(shop, CAMPAIGN) == []
