"""The page of a preview: one phone for each message, by a template for the form of its channel.

Nothing on it is fetched, and no script runs: its policy forbids both, and the HTML of an e-mail stands in a frame that
may do nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from dangol.domain.advertising import LABEL
from dangol.domain.push_lines import LINES
from dangol.domain.text_bytes import text_bytes
from dangol.ports import Message

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
# How an AlimTalk's own text says what its button does.
_BUTTON: Final = re.compile(r"\n\n\[([^\n\]]+)\] (\S+)\Z")
_PREHEADER: Final = re.compile(r'<div style="display:none[^"]*">(.*?)</div>', re.DOTALL)
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "ko": {
        "now": "지금",
        "to": "받는 사람",
        "no_subject": "(제목 없음)",
        "held_out": "대조군이라 실제로는 아무것도 받지 않습니다",
        "block": "수신거부 | 홈 > 채널차단",
        "arrived": "알림톡 도착",
        "alimtalk": "알림톡",
        "brand_message": "브랜드 메시지",
        "bytes": "{}바이트",
        "characters": "{}자",
        "dismiss": "닫기",
        "mail": "메일",
    },
    "en": {
        "now": "now",
        "to": "To",
        "no_subject": "(no subject)",
        "held_out": "held out: this person would get nothing",
        "block": "Opt out | Home > Block channel",
        "arrived": "AlimTalk",
        "alimtalk": "AlimTalk",
        "brand_message": "Brand message",
        "bytes": "{} bytes",
        "characters": "{} characters",
        "dismiss": "Close",
        "mail": "Mail",
    },
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message on a channel: `sender` as the reader sees it, `form` as a session shows it (modal, banner, card)."""

    channel: str
    message: Message
    sender: str
    number: str = ""
    form: str = "modal"
    held_out: bool = False


def page(title: str, shown: Sequence[Shown], locale: str = "ko") -> str:
    """The page of messages, in the order in which they would be tried."""
    words = _WORDS.get(locale, _WORDS["en"])
    phones = []
    for each in shown:
        template, told = FORMS.get(each.channel, ("plain.html", _plain))
        phones.append({"shown": each, "template": template, **told(each)})
    return _TEMPLATES.get_template("page.html").render(title=title, locale=locale, phones=phones, words=words)


def _mail(shown: Shown) -> dict[str, Any]:
    message = shown.message
    found = _PREHEADER.search(message.html)
    preheader = unescape(found[1]) if found else " ".join(message.text.split())
    return {"preheader": preheader, "html": message.html or message.text}


def _text(shown: Shown) -> dict[str, Any]:
    text = shown.message.text
    return {"kind": (shown.message.kind or shown.channel).upper(), "bytes": f"{text_bytes(text):,}", "text": text}


def _kakao(shown: Shown) -> dict[str, Any]:
    message = shown.message
    found = _BUTTON.search(message.text)
    action = message.action or ((found[1], found[2]) if found else None)
    text = _BUTTON.sub("", message.text)
    # Kakao writes the label into the name's line by itself.
    named = f"{LABEL} {shown.sender}" if message.advertising else shown.sender
    beside = {"buttons": message.buttons, "coupon": message.coupon}
    return {"text": text, "action": action, "named": named, "length": f"{len(text):,}", **beside}


def _push(shown: Shown) -> dict[str, Any]:
    message = shown.message
    return {"text": message.text, "title": message.title or message.subject, "lines": LINES}


def _session(shown: Shown) -> dict[str, Any]:
    return {"text": shown.message.text, "form": shown.form}


def _plain(shown: Shown) -> dict[str, Any]:
    return {"text": shown.message.text, "title": shown.message.title or shown.message.subject}


# By the name of a channel, or of what a carrier makes of it: what is not here is shown as its bare words.
FORMS: Final[Mapping[str, tuple[str, Callable[[Shown], dict[str, Any]]]]] = {
    "email": ("mail.html", _mail),
    "console": ("mail.html", _mail),
    "sms": ("text.html", _text),
    "lms": ("text.html", _text),
    "mms": ("text.html", _text),
    "alimtalk": ("kakao.html", _kakao),
    "brand_message": ("kakao.html", _kakao),
    "push": ("push.html", _push),
    "web_push": ("push.html", _push),
    "in_web": ("session.html", _session),
    "in_app": ("session.html", _session),
}
