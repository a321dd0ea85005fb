"""Previews: each channel's form, everything escaped, nothing fetched."""

import re
from html import unescape

import pytest

from cli.previews import FORMS, Shown, page
from dangol.domain.tracking import NO_RUN, Keys
from dangol.pipeline.messages import Renderer, Rendering
from dangol.ports import Message
from tests.shop_campaign import campaign, project, recipient

CTA = {"label": "강의 보기", "link": "https://shop.example/new"}


def message(channel, **written):
    """A message of a campaign on `channel`, rendered as for a run."""
    purpose = "information" if channel == "alimtalk" else "marketing"
    made = campaign(channel=channel, purpose=purpose, variants=None, message={"text": "새 강의가 나왔어요", **written})
    renderer = Renderer(Rendering(NO_RUN, made, project(), "https://go.shop.example", Keys(1, {1: bytes(32)})))
    return renderer.message(recipient("ann", traits={"name": "지은"}), 0)


def shown(channel, **written):
    """What its page is made of."""
    return Shown(channel, message(channel, **written), "단골상점", "1588-0000")


def bare(channel, **fields):
    """A message of a channel, made by hand."""
    return Shown(channel, Message(user_id="ann", reference="0:ann", address="a@b.example", **fields), "단골상점")


def test_an_email_is_shown_with_inbox_line_subject_and_its_own_html_in_a_frame():
    html = page("t", [shown("email", subject="오늘만", preheader="내일은 늦어요", cta=CTA)])

    assert html.count("(광고) 오늘만") == 2
    assert ">내일은 늦어요<" in html
    (framed,) = re.findall(r'<iframe sandbox title="메일" srcdoc="([^"]*)"', html)
    assert ">강의 보기</a>" in unescape(framed)
    assert "수신거부" in unescape(framed)


def test_without_a_preheader_an_inbox_shows_how_the_text_begins():
    assert 'small">새 강의가 나왔어요' in page("t", [shown("email", subject="오늘만")])


@pytest.mark.parametrize(("locale", "size"), [("ko", "SMS · 82바이트"), ("en", "SMS · 82 bytes")])
def test_a_text_message_is_shown_with_its_kind_and_bytes(locale, size):
    html = page("t", [bare("sms", text="가" * 41, kind="sms")], locale)

    assert size in html
    assert '<div class="bar">단골상점</div>' in html


def test_a_long_text_shows_its_title_and_the_number_it_comes_from():
    html = page("t", [shown("sms", subject="새 강의", cta=CTA)])

    assert "<b>새 강의</b>" in html
    assert "LMS" in html
    assert '<div class="bar">1588-0000</div>' in html


def test_an_alimtalk_has_its_button_below_the_text_that_kakao_approved():
    html = page("t", [shown("alimtalk", template="T1", cta=CTA)])

    assert '<div class="words">새 강의가 나왔어요</div>' in html
    assert '<div class="button">강의 보기</div>' in html
    assert "알림톡 · 10자" in html
    assert "(광고)" not in html


def test_a_brand_message_has_the_label_that_kakao_writes_and_its_way_out():
    html = page("t", [bare("brand_message", text="새 강의", action=("보기", "https://a.example"), advertising=True)])

    assert '<p class="name">(광고) 단골상점</p>' in html
    assert "채널차단" in html
    assert '<div class="button">보기</div>' in html


@pytest.mark.parametrize("channel", ["push", "web_push"])
def test_a_push_is_a_card_of_a_title_and_two_lines(channel):
    html = page("t", [bare(channel, title="(광고) 단골상점", text="한 줄\n두 줄")])

    assert "<b>(광고) 단골상점</b>" in html
    assert 'style="-webkit-line-clamp: 2">한 줄\n두 줄</div>' in html


@pytest.mark.parametrize(("form", "css"), [("modal", "modal"), ("banner", "banner"), ("card", "card-form")])
def test_a_session_message_has_the_form_that_its_campaign_names(form, css):
    made = message("in_web", title="반값", close="그만 보기", cta=CTA)

    html = page("t", [Shown("in_web", made, "단골상점", form=form)])

    assert f'<div class="box {css}">' in html
    assert "<h2>반값</h2>" in html
    assert '<div class="close">그만 보기</div>' in html


def test_a_channel_that_has_no_form_is_shown_in_its_bare_words():
    html = page("t", [bare("carrier_pigeon", title="제목", text="본문", action=("보기", "https://a.example"))])

    assert "<h2>제목</h2>" in html
    assert "본문" in html


@pytest.mark.parametrize("channel", [*FORMS, "webhook"])
def test_whatever_a_person_is_called_stays_words(channel):
    evil = "<script>alert(1)</script>\"'"
    made = Message(
        user_id=evil, reference="", address=evil, subject=evil, text=evil, title=evil, close=evil, action=(evil, evil)
    )

    html = page(evil, [Shown(channel, made, evil, evil, held_out=True)])

    assert "<script" not in html
    assert "default-src 'none'" in html
    assert not re.search(r'(?:src|href)="(?!data:)', html)
    assert "대조군" in html


def test_several_messages_stand_side_by_side_in_their_order():
    html = page("t", [bare("alimtalk", text="하나"), bare("lms", text="둘", kind="lms")])

    assert html.index("하나") < html.index("둘")
    assert html.count("<figure>") == 2
