"""Brand messages: what their readers get, and what their authors are told before Kakao refuses it."""

from typing import Any

import pytest

from cli.definitions import load_project
from cli.definitions.final_texts import final_texts
from dangol.contracts import Recipient
from dangol.domain.campaign import Campaign
from dangol.domain.tracking import Keys, verify
from dangol.pipeline.messages import Renderer, Rendering
from tests.letters import KOREA
from tests.pictures import jpg
from tests.shop import PROJECT, campaign, problems, write_shop
from tests.shop_campaign import campaign as campaign_of, project
from tests.unit.test_text_messages import rendered

PAGE = "https://shop.example/a"
SHOP = PROJECT.replace(
    "  email: {provider: ses}\n", "  brand_message: {provider: solapi, profile: key}\nprices: {brand_message: 25}\n"
)
BRAND = """\
title: 오픈
audience: {did: view_item, within: 30d}
purpose: marketing
channel: brand_message
message:
  text: |
    TEXT
"""
BUTTON = '    - {label: "LABEL", link: "https://shop.example/a"}\n'
COUPON = '  coupon: {title: "TITLE", description: "DESCRIPTION", link: "https://shop.example/a"}\n'
LABELLED = " would appear twice: Kakao puts (광고) before the sender's name; take it out"
REFUSAL = "how to refuse would appear twice: Kakao puts it below every brand message; take this line out"
TITLES = (
    "1원 할인 쿠폰",
    "99999999원 할인 쿠폰",
    "100% 할인 쿠폰",
    "배송비 할인 쿠폰",
    "첫 강의 무료 쿠폰",
    "포인트 UP 쿠폰",
)
KEYS = Keys(1, {1: b"1" * 32})


@pytest.fixture
def shop(tmp_path):
    folder = write_shop(tmp_path)
    (folder / "dangol.yaml").write_text(SHOP)
    return folder


def told(shop, text: str = "오늘만", more: str = "") -> list[str]:
    lines = problems(campaign, shop, BRAND.replace("TEXT", text) + more)
    return [line.partition("sale.yaml:")[2] for line in lines]


def test_kakao_labels_it_and_shows_how_to_refuse_so_nothing_is_added():
    made = rendered("brand_message", KOREA, text=" #{이름}님, 오늘만 20%\n", cta={"label": "보기", "link": PAGE})

    assert (made.text, made.kind) == ("지은님, 오늘만 20%", "")
    assert made.action == ("보기", "https://go.shop.example/c/0.22")


def test_every_button_and_the_coupon_is_filled_and_tracked():
    made = rendered(
        "brand_message",
        KOREA,
        cta={"label": "보기", "link": PAGE},
        buttons=[{"label": "#{이름}님 강의", "link": f"{PAGE}?mine"}, {"label": "모든 강의", "link": PAGE}],
        coupon={"title": "10% 할인 쿠폰", "description": "#{이름}님께", "link": f"{PAGE}?coupon"},
    )

    assert made.buttons == (
        ("지은님 강의", "https://go.shop.example/c/1.27"),
        ("모든 강의", "https://go.shop.example/c/0.22"),
    )
    assert made.coupon == ("10% 할인 쿠폰", "지은님께", "https://go.shop.example/c/2.29")
    assert made.links == (PAGE, f"{PAGE}?mine", f"{PAGE}?coupon")


def test_a_message_carries_its_picture_and_leads_through_whole_links():
    of: Campaign = campaign_of(
        channel="brand_message",
        variants=[{"name": "A"}, {"name": "B", "message": {"wide": True}}],
        message={"text": "세일", "image": "images/a.jpg", "cta": {"label": "보기", "link": PAGE}},
    )
    renderer = Renderer(Rendering(7, of, project(), "https://go.shop.example", KEYS))
    recipient = Recipient(user_id="u1", address="+821012345678", country="KR")

    plain, wide = (renderer.message(recipient, variant) for variant in (0, 1))

    assert (plain.image, plain.wide, wide.image, wide.wide) == ("images/a.jpg", False, "images/a.jpg", True)
    assert (plain.html, plain.advertising, plain.short_links) == ("", True, {})
    assert plain.action is not None
    mark, destination = verify(plain.action[1].partition("/c/")[2], KEYS)
    assert (mark.run, mark.user_id, destination) == (7, "u1", PAGE)


@pytest.mark.parametrize("channel", ["sms", "mms"])
def test_a_text_with_a_picture_is_an_mms(channel):
    made = rendered(channel, KOREA, image="images/a.jpg")

    assert made.kind == "mms"
    assert made.text.startswith("(광고)단골상점\n")


def test_a_brand_message_is_shown_with_its_size_its_buttons_and_its_price(shop):
    loaded = campaign(shop, BRAND.replace("TEXT", "오늘만") + "  buttons:\n" + BUTTON.replace("LABEL", "보기"))

    (text,) = final_texts(loaded.campaign, load_project(shop))

    assert (text.kind, text.characters, text.price) == ("brand_message", 3, 25)
    assert text.text.startswith("오늘만\n[보기] https://")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(광고) 오늘만", f"6: message.text: (광고){LABELLED}"),
        ("[광 고] 오늘만", f"6: message.text: [광 고]{LABELLED}"),
        ("오늘만\n    무료수신거부 080-000-0000", f"8: message.text: {REFUSAL}"),
        ("오늘만\n    수신거부: {{ unsubscribe_link }}", f"8: message.text: {REFUSAL}"),
    ],
)
def test_what_kakao_adds_itself_would_appear_twice(shop, text, said):
    assert told(shop, text) == [said]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("가" * 1_301, "6: message.text: A is 1,301 characters long; such a brand message holds 1,300"),
        ("\n    ".join("가" * 101), "6: message.text: A has 100 line breaks; such a brand message holds 99"),
    ],
)
def test_a_text_that_is_too_long_is_told_with_its_limit(shop, text, said):
    assert told(shop, text) == [said]


def test_buttons_that_are_too_many_or_too_long_are_told_with_their_limits(shop):
    many = "  cta: {label: 보기, link: " + PAGE + "}\n  buttons:\n" + BUTTON.replace("LABEL", "더") * 5
    coupon = COUPON.replace("TITLE", "배송비 할인 쿠폰").replace("DESCRIPTION", "오늘까지")

    assert told(shop, more=many) == [
        "9: message.buttons: A has 6 buttons, that of cta among them; 5 are taken",
    ]
    assert told(shop, more=many.replace(BUTTON.replace("LABEL", "더"), "", 1) + coupon) == [
        "9: message.buttons: A has 5 buttons, that of cta among them; 4 are taken with a coupon",
    ]
    assert told(shop, more="  buttons:\n" + BUTTON.replace("LABEL", "가" * 15)) == [
        f"9: message.buttons.0.label: {'가' * 15!r} is 15 characters long; a button here shows 14",
    ]


def test_a_coupon_has_one_of_five_titles_and_a_short_description(shop):
    fits = COUPON.replace("TITLE", "3000원 할인 쿠폰").replace("DESCRIPTION", "가" * 12)

    assert campaign(shop, BRAND + fits).notices == ()
    (title,) = told(shop, more=fits.replace("3000원 할인 쿠폰", "쿠폰 드려요"))
    assert title.startswith(
        "8: message.coupon.title: '쿠폰 드려요' is no title that Kakao gives a coupon; one of: 3000원"
    )
    assert told(shop, more=fits.replace("가" * 12, "가" * 13)) == [
        "8: message.coupon.description: A has 13 characters; a coupon here shows 12, in one line"
    ]


@pytest.mark.parametrize("title", TITLES)
def test_the_titles_that_kakao_gives_coupons_are_taken(shop, title):
    loaded = campaign(shop, BRAND + COUPON.replace("TITLE", title).replace("DESCRIPTION", "오늘"))

    assert loaded.campaign.messages()[0].coupon is not None


def test_a_link_that_is_too_long_is_told(shop):
    (line,) = told(shop, more=f'  cta: {{label: 보기, link: "{PAGE}?{"x" * 1_000}"}}\n')

    assert line.startswith("8: message.cta.link: its tracked link is 1,")


def test_a_wide_one_holds_less(shop):
    (shop / "campaigns" / "a.jpg").write_bytes(jpg())
    wide: Any = "  image: a.jpg\n  wide: true\n  buttons:\n"

    assert told(shop, "가" * 77, wide + BUTTON.replace("LABEL", "가" * 9) + BUTTON * 2) == [
        "6: message.text: A is 77 characters long; such a brand message holds 76",
        "10: message.buttons: A has 3 buttons, that of cta among them; 2 are taken",
        f"11: message.buttons.0.label: {'가' * 9!r} is 9 characters long; a button here shows 8",
    ]
    eighteen = COUPON.replace("TITLE", "10% 할인 쿠폰").replace("DESCRIPTION", "가" * 18)
    assert campaign(shop, BRAND + wide.replace("  buttons:\n", "") + eighteen).pictures


def test_each_of_several_channels_is_checked_and_told_where_it_is_written(shop):
    texting = SHOP.replace('"서울시"', '"서울시", refusal_number: "080-000-0000", certificate: "1"')
    (shop / "dangol.yaml").write_text(
        texting.replace("  brand_message:", "  sms: {provider: solapi}\n  brand_message:")
    )
    several = BRAND.replace("channel: brand_message", "channels: [sms, brand_message]").partition("message:\n")[0]
    several += f"""\
message: {{text: 오늘만 😀}}
messages:
  brand_message:
    text: {"가" * 1_301}
    cta: {{label: {"가" * 15}, link: "https://shop.example/a"}}
"""

    lines = problems(campaign, shop, several)

    assert [line.partition("sale.yaml:")[2] for line in lines] == [
        "8: messages.brand_message.text: A is 1,301 characters long; such a brand message holds 1,300",
        f"9: messages.brand_message.cta.label: {'가' * 15!r} is 15 characters long; a button here shows 14",
    ]
    loaded = campaign(shop, several.replace("가" * 1_301, "오늘").replace("가" * 15, "보기"))
    (notice,) = map(str, loaded.notices)
    assert notice.startswith("campaigns/sale.yaml:5: message.text: '😀', character 5 of the text, is not in EUC-KR")
    assert [text.kind for text in final_texts(loaded.campaign, load_project(shop))] == ["sms", "brand_message"]


def test_the_sender_s_address_is_not_asked_for(shop):
    (shop / "dangol.yaml").write_text(SHOP.replace(', phone: "1588-0000", address: "서울시"', ""))

    assert campaign(shop, BRAND).notices == ()
