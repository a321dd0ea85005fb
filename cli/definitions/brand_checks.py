"""What is wrong about a campaign's brand messages: what Kakao adds itself, and what it takes at most."""

from collections.abc import Iterator, Sequence

from cli.definitions.document import Path
from cli.definitions.final_texts import final_messages
from cli.definitions.findings import Finding
from dangol.domain.advertising import LABEL
from dangol.domain.brand_message import BUBBLES, COUPON_TITLE, LINK_CHARACTERS, Bubble, bubble_of
from dangol.domain.campaign import Campaign
from dangol.domain.message import MessagePart, MessageText
from dangol.domain.project import Project
from dangol.domain.text_advertising import misspelt_label, refusals
from dangol.ports import Message

# A campaign's messages as they are written, each with its place.
Part = MessagePart | MessageText
Parts = Sequence[tuple[Path, Part]]


def check_brand_messages(campaign: Campaign, project: Project, parts: Parts) -> Iterator[Finding]:
    """Everything about the brand messages of a campaign; `parts` are its messages as written."""
    for path, part in parts:
        yield from (finding.below(*path, "text") for finding in _twice(part.text or ""))
    for variant, message in final_messages(campaign, project):
        bubble = BUBBLES[bubble_of(message.image, wide=message.wide)]
        yield from _sized(variant, message, bubble)
        yield from _coupon(variant, message, bubble)


def _twice(text: str) -> Iterator[Finding]:
    """What Kakao adds to every brand message by itself."""
    label = misspelt_label(text) or (LABEL if LABEL in text else None)
    if label:
        yield Finding((), f"{label} would appear twice: Kakao puts (광고) before the sender's name", "take it out")
    for line in refusals(text):
        problem = "how to refuse would appear twice: Kakao puts it below every brand message"
        yield Finding((), problem, "take this line out", text_line=line)


def _sized(variant: str, message: Message, bubble: Bubble) -> Iterator[Finding]:
    if (size := len(message.text)) > bubble.characters:
        problem = f"{variant} is {size:,} characters long; such a brand message holds {bubble.characters:,}"
        yield Finding(("message", "text"), problem)
    if (breaks := message.text.count("\n")) > bubble.breaks:
        problem = f"{variant} has {breaks} line breaks; such a brand message holds {bubble.breaks}"
        yield Finding(("message", "text"), problem)
    first = [(("message", "cta"), message.action)] if message.action else []
    further = [(("message", "buttons", place), button) for place, button in enumerate(message.buttons)]
    buttons: list[tuple[Path, tuple[str, str]]] = [*first, *further]
    if len(buttons) > (most := bubble.buttons[message.coupon is not None]):
        with_coupon = " with a coupon" if message.coupon else ""
        problem = f"{variant} has {len(buttons)} buttons, that of cta among them; {most} are taken{with_coupon}"
        yield Finding(("message", "buttons"), problem)
    for path, (name, link) in buttons:
        if len(name) > bubble.button_name:
            problem = f"{name!r} is {len(name)} characters long; a button here shows {bubble.button_name}"
            yield Finding((*path, "label"), problem)
        yield from _linked((*path, "link"), link)


def _coupon(variant: str, message: Message, bubble: Bubble) -> Iterator[Finding]:
    if message.coupon is None:
        return
    title, description, link = message.coupon
    if not COUPON_TITLE.fullmatch(title):
        hint = "one of: 3000원 할인 쿠폰, 10% 할인 쿠폰, 배송비 할인 쿠폰, 첫 강의 무료 쿠폰, 포인트 UP 쿠폰"
        yield Finding(("message", "coupon", "title"), f"{title!r} is no title that Kakao gives a coupon", hint)
    if len(description) > bubble.coupon_description or "\n" in description.strip():
        most = bubble.coupon_description
        problem = f"{variant} has {len(description)} characters; a coupon here shows {most}, in one line"
        yield Finding(("message", "coupon", "description"), problem)
    yield from _linked(("message", "coupon", "link"), link)


def _linked(path: Path, link: str) -> Iterator[Finding]:
    if len(link) > LINK_CHARACTERS:
        problem = f"its tracked link is {len(link):,} characters long; Kakao takes {LINK_CHARACTERS:,}"
        yield Finding(path, problem)
