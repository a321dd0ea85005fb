"""Pushes: how a campaign's words become one, what the law adds, and what a phone shows of it."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from cli.testing import reached
from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.campaign import MessageText
from dangol.domain.errors import InputError
from dangol.domain.message import misfits
from dangol.domain.project import Project
from dangol.domain.push_advertising import advertised_push, shown_lines, without_refusal
from dangol.domain.push_lines import LINE, columns, lines
from dangol.rendering import MessageTemplate, Rendered
from tests.actors import SENDER, project
from tests.letters import KOREA, SIGNER
from tests.shop import PROJECT, campaign, write_shop

SHOP = project(sender=SENDER, merge_tags={"이름": {"trait": "name", "default": "고객"}})
REFUSAL = "수신거부: 앱 > 설정 > 알림"


def rendered(channel: Any = "push", law: AdvertisingLaw | None = None, /, **said: Any) -> Rendered:
    message = MessageText.model_validate({"text": "오늘까지 20% 할인해요"} | said)
    return MessageTemplate(message, SHOP, channel).render("ann", {"name": "지은"}, SIGNER, law)


def ad(title: str, text: str, shop: Project = SHOP, channel: str = "push") -> tuple[str, str]:
    return advertised_push(title, text, channel, shop, KOREA)


@pytest.mark.parametrize("channel", ["push", "web_push"])
def test_a_push_is_a_title_a_body_a_picture_and_a_link(channel):
    made = rendered(
        channel,
        title="#{이름}님,\n새 강의",
        text="보시던 분야예요\n",
        image="https://shop.example/a.png",
        cta={"label": "보기", "link": "https://shop.example/a"},
    )

    assert (made.title, made.text, made.image) == ("지은님, 새 강의", "보시던 분야예요", "https://shop.example/a.png")
    assert made.action == ("보기", "https://go.shop.example/c/0.22")
    assert made.links == ("https://shop.example/a",)


def test_without_a_title_the_sender_is_the_title():
    assert rendered().title == "단골상점"
    assert rendered("push", AdvertisingLaw("US")).title == "단골상점"
    assert rendered("push", AdvertisingLaw("US")).text == "오늘까지 20% 할인해요"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("", "(광고)단골상점"),
        ("새 강의", "(광고)단골상점 새 강의"),
        ("(광고) 새 강의", "(광고)단골상점 새 강의"),
        ("(광고)단골상점 새 강의", "(광고)단골상점 새 강의"),
        ("[단골상점] 새 강의", "(광고)[단골상점] 새 강의"),
    ],
)
def test_advertising_in_korea_begins_with_the_label_and_the_sender(title, expected):
    assert ad(title, "x")[0] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("오늘까지", f"오늘까지\n{REFUSAL}"),
        ("오늘까지\n무료 수신거부: 설정", "오늘까지\n무료 수신거부: 설정"),
        ("수신거부 앱에서\n오늘까지", "오늘까지\n수신거부 앱에서"),
        ("오늘까지\n(수신거부: 설정 > 알림)", "오늘까지\n수신거부: 설정 > 알림"),
    ],
)
def test_and_ends_with_where_to_refuse(text, expected):
    assert ad("", text)[1] == expected


def test_where_to_refuse_is_the_project_s_to_say():
    told = {"push": {"provider": "fcm", "refusal": "마이 > 알림 설정"}}
    shop = project(sender=SENDER, channels=told)

    assert ad("", "x", shop)[1] == "x\n수신거부: 마이 > 알림 설정"
    assert ad("", "x", shop, "web_push")[1] == "x\n수신거부: 브라우저 설정 > 알림"


@given(st.text(), st.text(alphabet=st.sampled_from("가나 \n수신거부:(광고)단골상점")))
def test_said_again_nothing_is_added(title, text):
    once = ad(" ".join(title.split()), text.strip())

    assert ad(*once) == once
    assert once[0].startswith("(광고)")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("가" * 22, 1),
        ("가" * 23, 2),
        ("가" * 45, 3),
        ("a" * LINE, 1),
        ("한 줄\n두 줄", 2),
        ("a" * 40 + " bbbbb", 2),
        ("가나다 " * 6, 1),
        ("가나다 " * 7, 2),
    ],
)
def test_lines_are_counted_as_a_phone_breaks_them(text, count):
    assert lines(text) == count


def test_an_emoji_is_as_wide_as_a_syllable():
    assert (columns("가a😀"), columns("")) == (5, 0)


def test_the_way_to_refuse_takes_no_line_from_the_message():
    assert shown_lines(f"한 줄\n두 줄\n{REFUSAL}") == 2
    assert without_refusal(REFUSAL) == ""


PUSH = """\
title: 오픈
audience: {did: view_item, within: 30d}
purpose: marketing
channel: push
message:
  title: TITLE
  text: TEXT
"""


@pytest.fixture
def shop(tmp_path):
    folder = write_shop(tmp_path)
    told = PROJECT.replace("  email: {provider: ses}\n", "  email: {provider: ses}\n  push: {provider: fcm}\n")
    (folder / "dangol.yaml").write_text(told)
    return folder


def notes(shop, title: str, text: str) -> list[str]:
    source = PUSH.replace("TITLE", title).replace("TEXT", text)
    return [str(notice).partition("sale.yaml:")[2] for notice in campaign(shop, source).notices]


def test_a_short_push_has_nothing_to_mend(shop):
    assert notes(shop, "새 강의", "보시던 분야에 새 강의가 열렸어요") == []


def test_a_body_of_more_than_two_lines_and_a_title_that_is_cut_off_are_told(shop):
    body, title = "보시던 분야에 새 강의가 열렸어요 " * 4, "관심 있게 보시던 분야의 새 강의"

    where = "on a phone, of 22 syllables each"
    assert notes(shop, title, body) == [
        f"7: message.text: the body of A takes 4 lines {where}; what stands below the first 2 is folded away",
        "6: message.title: the title of A is cut off on a phone, after 18 syllables; say what matters first, or less",
    ]


def test_a_test_goes_to_a_token():
    assert reached("push", "phone") == "phone"
    with pytest.raises(InputError, match="no token of an app"):
        reached("push", "a b")


@pytest.mark.parametrize("channel", ["push", "web_push"])
def test_a_picture_of_a_push_is_an_address_and_no_file(channel):
    message = MessageText(text="새 강의", image="pictures/sale.jpg")

    assert list(misfits(message, channel)) == [("image", f"{channel} shows a picture by its address; write https://…")]
