"""AlimTalk and brand messages through NHN Cloud's KakaoTalk Bizmessage.

https://docs.nhncloud.com/en/Notification/KakaoTalk%20Bizmessage/en/alimtalk-api-guide/ (v2.3) and, for brand messages
of free form, …/friendtalkupgrade-api-guide/ (v1.0). AlimTalk's idempotency key is refused for ten minutes, so a call
that was cut off is made once more under the same key: refused, it was taken before. Brand messages have no such key.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
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
from dangol.domain.phone import domestic
from dangol.domain.providers import TERMS, terms_of
from dangol.pipeline.nhn_reports import KEY_LENGTH
from dangol.pipeline.waves import of_wave
from dangol.ports import Accepted, Answer, Http, HttpAnswer, Message, Pictures, Refused

BASE_URL: Final = "https://kakaotalk-bizmessage.api.nhncloudservice.com"
_OK, _TOO_MANY, _SERVER_ERROR = 200, 429, 500
_TAKEN_BEFORE: Final = -1005
# A key is wrong, or not for this: the next call would be refused as well. By HTTP's status, or as a code (unverified).
_OWN_FAULT: Final = frozenset({401, 403})
_NO_KEYS: Final = frozenset({-1000, -1001, -1002})
_APPROVED: Final = "TSC03"
_NO_DATA: Final = -4016
# AlimTalk says 0; the guide of brand messages speaks of 200 (unverified).
_TAKEN: Final = (0, 200)
# What is said of one recipient; everything else is for good, and nothing is wrong with the number.
_FATES: Final[Mapping[int, Fate]] = {-4019: Fate.DEAD, -3301: Fate.OPTED_OUT}


@dataclass(frozen=True, slots=True)
class NhnKeys:
    """A project's app key and secret key."""

    app_key: str = field(repr=False)
    secret_key: str = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "NhnKeys":
        """Read what the parameter store holds: `{"app_key": "…", "secret_key": "…"}`."""
        stored = json.loads(text)
        return cls(stored["app_key"], stored["secret_key"])


class NhnChannel:
    """Hands AlimTalks to NHN Cloud, a hundred a call."""

    batch_size = TERMS["nhn"].batch_size

    def __init__(self, http: Http, keys: Callable[[], NhnKeys], profile: str, salt: Callable[[], str]) -> None:
        self._http = http
        self._keys = keys
        self._profile = profile
        self._salt = salt

    def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        """Hand AlimTalks over, those of one template in one call; one answer each, in order.

        Raises:
            ThrottledError: NHN asks to slow down; it took none.
            UnavailableError: NHN could not be reached; it took none.
            AccountError: NHN refuses the keys.
            RejectedError: NHN refuses the call as a whole.
            DoubtError: neither the answer nor that to the repeated call came.
        """
        answers: dict[str, Answer | SendError] = {}
        dialled = [message for message in messages if domestic(message.address)]
        for template, alike in groupby(sorted(dialled, key=attrgetter("template")), key=attrgetter("template")):
            some = list(alike)
            try:
                answers |= self._hand_over(template, some)
            except SendError as error:
                # What became of the other templates' is another matter.
                answers |= dict.fromkeys((message.reference for message in some), error)
        return of_wave(answers.get(message.reference, Refused("not_a_korean_number")) for message in messages)

    def template(self, code: str) -> ApprovedTemplate:
        """A template by its code.

        Raises:
            NotFoundError: NHN knows no such template.
            SendError: NHN refuses the question, or does not answer.
        """
        keys = self._keys()
        place = f"/alimtalk/v2.3/appkeys/{keys.app_key}/senders/{self._profile}/templates/{quote(code, safe='')}"
        answer = self._http.get(place, {"X-Secret-Key": keys.secret_key})
        header = answer.content.get("header")
        if isinstance(header, Mapping) and header.get("resultCode") == _NO_DATA:
            raise NotFoundError(f"NHN Cloud knows no template {code}")
        _said(answer)
        told = answer.content.get("template") or {}
        buttons = json.dumps(told.get("buttons") or [], ensure_ascii=False)
        return ApprovedTemplate(str(told.get("templateContent", "")), told.get("status") == _APPROVED, buttons)

    def _hand_over(self, template: str, messages: Sequence[Message]) -> Mapping[str, Accepted | Refused]:
        keys, once = self._keys(), self._salt()
        path = f"/alimtalk/v2.3/appkeys/{keys.app_key}/messages"
        headers = {"X-Secret-Key": keys.secret_key, "X-NC-API-IDEMPOTENCY-KEY": once}
        call = {
            "senderKey": self._profile,
            "templateCode": template,
            "recipientList": [_entry(message) for message in messages],
        }
        try:
            said = _said(self._http.post(path, call, headers))
        except DoubtError:
            said = self._again(path, call, headers)
        if said is None:
            return {message.reference: Accepted(once) for message in messages}
        return {m.reference: _answer(said, place) for place, m in enumerate(messages)}

    def _again(self, path: str, call: Mapping[str, Any], headers: Mapping[str, str]) -> Mapping[str, Any] | None:
        try:
            return _said(self._http.post(path, call, headers))
        except SendError as error:
            # Why this call failed says nothing of the first.
            raise DoubtError(str(error)) from error


class NhnBrandChannel:
    """Hands brand messages to NHN Cloud, one a call: a call has one text, and each has links of its own."""

    batch_size = terms_of("nhn", "brand_message").batch_size

    def __init__(
        self, http: Http, keys: Callable[[], NhnKeys], sender: tuple[str, Targeting], pictures: Pictures
    ) -> None:
        self._http = http
        self._keys = keys
        self._profile, self._targeting = sender
        self._pictures = pictures

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Hand one brand message over.

        Raises:
            ThrottledError: NHN asks to slow down; it took none.
            UnavailableError: NHN could not be reached; it took none.
            AccountError: NHN refuses the keys.
            RejectedError: NHN refuses the call.
            DoubtError: the answer did not come.
        """
        return [self._send(m) if domestic(m.address) else Refused("not_a_korean_number") for m in messages]

    def _send(self, message: Message) -> Accepted | Refused:
        call: dict[str, Any] = {
            "senderKey": self._profile,
            "chatBubbleType": bubble_of(message.image, wide=message.wide),
            "content": message.text,
            "buttons": [{"name": name, "type": "WL", "linkMo": to, "linkPc": to} for name, to in message.acts],
            "recipientList": [{**_recipient(message), "targeting": self._targeting}],
        }
        if message.image:
            call["image"] = {"imageUrl": self._picture(message)}
        if message.coupon:
            title, description, to = message.coupon
            call["coupon"] = {"title": title, "description": description, "linkMo": to, "linkPc": to}
        said = _said(self._http.post(self._path("freestyle-messages"), call, self._headers()))
        return _answer(said or {}, 0)

    def _picture(self, message: Message) -> str:
        """A picture by the address that NHN gave it, which belongs to the project's app key."""
        kind = "WIDE_IMAGE" if message.wide else "IMAGE"
        account = sha256(self._keys().app_key.encode()).hexdigest()[:8]
        return self._pictures.known(message.image, f"nhn-{account}-{kind.lower()}", partial(self._uploaded, kind))

    def _uploaded(self, kind: str, content: bytes) -> str:
        try:
            answer = self._http.upload(self._path("images"), {"imageType": kind}, {"image": content}, self._headers())
            _said(answer)
        except DoubtError as error:
            # A picture twice there does no harm, and no message was sent.
            raise UnavailableError("NHN did not answer to a picture") from error
        return str((answer.content.get("image") or {}).get("imageUrl", ""))

    def _path(self, what: str) -> str:
        return f"/brand-message/v1.0/appkeys/{self._keys().app_key}/{what}"

    def _headers(self) -> Mapping[str, str]:
        return {"X-Secret-Key": self._keys().secret_key}


def _said(answer: HttpAnswer) -> Mapping[str, Any] | None:
    """What was answered of the messages; None where NHN took them before.

    Raises:
        SendError: it took none of them, or `DoubtError`.
    """
    if answer.status == _TOO_MANY:
        raise ThrottledError("nhn_http_429")
    header = answer.content.get("header")
    if answer.status in _OWN_FAULT:
        raise AccountError(f"nhn_http_{answer.status}")
    if answer.status >= _SERVER_ERROR or not isinstance(header, Mapping):
        raise DoubtError(f"nhn_http_{answer.status}")
    if header.get("resultCode") == _TAKEN_BEFORE:
        return None
    if answer.status != _OK or header.get("isSuccessful") is not True:
        code = header.get("resultCode")
        raise (AccountError if code in _NO_KEYS else RejectedError)(f"nhn_{code}")
    said = answer.content.get("message")
    return said if isinstance(said, Mapping) else {}


def _entry(message: Message) -> dict[str, Any]:
    return {**_recipient(message), "templateParameter": dict(message.values)}


def _recipient(message: Message) -> dict[str, Any]:
    # What follows where KakaoTalk cannot be reached is the campaign's own affair.
    entry: dict[str, Any] = {"recipientNo": domestic(message.address), "resendParameter": {"isResend": False}}
    if len(message.reference) <= KEY_LENGTH:
        entry["recipientGroupingKey"] = message.reference
    return entry


def _answer(said: Mapping[str, Any], place: int) -> Accepted | Refused:
    results, request = said.get("sendResults") or [], str(said.get("requestId", ""))
    told = results[place] if place < len(results) else {}
    code = told.get("resultCode", 0)
    if code in _TAKEN:
        return Accepted(f"{request}:{told.get('recipientSeq', place + 1)}")
    return Refused.by(f"nhn_{code}", _FATES.get(code, Fate.UNDELIVERED))
