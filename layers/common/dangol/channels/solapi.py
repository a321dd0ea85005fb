"""Text messages and AlimTalk through SOLAPI.

https://developers.solapi.com/references/messages/sendManyDetail and …/authentication/api-key. SOLAPI has no idempotency
key: a call that was cut off is in doubt, and is not made again.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from dangol.domain.approved_template import ApprovedTemplate
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
from dangol.ports import Accepted, Http, HttpAnswer, Message, Refused

BASE_URL: Final = "https://api.solapi.com"
_PATH: Final = "/messages/v4/send-many/detail"
_TEMPLATES: Final = "/kakao/v2/templates"
_OK, _NOT_FOUND, _TOO_MANY, _UNAVAILABLE, _SERVER_ERROR = 200, 404, 429, 503, 500
# What is for now among the errors of a whole call.
_LATER: Final = frozenset({"TooManyRequests", "NotEnoughBalance"})
_OWN_FAULT: Final = frozenset({401, 403})
_ALIMTALK: Final = "ATA"


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
    """Who sends: the registered number of text messages, and the KakaoTalk channel (`pfId`) of AlimTalks."""

    number: str = ""
    profile: str = ""


class SolapiChannel:
    """Hands text messages and AlimTalks to SOLAPI, a hundred a call."""

    batch_size = TERMS["solapi"].batch_size

    def __init__(
        self,
        http: Http,
        keys: Callable[[], SolapiKeys],
        sender: SolapiSender,
        now: Callable[[], datetime],
        salt: Callable[[], str],
    ) -> None:
        self._http = http
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
        fields = split_reference(message.reference, FIELD_LENGTH)
        if message.template:
            variables = {f"#{{{name}}}": value for name, value in message.values.items()}
            # What follows where KakaoTalk cannot be reached is the campaign's own affair.
            kakao = {
                "pfId": self._sender.profile,
                "templateId": message.template,
                "variables": variables,
                "disableSms": True,
            }
            return {"to": number, "type": _ALIMTALK, "kakaoOptions": kakao, "customFields": fields}
        titled = {"subject": message.subject} if message.subject else {}
        return {
            "to": number,
            "from": digits(self._sender.number),
            "text": message.text,
            "type": message.kind.upper(),
            "autoTypeDetect": False,
            "customFields": fields,
            **titled,
        }


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
