"""Text messages, AlimTalk and brand messages through SOLAPI.

https://developers.solapi.com/references/messages/sendManyDetail and …/authentication/api-key; brand messages as the SDK
5.0.3 and SOLAPI's examples send them. SOLAPI has no idempotency key: a call that was cut off is in doubt, and is not
made again.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote

from dangol.domain.approved_template import ApprovedTemplate
from dangol.domain.brand_message import Targeting, bubble_of
from dangol.domain.errors import (
    AccountError,
    DoubtError,
    NotFoundError,
    RejectedError,
    SendError,
    ThrottledError,
    UnavailableError,
)
from dangol.domain.fate import Fate
from dangol.domain.phone import digits, domestic
from dangol.domain.providers import TERMS
from dangol.domain.reference import joined_reference, split_reference
from dangol.pipeline.solapi_reports import FIELD_LENGTH, fate
from dangol.ports import Accepted, Http, HttpAnswer, Message, Pictures, Refused

BASE_URL: Final = "https://api.solapi.com"
_PATH: Final = "/messages/v4/send-many/detail"
_TEMPLATES: Final = "/kakao/v2/templates"
_FILES: Final = "/storage/v1/files"
_OK, _NOT_FOUND, _TOO_MANY, _UNAVAILABLE, _SERVER_ERROR = 200, 404, 429, 503, 500
# What is for now among the errors of a whole call.
_LATER: Final = frozenset({"TooManyRequests", "NotEnoughBalance"})
_OWN_FAULT: Final = frozenset({401, 403})
_ALIMTALK, _BRAND_MESSAGE, _MMS = "ATA", "BMS_FREE", "MMS"
# What a picture is uploaded as, for a wide brand message or another.
_PICTURES: Final = {True: "BMS_WIDE", False: "BMS"}


@dataclass(frozen=True, slots=True)
class SolapiKeys:
    """An account's key and secret."""

    api_key: str
    api_secret: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "SolapiKeys":
        """Read what the parameter store holds: `{"api_key": "…", "api_secret": "…"}`."""
        stored = json.loads(text)
        return cls(stored["api_key"], stored["api_secret"])

    def authorization(self, date: str, salt: str) -> str:
        """The header that signs one call; SOLAPI takes no salt twice."""
        signature = hmac.new(self.api_secret.encode(), f"{date}{salt}".encode(), hashlib.sha256).hexdigest()
        return f"HMAC-SHA256 apiKey={self.api_key}, date={date}, salt={salt}, signature={signature}"


@dataclass(frozen=True, slots=True)
class SolapiSender:
    """Who sends: the registered number of text messages, and the KakaoTalk channel (`pfId`) of the rest.

    `targeting` is whom Kakao hands brand messages to; empty for text messages and AlimTalks.
    """

    number: str = ""
    profile: str = ""
    targeting: Targeting | None = None


class SolapiChannel:
    """Hands text messages, AlimTalks and brand messages to SOLAPI, a hundred a call."""

    batch_size = TERMS["solapi"].batch_size

    def __init__(
        self,
        http: Http,
        keys: Callable[[], SolapiKeys],
        sender: SolapiSender,
        now: Callable[[], datetime],
        salt: Callable[[], str],
        pictures: Pictures,
    ) -> None:
        self._http = http
        self._pictures = pictures
        self._keys = keys
        self._sender = sender
        self._now = now
        self._salt = salt

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Hand messages over; one answer each, in order.

        Raises:
            ThrottledError: SOLAPI asks to slow down, or the balance is used up; it took none.
            UnavailableError: SOLAPI could not be reached; it took none.
            AccountError: SOLAPI refuses the account.
            RejectedError: SOLAPI refuses the call as a whole.
            DoubtError: the answer did not come, or cannot be read.
        """
        dialled = [(message, number) for message in messages if (number := domestic(message.address))]
        answers = self._hand_over([self._entry(message, number) for message, number in dialled]) if dialled else {}
        return [answers.get(message.reference, Refused("not_a_korean_number")) for message in messages]

    def template(self, code: str) -> ApprovedTemplate:
        """A template of an AlimTalk by its id.

        Raises:
            NotFoundError: SOLAPI knows no such template.
            SendError: SOLAPI refuses the question, or does not answer.
        """
        answer = self._http.get(f"{_TEMPLATES}/{quote(code, safe='')}", self._signed())
        if answer.status == _NOT_FOUND:
            raise NotFoundError(f"SOLAPI knows no template {code}")
        if answer.status != _OK:
            raise _meaning(answer)
        told = answer.content
        buttons = json.dumps(told.get("buttons") or [], ensure_ascii=False)
        return ApprovedTemplate(str(told.get("content", "")), told.get("status") == "APPROVED", buttons)

    def _signed(self) -> Mapping[str, str]:
        return {"Authorization": self._keys().authorization(self._now().isoformat(), self._salt())}

    def _hand_over(self, sent: Sequence[Mapping[str, Any]]) -> Mapping[str, Accepted | Refused]:
        # Nobody is sent to twice in a run; whoever is in a call twice all the same is refused there.
        call = {"messages": sent, "allowDuplicates": False, "showMessageList": True}
        answer = self._http.post(_PATH, call, self._signed())
        if answer.status != _OK:
            raise _meaning(answer)
        group = str(answer.content.get("groupInfo", {}).get("groupId", ""))
        if not group:
            raise DoubtError("SOLAPI answered without a group")
        told = [*(answer.content.get("messageList") or ()), *(answer.content.get("failedMessageList") or ())]
        known = {joined_reference(each.get("customFields") or {}): _answer(each) for each in told}
        # Only what is refused has to be listed; the rest of the group was taken.
        return {whose: known.get(whose, Accepted(group)) for each in sent if (whose := _whose(each))}

    def _entry(self, message: Message, number: str) -> dict[str, Any]:
        told = {"to": number, "customFields": split_reference(message.reference, FIELD_LENGTH)}
        # What follows where KakaoTalk cannot be reached is the campaign's own affair.
        kakao = {"pfId": self._sender.profile, "disableSms": True}
        if message.template:
            variables = {f"#{{{name}}}": value for name, value in message.values.items()}
            kakao |= {"templateId": message.template, "variables": variables}
            return {**told, "type": _ALIMTALK, "kakaoOptions": kakao}
        told |= {"text": message.text, **({"from": digits(self._sender.number)} if self._sender.number else {})}
        if self._sender.targeting:
            return {**told, "type": _BRAND_MESSAGE, "kakaoOptions": {**kakao, "bms": self._bubble(message)}}
        if message.subject:
            told["subject"] = message.subject
        if message.image:
            told["imageId"] = self._picture(message.image, _MMS)
        return {**told, "type": message.kind.upper(), "autoTypeDetect": False}

    def _bubble(self, message: Message) -> dict[str, Any]:
        """What a brand message has beside its words."""
        told: dict[str, Any] = {
            "targeting": self._sender.targeting,
            "chatBubbleType": bubble_of(message.image, wide=message.wide),
            "buttons": [{"linkType": "WL", "name": n, "linkMobile": to, "linkPc": to} for n, to in message.acts],
        }
        if message.image:
            told["imageId"] = self._picture(message.image, _PICTURES[message.wide])
        if message.coupon:
            title, description, to = message.coupon
            told["coupon"] = {"title": title, "description": description, "linkMobile": to, "linkPc": to}
        return told

    def _picture(self, image: str, kind: str) -> str:
        """A picture by SOLAPI's id, which belongs to the account."""
        account = hashlib.sha256(self._keys().api_key.encode()).hexdigest()[:8]
        return self._pictures.known(image, f"solapi-{account}-{kind.lower()}", partial(self._uploaded, kind))

    def _uploaded(self, kind: str, content: bytes) -> str:
        call = {"file": base64.b64encode(content).decode(), "type": kind}
        try:
            answer = self._http.post(_FILES, call, self._signed())
            if answer.status != _OK or not answer.content.get("fileId"):
                raise _meaning(answer)
        except DoubtError as error:
            # A picture twice there does no harm, and no message was sent.
            raise UnavailableError("SOLAPI did not answer to a picture") from error
        return str(answer.content["fileId"])


def _whose(entry: Mapping[str, Any]) -> str:
    return joined_reference(entry["customFields"])


def _answer(told: Mapping[str, Any]) -> Accepted | Refused:
    code = str(told.get("statusCode", ""))
    found = fate(code)
    if found in (Fate.PENDING, Fate.DELIVERED):
        return Accepted(str(told.get("messageId", "")))
    return Refused.by(f"solapi_{code}", found)


def _meaning(answer: HttpAnswer) -> SendError:
    code = str(answer.content.get("errorCode") or f"http_{answer.status}")
    if answer.status == _TOO_MANY or code in _LATER:
        return ThrottledError(f"solapi_{code}")
    # Its own SDKs make such a call again, so it took nothing.
    if answer.status == _UNAVAILABLE:
        return UnavailableError("SOLAPI cannot take calls")
    if answer.status >= _SERVER_ERROR:
        return DoubtError(f"solapi_{code}")
    # A key, a signature or a right: the next call would be refused as well.
    return (AccountError if answer.status in _OWN_FAULT else RejectedError)(f"solapi_{code}")
