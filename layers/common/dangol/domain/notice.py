"""The notice of the result that Korea asks for after every consent, refusal or withdrawal: Art. 50(7).

It has to come within 14 days and to say who sends, what was said and on which day, and what comes of it. It is
information: it carries nothing that advertises.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from dangol.domain.channel import ChannelName
from dangol.domain.profile import Profile
from dangol.domain.project import Project, Sender

NOTICE_COUNTRY: Final = "KR"
# Seconds. Whoever changes their mind at once is told of the last word alone.
NOTICE_DELAY: Final = 900
NIGHT: Final = "night"
# By which channels a person is told, the first first; a text message costs something, so it comes first only for
# what reaches a phone anyway.
_MAIL_FIRST: Final[tuple[ChannelName, ...]] = ("email", "sms")
_WAYS: Final[Mapping[str, tuple[ChannelName, ...]]] = {
    "console": ("console",),
    "email": _MAIL_FIRST,
    NIGHT: _MAIL_FIRST,
}
_CHANNELS: Final = {
    "ko": {
        "email": "이메일",
        "sms": "문자",
        "lms": "문자",
        "mms": "문자",
        "kakao": "카카오톡",
        "brand_message": "카카오톡 브랜드 메시지",
        "push": "앱 알림",
        "web_push": "웹 알림",
        NIGHT: "야간(21시~8시)",
    },
    "en": {
        "email": "e-mail",
        "sms": "text message",
        "lms": "text message",
        "mms": "text message",
        "kakao": "KakaoTalk",
        "brand_message": "KakaoTalk brand message",
        "push": "app notification",
        "web_push": "web notification",
        NIGHT: "night",
    },
}
_WORDS: Final = {
    "ko": {
        "subject": "[{name}] 광고성 정보 {fact} 처리 결과 안내",
        "short": "{fact} 처리 결과 안내",
        "given": "수신동의",
        "withdrawn": "수신거부",
        "text": (
            "{name}에서 알려 드립니다.\n\n"
            "- 전송자: {name}\n"
            "- 내용: {channel} 광고성 정보 {fact}\n"
            "- 의사를 밝히신 날: {day}\n"
            "- 처리 결과: {result}\n\n"
            "문의: {contact}\n"
        ),
        "result_given": "동의하신 대로 처리되어 광고성 정보를 보내 드립니다.",
        "result_withdrawn": "거부하신 대로 처리되어 광고성 정보를 보내지 않습니다.",
    },
    "en": {
        "subject": "[{name}] Your {fact} has been recorded",
        "short": "Your choice is recorded",
        "given": "consent to advertising",
        "withdrawn": "refusal of advertising",
        "text": (
            "This is a notice from {name}.\n\n"
            "- Sender: {name}\n"
            "- What you told us: {fact} ({channel})\n"
            "- On: {day}\n"
            "- Result: {result}\n\n"
            "Contact: {contact}\n"
        ),
        "result_given": "recorded; you will get advertising.",
        "result_withdrawn": "recorded; you will get no advertising.",
    },
}


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notice says: consent on `channel` (or `night`) was given, or not, on `day`."""

    channel: str
    given: bool
    day: date
    locale: str


def notice_channel(channel: str, profile: Profile, project: Project) -> ChannelName | None:
    """By which channel a person can be told; None where there is no address for any.

    Text messages are a way where their provider is set up.
    """
    for by in _WAYS.get(channel, ("sms", "email")):
        if profile.address(by) and (by != "sms" or project.sends("sms")):
            return by
    return None


def channel_name(channel: str, locale: str) -> str:
    """What people call a channel."""
    return _CHANNELS.get(locale, _CHANNELS["en"]).get(channel, channel)


def worded(notice: Notice, sender: Sender, by: ChannelName = "email") -> tuple[str, str]:
    """Subject and text of a notice; a text message has room for a short title alone."""
    locale = notice.locale if notice.locale in _WORDS else "en"
    words, which = _WORDS[locale], "given" if notice.given else "withdrawn"
    told = {
        "name": sender.name,
        "fact": words[which],
        "channel": channel_name(notice.channel, locale),
        "day": notice.day.isoformat(),
        "result": words[f"result_{which}"],
        "contact": ", ".join(part for part in (sender.phone, sender.email) if part),
    }
    subject = words["short" if by == "sms" else "subject"]
    return subject.format_map(told), words["text"].format_map(told)
