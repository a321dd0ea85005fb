"""The confirmation that Korea asks for every two years after a consent: Art. 50(8), decree Art. 62-3.

Before the day on which the consent becomes two, four, six … years old, its giver is told who sends, what they consented
to and when, and how to keep or withdraw it. Silence keeps it. It is information, and carries nothing that advertises.

The campaigns for it are made here. Which consents are due follows from their dates alone, so that nothing has to be
remembered for two years: they are 35 to 0 days short of a multiple of 730 days, which is never after that day.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from dangol.domain.campaign import Campaign
from dangol.domain.ledger import UNDATED
from dangol.domain.notice import channel_name
from dangol.domain.profile import Profile
from dangol.domain.project import Project

# What the messages name: the consents that stand, each with its channel and its day.
CONSENTS: Final = "consents_given"
# No campaign file can have such a name: an id begins with a letter or a digit.
_DUE, _UNDATED = "_consent-confirmation", "_consent-undated"
WAYS: Final = ("email", "sms")
IDS: Final = frozenset(f"{kind}-{way}" for kind in (_DUE, _UNDATED) for way in WAYS)
# What consents to advertising are kept under.
_CONSENTED: Final = ("email", "sms", "kakao", "push", "web_push")
_CYCLE, _AHEAD, _CYCLES = 730, 35, 10
# Dates before this one stand for none.
_FIRST_DAY: Final = "1970-01-02"
_WORDS: Final = {
    "ko": {
        "title": "광고성 정보 수신동의 확인",
        "subject": "[{name}] 광고성 정보 수신동의 확인 안내",
        "short": "수신동의 확인 안내",
        "text": (
            "{name}에서 알려 드립니다.\n"
            "광고성 정보를 받기로 동의하신 내용을 2년마다 한 번 알려 드리고 있습니다(정보통신망법 제50조 제8항).\n\n"
            "- 전송자: {name}\n"
            "- 동의하신 내용과 날짜\n"
            "{consents}\n"
            "동의를 유지하시려면 아무것도 하지 않으셔도 됩니다.\n"
            "바꾸거나 그만 받으시려면: {{{{ unsubscribe_link }}}}\n\n"
            "문의: {contact}\n"
        ),
        "undated": "날짜 기록 없음",
    },
    "en": {
        "title": "Confirmation of consents",
        "subject": "[{name}] What you consented to",
        "short": "Your consents",
        "text": (
            "This is a notice from {name}.\n"
            "Every two years we tell you what advertising you consented to (Network Act of Korea, Art. 50(8)).\n\n"
            "- Sender: {name}\n"
            "- What you consented to, and when\n"
            "{consents}\n"
            "To keep it, you need do nothing.\n"
            "To change or withdraw it: {{{{ unsubscribe_link }}}}\n\n"
            "Contact: {contact}\n"
        ),
        "undated": "no date on record",
    },
}
_EACH: Final = "{{% for each in {named} %}}  · {{{{ each.channel }}}}: {{{{ each.day or {undated} }}}}\n{{% endfor %}}"


def consents_given(profile: Profile, project: Project) -> list[dict[str, str | None]]:
    """The consents of a person that stand: each channel's name and the day, None where it is not known."""
    return [
        {"channel": channel_name(channel, project.locale), "day": None if at == UNDATED else _day(at, project)}
        for channel, at in sorted(profile.consents.items())
        if at > 0
    ]


def _day(at: int, project: Project) -> str:
    return datetime.fromtimestamp(at, tz=UTC).astimezone(project.zone).date().isoformat()


def confirmations(project: Project) -> Mapping[str, Campaign]:
    """The campaigns that confirm consents, by their ids; none where the project does not ask for them.

    By e-mail; by text message to those who have no address, where a provider of text messages is set up.
    """
    if not project.consent_confirmation:
        return {}
    ways = WAYS if project.sends("sms") else WAYS[:1]
    due = [(channel, _CYCLE * n) for channel in _CONSENTED for n in range(1, _CYCLES + 1)]
    dated = [{"consented": channel, "between": [f"{end}d", f"{end - _AHEAD}d"]} for channel, end in due]
    undated = [{"consented": channel, "before": _FIRST_DAY} for channel in _CONSENTED]
    made = {f"{_DUE}-{way}": _campaign(way, dated, f"{_AHEAD}d", project) for way in ways}
    # Nobody knows when theirs are due, so they are told every year, which the ledger remembers.
    return made | {f"{_UNDATED}-{way}": _campaign(way, undated, "365d", project) for way in ways}


def _campaign(way: str, consents: Sequence[Mapping[str, Any]], once_per: str, project: Project) -> Campaign:
    words = _WORDS[project.locale]
    without = {"none": [{"reachable": "email"}]} if way == "sms" else {}
    return Campaign.model_validate(
        {
            "title": words["title"],
            "audience": {"all": [{"reachable": way}, {"any": list(consents)}], **without},
            "schedule": {"weekly": ["tue"], "at": "10:00"},
            "purpose": "information",
            "channel": way,
            "message": _message(way, words, project),
            "once_per": once_per,
            "limits": {"expires": "5d"},
        }
    )


def _message(way: str, words: Mapping[str, str], project: Project) -> dict[str, str]:
    sender = project.sender
    # As literals of the template language: a name with braces stays a name.
    name = f"{{{{ {_literal(sender.name)} }}}}"
    contact = ", ".join(part for part in (sender.phone, sender.email) if part)
    told = {
        "name": name,
        "contact": f"{{{{ {_literal(contact)} }}}}",
        "consents": _EACH.format(named=CONSENTS, undated=_literal(words["undated"])),
    }
    subject = words["short"] if way == "sms" else words["subject"].format(**told)
    return {"subject": subject, "text": words["text"].format(**told)}


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
