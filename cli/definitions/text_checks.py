"""What is wrong, or risky, about a campaign's texts on channels that count them."""

import re
from collections.abc import Iterator
from typing import Final

from cli.definitions.document import Path
from cli.definitions.final_texts import FinalText, final_texts
from cli.definitions.findings import Finding
from dangol.domain.campaign import Campaign
from dangol.domain.medium import medium
from dangol.domain.message import MessagePart, MessageText
from dangol.domain.project import Project
from dangol.domain.text_advertising import misspelt_label
from dangol.domain.text_bytes import LMS_BYTES, TITLE_BYTES, foreign, text_bytes

# Kakao's limit for the text of an AlimTalk.
TALK_CHARACTERS: Final = 1_000
URL: Final = re.compile(r"https?://\S+")
_EXPRESSION: Final = re.compile(r"\{[{%]")
# Providers that send in EUC-KR; AWS sends whatever a phone shows, in shorter parts.
_UNICODE: Final = frozenset({"aws"})


def check_texts(
    campaign: Campaign, project: Project, parts: list[tuple[Path, MessagePart | MessageText]]
) -> Iterator[Finding]:
    """Everything about the texts of a campaign by text message or AlimTalk; `parts` are its messages as written."""
    if medium(campaign.channel) == "sms":
        for path, part in parts:
            yield from (finding.below(*path, "text") for finding in _written(part.text or "", campaign, project))
            yield from (finding.below(*path) for finding in _beside(part, project))
        for text in final_texts(campaign, project):
            yield from _sized(text)
            yield from _linked(text)
    if campaign.channel == "alimtalk":
        for path, part in parts:
            yield from (finding.below(*path, "text") for finding in _approved(part.text or ""))
        for text in final_texts(campaign, project):
            if text.characters > TALK_CHARACTERS:
                problem = f"{text.variant} is {text.characters} characters long; an AlimTalk holds {TALK_CHARACTERS:,}"
                yield Finding(("message", "text"), problem)


def _written(text: str, campaign: Campaign, project: Project) -> Iterator[Finding]:
    label = misspelt_label(text)
    if label and campaign.purpose == "marketing" and project.home_country == "KR":
        problem = f"{label} is no label of advertising (Network Act Art. 50(4), decree Annex 6)"
        yield Finding((), problem, "begin with (광고) to the letter, or leave it out: dangol adds it")
    if project.settings("sms").provider in _UNICODE:
        return
    yield from _foreign(text, "text")


def _beside(part: MessagePart | MessageText, project: Project) -> Iterator[Finding]:
    """What stands beside the text and is sent with it: a title, and the label of the act."""
    if project.settings("sms").provider in _UNICODE:
        return
    label = part.cta.label if part.cta else None
    for path, name, written in ((("subject",), "title", part.subject), (("cta", "label"), "label", label)):
        yield from (finding.below(*path) for finding in _foreign(written or "", name))


def _foreign(text: str, name: str) -> Iterator[Finding]:
    for found in foreign(text):
        problem = f"{found.character!r}, character {found.position + 1} of the {name}, is not in EUC-KR"
        yield Finding((), problem, "Korean carriers refuse it, or show something else", True, found.line)


def _sized(text: FinalText) -> Iterator[Finding]:
    if text.bytes > LMS_BYTES:
        problem = f"{text.variant} is {text.bytes:,} bytes long in its last words; an LMS holds {LMS_BYTES:,}"
        yield Finding(("message", "text"), problem)
    if (size := text_bytes(text.title)) > TITLE_BYTES:
        yield Finding(("message", "subject"), f"the title is {size} bytes long; an LMS shows {TITLE_BYTES}")


def _linked(text: FinalText) -> Iterator[Finding]:
    lines = [line for line in text.text.splitlines() if URL.search(line) and "수신거부" not in line]
    links = sum(len(URL.findall(line)) for line in lines)
    if links > 1:
        problem = f"{text.variant} has {links} links; which one is meant, and spam filters count them"
        yield Finding(("message", "text"), problem, "keep the one that the campaign is about", notice=True)
    if any(URL.match(line.lstrip()) for line in lines):
        problem = f"nothing stands in front of the link of {text.variant}"
        yield Finding(("message", "text"), problem, "say what it leads to, in a cta or before it", notice=True)


def _approved(text: str) -> Iterator[Finding]:
    if found := _EXPRESSION.search(text):
        problem = "the text of an approved template has #{…} alone; Kakao refuses what differs from it"
        hint = "declare a merge tag in dangol.yaml, named as the template's variable"
        yield Finding((), problem, hint, text_line=text.count("\n", 0, found.start()) + 1)
