"""What is wrong, or risky, about the texts of a campaign on channels that count them."""

import pytest

from cli.testing import reached
from dangol.domain.errors import InputError
from tests.shop import PROJECT, campaign, problems, write_shop

SHOP = PROJECT.replace('"서울시"', '"서울시", refusal_number: "080-000-0000", certificate: "KISA-1"').replace(
    "  email: {provider: ses}\n",
    "  email: {provider: ses}\n  sms: {provider: solapi}\n  alimtalk: {provider: nhn, profile: key}\n",
)
SMS = """\
title: 오픈
audience: {did: view_item, within: 30d}
purpose: marketing
channel: sms
message:
  text: |
    TEXT
"""
TALK = SMS.replace("marketing", "information").replace("sms", "alimtalk").replace("  text", "  template: KA01\n  text")


@pytest.fixture
def shop(tmp_path):
    folder = write_shop(tmp_path)
    (folder / "dangol.yaml").write_text(SHOP)
    return folder


def notes(shop, text: str, source: str = SMS) -> list[str]:
    return [str(notice).partition("sale.yaml:")[2] for notice in campaign(shop, source.replace("TEXT", text)).notices]


def test_an_ordinary_text_message_has_nothing_to_mend(shop):
    assert notes(shop, "#{이름}님, 오늘만 20% 할인해요") == []


def test_a_character_that_carriers_lack_is_told_with_its_place(shop):
    hint = "is not in EUC-KR; Korean carriers refuse it, or show something else"

    assert notes(shop, "똠방각하\n    오늘만 😀") == [
        f"7: message.text: '똠', character 1 of the text, {hint}",
        f"8: message.text: '😀', character 10 of the text, {hint}",
    ]


def test_a_title_and_a_label_are_sent_too(shop):
    source = SMS.replace("  text:", "  subject: 똠\n  cta: {label: '보기 😀', link: 'https://a.example'}\n  text:")

    assert [note.partition(", is not")[0] for note in notes(shop, "오늘만", source)] == [
        "6: message.subject: '똠', character 1 of the title",
        "7: message.cta.label: '😀', character 4 of the label",
    ]


def test_what_is_sent_by_aws_may_hold_any_character(shop):
    (shop / "dangol.yaml").write_text(SHOP.replace("sms: {provider: solapi}", "sms: {provider: aws}"))

    assert notes(shop, "오늘만 😀") == []


def test_two_links_and_a_link_that_nothing_stands_in_front_of_are_risky(shop):
    two = "여기 https://a.example 와 {{ link('https://b.example') }}"

    (many,) = notes(shop, two)
    assert many.startswith("6: message.text: A has 2 links; which one is meant, and spam filters count them; keep")
    assert notes(shop, "세일\n    {{ link('https://b.example') }}") == [
        "6: message.text: nothing stands in front of the link of A; say what it leads to, in a cta or before it"
    ]


def test_a_label_that_carriers_do_not_take_is_an_error_that_names_its_rule(shop):
    (problem,) = problems(campaign, shop, SMS.replace("TEXT", "(광 고) 세일"))

    assert problem == (
        "campaigns/sale.yaml:6: message.text: (광 고) is no label of advertising "
        "(Network Act Art. 50(4), decree Annex 6); begin with (광고) to the letter, or leave it out: dangol adds it"
    )
    assert notes(shop, "(광 고) 세일", SMS.replace("marketing", "information")) == []


def test_advertising_by_text_message_needs_a_free_number_to_refuse_by(shop):
    (shop / "dangol.yaml").write_text(SHOP.replace(', refusal_number: "080-000-0000"', ""))

    (problem,) = problems(campaign, shop, SMS)

    assert problem.endswith(
        "a free number to refuse by (Network Act Art. 50(4) and (6)); add sender.refusal_number to dangol.yaml"
    )


def test_a_text_that_no_lms_holds_is_an_error(shop):
    source = SMS.replace("  text:", f"  subject: {'제목' * 11}\n  text:")

    assert problems(campaign, shop, source.replace("TEXT", "가" * 1_000)) == [
        "campaigns/sale.yaml:6: message.subject: the title is 44 bytes long; an LMS shows 40",
        "campaigns/sale.yaml:7: message.text: A is 2,041 bytes long in its last words; an LMS holds 2,000",
    ]


def test_a_trait_that_a_person_needs_stands_for_itself(shop):
    (shop / "dangol.yaml").write_text(
        SHOP.replace("이름: {trait: name, default: 고객}", "도시: {trait: address.city.name}")
    )

    loaded = campaign(shop, SMS.replace("TEXT", "#{도시}의 {{ plan }} 회원님"))

    assert loaded.notices == ()


def test_a_template_that_does_sums_with_a_trait_has_a_text_for_real_people_alone(shop):
    assert notes(shop, "{{ points + 100 }}점") == []


def test_a_text_that_cannot_be_compiled_is_told_once(shop):
    (problem,) = problems(campaign, shop, SMS.replace("TEXT", "{{ plan"))

    assert "the template does not compile" in problem


def test_an_alimtalk_is_the_text_that_kakao_approved(shop):
    assert notes(shop, "#{이름}님, 주문이 출발했어요", TALK) == []
    (problem,) = problems(campaign, shop, TALK.replace("TEXT", "안녕하세요\n    {{ name }}님"))
    assert problem.startswith(
        "campaigns/sale.yaml:9: message.text: the text of an approved template has #{…} alone; Kakao refuses"
    )


def test_an_alimtalk_holds_a_thousand_characters(shop):
    assert notes(shop, "가" * 1_000, TALK) == []
    (problem,) = problems(campaign, shop, TALK.replace("TEXT", "가" * 1_001))
    assert problem.endswith("A is 1001 characters long; an AlimTalk holds 1,000")


def test_a_test_goes_to_a_number_however_it_is_typed():
    assert reached("sms", "010-1234-5678") == "+821012345678"
    assert reached("email", "me@shop.example") == "me@shop.example"
    assert reached("console", "me") == "me"
    with pytest.raises(InputError, match="no number to send to"):
        reached("alimtalk", "me@shop.example")
