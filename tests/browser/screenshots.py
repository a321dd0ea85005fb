"""The pictures of docs/channels/in-web.md, taken anew: `python -m tests.browser.screenshots`."""

import shutil
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from dangol.domain.session_token import session_token
from tests.browser.site import Site
from tests.sessions import LATER, SESSION_KEY
from tests.unit.test_session_calls import World

FOLDER: Final = Path(__file__).parents[2] / "docs" / "images"
# A site's own styles, which the message must neither take over nor change.
POLICY: Final = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src {api}"
COPY: Final[dict[str, dict[str, Any]]] = {
    "modal": {
        "title": "첫 강의는 반값으로 시작하세요",
        "text": "보고 계신 강의에 바로 쓸 수 있는 50% 쿠폰을 드려요.\n받은 날부터 7일 동안 쓸 수 있어요.",
        "cta": {"label": "반값 쿠폰 받기", "link": "https://class.example/coupon"},
        "close": "오늘은 그만 보기",
    },
    "banner": {
        "title": "지은님, 찜한 강의가 내일까지 20% 할인이에요",
        "text": "파이썬 업무 자동화 · 12월 7일 자정까지",
        "cta": {"label": "할인 강의 보기", "link": "https://class.example/wish"},
    },
    "card": {
        "title": "3강까지 들으셨네요",
        "text": "다음 강의는 엑셀 취합을 5분으로 줄이는 방법이에요.",
        "cta": {"label": "4강 이어 듣기", "link": "https://class.example/next"},
        "close": "나중에 볼게요",
    },
}
COURSES: Final = (
    "파이썬 업무 자동화",
    "SQL로 매출 읽기",
    "엑셀에서 코드로",
    "데이터로 기획하기",
    "첫 웹사이트",
    "광고 지표 읽기",
)
PAGE: Final = """
<style>
  body {{ margin: 0; font: 16px/1.6 Pretendard, "Noto Sans KR", "Noto Sans CJK KR", sans-serif; word-break: keep-all }}
  header {{ display: flex; gap: 28px; align-items: center; padding: 18px 40px; border-bottom: 1px solid #e5e8eb }}
  header b {{ font-size: 20px; color: #191f28; margin-right: auto }} header span {{ font-size: 15px; color: #333d4b }}
  main {{ max-width: 1040px; margin: 40px auto; padding: 0 24px }} h1 {{ font-size: 28px; color: #191f28 }}
  ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(260px, 1fr)); gap: 24px; padding: 0 }}
  li {{ list-style: none; border: 1px solid #e5e8eb; border-radius: 14px; overflow: hidden }}
  li div {{ padding: 14px 18px }}
  li i {{ display: block; height: 130px; background: linear-gradient(135deg, #dfe9f7, #eef1f4) }}
  li b {{ display: block; color: #191f28 }} li span {{ font-size: 14px; color: #6b7684 }}
</style>
<header><b>단골클래스</b><span>강의</span><span>찜</span><span>내 강의실</span></header>
<main><h1>업무가 빨라지는 강의</h1><ul>{courses}</ul></main>
"""


def body() -> str:
    """A page of courses."""
    one = "<li><i></i><div><b>{}</b><span>12강 · 79,000원</span></div></li>"
    return PAGE.format(courses="".join(map(one.format, COURSES)))


def take(browser: Browser, form: str, *, phone: bool) -> None:
    """Take the picture of one form."""
    size: Any = {"width": 390, "height": 720} if phone else {"width": 1120, "height": 680}
    context = browser.new_context(locale="ko-KR", viewport=size, reduced_motion="reduce", device_scale_factor=1.5)
    page = context.new_page()
    world = World(message=COPY[form], show={"form": form})
    with Site(world.tracker.answer).open() as site:
        site.csp, site.body = POLICY, body()
        token = session_token("ann", SESSION_KEY, LATER)
        site.begin(f", token: {token!r}", "dangol.identify('ann');")
        page.goto(f"{site.url}/courses")
        page.locator("dangol-message .box").wait_for()
        page.screenshot(path=FOLDER / f"in-web-{form}{'-phone' if phone else ''}.png")
    context.close()


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        for form in COPY:
            for phone in (False, True):
                take(browser, form, phone=phone)
        browser.close()


if __name__ == "__main__":
    main()
