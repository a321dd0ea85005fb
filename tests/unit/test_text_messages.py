"""Text messages and AlimTalks: how a campaign's words become those, and what the law adds."""

import re
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.campaign import MessageText
from dangol.domain.project import Project
from dangol.domain.text_advertising import advertised, misspelt_label
from dangol.domain.text_bytes import text_bytes
from dangol.rendering import MessageTemplate, Rendered
from tests.actors import SENDER, project
from tests.letters import KOREA, OUT, SIGNER

ELSEWHERE = AdvertisingLaw("US")
NUMBER = "080-000-0000"
SHOP = project(
    sender={**SENDER, "refusal_number": NUMBER},
    merge_tags={"이름": {"trait": "name", "default": "고객"}, "상품": {"trait": "item"}},
)
# `무료수신거부 080-…` and everything else that the law wants said, once.
NEEDED = ("(광고)", "단골상점", "무료수신거부")


def rendered(channel: Any = "sms", law: AdvertisingLaw | None = None, /, **said: Any) -> Rendered:
    message = MessageText.model_validate({"text": "오늘만 20% 할인해요"} | said)
    return MessageTemplate(message, SHOP, channel).render("ann", {"name": "지은", "item": "책"}, SIGNER, law)


def ad(text: str, shop: Project = SHOP, law: AdvertisingLaw = KOREA) -> str:
    return advertised(text, shop, OUT, law)


def test_a_text_message_is_its_words_and_the_act_asked_for_as_a_line():
    made = rendered(text="#{이름}님, 새 책이 왔어요\n", cta={"label": "보기", "link": "https://shop.example/a"})

    assert made.text == "지은님, 새 책이 왔어요\n보기 https://go.shop.example/c/0.22"
    assert (made.kind, made.html, made.links) == ("sms", "", ("https://shop.example/a",))


def test_what_does_not_fit_an_sms_is_an_lms_and_so_is_what_has_a_title():
    assert rendered(text="가" * 45).kind == "sms"
    assert rendered(text="가" * 46).kind == "lms"
    assert (rendered(subject=" 새 소식\n있어요 ").kind, rendered(subject=" 새 소식\n있어요 ").subject) == (
        "lms",
        "새 소식 있어요",
    )


def test_advertising_in_korea_begins_with_the_label_and_the_sender_and_ends_with_the_refusal():
    assert rendered("sms", KOREA).text == f"(광고)단골상점\n오늘만 20% 할인해요\n무료수신거부 {NUMBER}"
    assert text_bytes(rendered("sms", KOREA).text) == 60


def test_the_link_stands_before_the_refusal():
    text = rendered("sms", KOREA, cta={"label": "보기", "link": "https://shop.example/a"}).text

    assert text.splitlines()[-2:] == ["보기 https://go.shop.example/c/0.22", f"무료수신거부 {NUMBER}"]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("(광고)단골상점 세일", f"(광고)단골상점 세일\n무료수신거부 {NUMBER}"),
        ("(광고) [단골상점] 세일", f"(광고) [단골상점] 세일\n무료수신거부 {NUMBER}"),
        ("[단골상점] 세일", f"(광고)[단골상점] 세일\n무료수신거부 {NUMBER}"),
        ("(광고)무료수신거부 080-1-2", "(광고)단골상점\n무료수신거부 080-1-2"),
        ("(광고) 세일", f"(광고)단골상점\n세일\n무료수신거부 {NUMBER}"),
        ("세일\n무료수신거부 080-111-2222", "(광고)단골상점\n세일\n무료수신거부 080-111-2222"),
        (
            "세일\n무료거부: 0801112222\n보기 https://x.example",
            "(광고)단골상점\n세일\n보기 https://x.example\n무료거부: 0801112222",
        ),
    ],
)
def test_what_is_written_already_is_not_said_twice(written, sent):
    assert ad(written) == sent
    assert ad(sent) == sent


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from(["(광고)", "단골상점", "세일 ", "\n", f"무료수신거부 {NUMBER}", "[", "보기", " "]), max_size=8
    )
)
def test_whatever_is_written_everything_is_said_and_saying_it_again_changes_nothing(parts):
    sent = ad("".join(parts).strip())

    assert sent.startswith("(광고)")
    assert sent.splitlines()[-1].startswith("무료수신거부")
    assert "단골상점" in sent
    assert ad(sent) == sent


def test_a_contact_is_named_where_it_is_not_the_number_that_the_message_comes_from():
    other = project(sender={**SENDER, "refusal_number": NUMBER}, channels={"sms": {"from": "02-123-4567"}})
    same = project(sender={**SENDER, "refusal_number": NUMBER}, channels={"sms": {"from": "15880000"}})
    nobody = project(sender={"name": "단골상점", "email": "a@b.c", "refusal_number": NUMBER})

    assert ad("세일", other).splitlines()[-2] == "문의 1588-0000"
    assert "1588" not in ad("세일", same)
    assert ad("세일, 문의 1588 0000", other).count("문의") == 1
    assert "문의" not in ad("세일", nobody)


def test_without_a_free_number_the_free_way_out_is_the_link():
    assert ad("세일", project()).splitlines()[-1] == f"무료수신거부 {OUT}"


def test_elsewhere_the_sender_is_named_and_the_way_out_is_a_link():
    american = project(locale="en")

    assert ad("Sale", american, ELSEWHERE) == f"단골상점: Sale\nUnsubscribe: {OUT}"
    assert ad(f"단골상점 sale, stop: {OUT}", american, ELSEWHERE) == f"단골상점 sale, stop: {OUT}"
    assert ad("세일", SHOP, ELSEWHERE).endswith(f"수신거부: {OUT}")


def test_who_can_answer_stop_is_told_so():
    """47 CFR 64.1200(a)(10); AWS takes the answers to its numbers of the United States."""
    by_aws = project(locale="en", channels={"sms": {"provider": "aws"}})

    assert ad("Sale", by_aws, ELSEWHERE) == f"단골상점: Sale\nReply STOP to end, or unsubscribe: {OUT}"
    assert ad("Sale", by_aws, AdvertisingLaw("GB")).endswith(f"\nUnsubscribe: {OUT}")


@pytest.mark.parametrize(
    "text", ["[광고] 세일", "(광 고) 세일", "(광/고)세일", "<광고>세일", " （광고） 세일", "광고) 세일"]
)
def test_a_label_that_carriers_do_not_take_is_found(text):
    assert misspelt_label(text) == re.split(r"\s?세일", text.strip())[0]


@pytest.mark.parametrize("text", ["(광고) 세일", "광고비 0원", "세일 [광고]", ""])
def test_what_is_no_misspelt_label_is_left(text):
    assert misspelt_label(text) is None


def test_information_is_neither_labelled_nor_ended():
    assert rendered("sms", None).text == "오늘만 20% 할인해요"


def test_an_alimtalk_carries_the_variables_of_its_template_and_what_the_reader_sees():
    made = rendered(
        "alimtalk",
        text="#{이름}님, 주문하신 #{상품}이(가) 출발했어요.\n",
        template="KA01",
        cta={"label": "배송 조회", "link": "https://shop.example/a"},
    )

    assert made.values == {"이름": "지은", "상품": "책", "링크": "go.shop.example/c/0.22"}
    assert made.text == "지은님, 주문하신 책이(가) 출발했어요.\n\n[배송 조회] https://go.shop.example/c/0.22"
    assert made.html == ""


def test_a_merge_tag_outside_the_text_is_no_variable_of_the_template():
    made = rendered("alimtalk", text="안녕하세요", cta={"label": "보기", "link": "https://shop.example/#{이름}"})

    assert made.values.keys() == {"링크"}
    assert rendered("alimtalk", text="안녕하세요").values == {}
