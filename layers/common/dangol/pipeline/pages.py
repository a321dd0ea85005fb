"""The opt-out pages, in Korean or English: no script, no image, no login."""

from html import escape
from typing import Final

_STYLE: Final = (
    "body{font-family:system-ui,'Apple SD Gothic Neo','Malgun Gothic',sans-serif;max-width:28rem;margin:15vh auto;"
    "padding:0 1.5rem;line-height:1.6;color:#1a1a1a;background:#fff}h1{font-size:1.4rem}"
    "button{font:inherit;padding:.7rem 1.4rem;border:0;border-radius:.4rem;background:#1a1a1a;color:#fff}"
    "button:focus-visible{outline:3px solid #4a90d9;outline-offset:2px}"
)
_WORDS: Final = {
    "ko": {
        "title": "수신거부",
        "question": "{name} 소식을 이 연락처로 더 받지 않으시겠어요?",
        "note": "주문, 배송처럼 꼭 필요한 안내는 계속 보내 드립니다.",
        "button": "수신거부하기",
        "done": "수신거부가 처리되었습니다",
        "effect": "지금부터 {name} 광고성 메시지를 보내지 않습니다.",
    },
    "en": {
        "title": "Unsubscribe",
        "question": "Stop getting news from {name} at this address?",
        "note": "You will still get what you need, such as order and delivery notices.",
        "button": "Unsubscribe",
        "done": "You are unsubscribed",
        "effect": "From now on {name} sends you no more advertising.",
    },
}


def confirm(name: str, locale: str) -> str:
    """The page that asks; it changes nothing."""
    words = _words(name, locale)
    form = f'<form method="post"><button type="submit">{words["button"]}</button></form>'
    return _page(locale, words["title"], f"<h1>{words['question']}</h1><p>{words['note']}</p>{form}")


def done(name: str, locale: str) -> str:
    """The page that says that it is done."""
    words = _words(name, locale)
    return _page(locale, words["done"], f"<h1>{words['done']}</h1><p>{words['effect']}</p>")


def _words(name: str, locale: str) -> dict[str, str]:
    return {key: text.format(name=escape(name)) for key, text in _WORDS.get(locale, _WORDS["en"]).items()}


def _page(locale: str, title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="{locale}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
