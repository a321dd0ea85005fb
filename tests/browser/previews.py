"""The pictures of docs/previews.md, taken anew: `python -m tests.browser.previews`."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from cli.previews import Shown, page
from dangol.domain.campaign import Campaign
from dangol.domain.tracking import NO_RUN, Keys
from dangol.pipeline.messages import Renderer, Rendering
from dangol.ports import Message
from tests.shop_campaign import campaign, project, recipient

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
SHOP: Final = project(
    sender={
        "name": "단골클래스",
        "email": "hello@class.example",
        "phone": "1588-0000",
        "address": "서울시 성동구 단골로 1, 3층",
        "refusal_number": "080-000-0000",
    }
)
ACTION: Final = {"label": "20% 할인으로 시작하기", "link": "https://class.example/new"}
TEXT: Final = "#{이름}님, 찜해 두신 파이썬 업무 자동화가\n이번 주 금요일까지 20% 낮은 값이에요."
# What each campaign says that is pictured.
COPY: Final[Mapping[str, dict[str, Any]]] = {
    "email": {
        "message": {
            "subject": "#{이름}님, 찜한 강의가 금요일까지 20% 할인이에요",
            "preheader": "12강으로 반복 업무를 코드로 옮기는 방법",
            "text": f"{TEXT}\n\n12강을 모두 들으면 매주 하던 취합이 한 번의 실행으로 끝나요.",
            "cta": ACTION,
        }
    },
    "sms": {"message": {"text": TEXT, "cta": ACTION}},
    "alimtalk": {
        "purpose": "information",
        "message": {
            "template": "T1",
            "text": "#{이름}님, 수강 신청이 끝났어요.\n\n강의: 파이썬 업무 자동화\n시작: 12월 1일",
            "cta": {"label": "강의실 가기", "link": "https://class.example/room"},
        },
    },
    "in_web": {
        "show": {"form": "modal"},
        "message": {"title": "첫 강의는 반값으로 시작하세요", "text": TEXT, "cta": ACTION, "close": "오늘은 그만 보기"},
    },
}
# Written out: nothing renders these channels for this picture.
WRITTEN: Final[Mapping[str, Message]] = {
    "push": Message(
        user_id="ann",
        reference="0:ann",
        address="지은 님의 폰",
        title="(광고) 단골클래스: 찜한 강의 20% 할인",
        text="파이썬 업무 자동화, 금요일까지예요.\n수신거부: 앱 > 설정 > 알림",
        advertising=True,
    ),
    "brand_message": Message(
        user_id="ann",
        reference="0:ann",
        address="010-1234-5678",
        text="지은님, 찜해 두신 파이썬 업무 자동화가\n이번 주 금요일까지 20% 낮은 값이에요.",
        action=("20% 할인으로 시작하기", "https://class.example/new"),
        advertising=True,
    ),
}


def shown(channel: str) -> Shown:
    """The message of one channel."""
    if channel in WRITTEN:
        return Shown(channel, WRITTEN[channel], SHOP.sender.name)
    made: Campaign = campaign(channel=channel, variants=None, goal=None, **COPY[channel])
    renderer = Renderer(Rendering(NO_RUN, made, SHOP, "https://go.class.example", Keys(1, {1: bytes(32)})))
    address = {"email": "jieun@mail.example", "in_web": None}.get(channel, "010-1234-5678")
    person = recipient("ann", address=address, traits={"name": "지은"})
    return Shown(channel, renderer.message(person, 0), SHOP.sender.name, "1588-0000")


def take(browser: Browser, channel: str) -> None:
    """Take the picture of one channel."""
    context = browser.new_context(locale="ko-KR", viewport={"width": 422, "height": 600})
    tab = context.new_page()
    tab.set_content(page(channel, [shown(channel)]))
    tab.locator("figure").screenshot(path=FOLDER / f"preview-{channel.replace('_', '-')}.png")
    context.close()


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for channel in (*COPY, *WRITTEN):
            take(browser, channel)
        browser.close()


if __name__ == "__main__":
    main()
