"""A template, a signer and what they make, for the tests of rendering."""

import re
from typing import Any

from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.campaign import MessageText
from dangol.rendering import LinkSigner, MessageTemplate, Rendered
from tests.actors import project

OUT = "https://go.shop.example/u/token?a=1&b=2"
KOREA = AdvertisingLaw("KR")
SIGNER = LinkSigner(
    click=lambda destination, number: f"https://go.shop.example/c/{number}.{len(destination)}",
    pixel="https://go.shop.example/o/token",
    unsubscribe=OUT,
)
SHOP = project(
    merge_tags={
        "이름": {"trait": "name", "default": "고객"},
        "등급": {"trait": "plan"},
        "도시": {"trait": "address.city", "default": "어딘가"},
        "포인트": {"trait": "points", "default": "없음"},
    }
)


def message(**said: Any) -> MessageText:
    """A message of a subject and a text, with what is `said`."""
    return MessageText.model_validate({"subject": "제목", "text": "본문"} | said)


def render(traits: dict[str, Any] | None = None, law: AdvertisingLaw | None = None, /, **said: Any) -> Rendered:
    """What Ann gets of the message that is `said`."""
    return MessageTemplate(message(**said), SHOP).render("ann", traits or {}, SIGNER, law)


def hrefs(html: str) -> list[str]:
    """Every address that can be clicked."""
    return re.findall(r'href="([^"]*)"', html)


def tracked(number: int, destination: str) -> str:
    """What the signer makes of a destination."""
    return f"https://go.shop.example/c/{number}.{len(destination)}"


A, B = "https://shop.example/a", "https://shop.example/bb?x=1&y=2"
