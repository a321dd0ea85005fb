"""NHN Cloud KakaoTalk Bizmessage: AlimTalk v2.3, its key that is refused for ten minutes, its codes."""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.providers.server import Call, ProviderServer

APP_KEY, SECRET_KEY, SENDER_KEY = "nhnAppKey0123456", "nhnSecre", "a" * 40
PARAMETERS = {"ORDER01": {"이름", "링크"}, "ORDER02": {"이름", "링크"}}


@dataclass
class FakeNhn(ProviderServer):
    """`codes` are what to say of a number instead of 0."""

    codes: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        if call.method == "GET":
            return known(call)
        if wrong := self.wrong(call):
            return failed(*wrong)
        key, body = call.headers.get("x-nc-api-idempotency-key", ""), call.content
        people = body["recipientList"]
        if len(body["templateCode"]) > 20 or not 1 <= len(people) <= 1_000:
            return failed(-2005, "The 'recipientList' must be less than or equal to 1000.")
        self.used.add(key)
        results = [self.tell(body["templateCode"], person, seq) for seq, person in enumerate(people, 1)]
        self.taken += [r["recipientNo"] for r in results if r["resultCode"] == 0]
        header = {"resultCode": 0, "resultMessage": "SUCCESS", "isSuccessful": True}
        return 200, {"header": header, "message": {"requestId": "20261201AAA", "sendResults": results}}, {}

    def wrong(self, call: Call) -> tuple[int, str] | None:
        """The code and the words that a call is refused with."""
        if call.path != f"/alimtalk/v2.3/appkeys/{APP_KEY}/messages":
            return -1000, "Invalid appKey."
        if call.headers.get("x-secret-key") != SECRET_KEY:
            return -1001, "Invalid secretKey."
        if call.headers.get("x-nc-api-idempotency-key") in self.used:
            return -1005, "The same 'X-NC-API-IDEMPOTENCY-KEY' was used within the last 10 minute."
        return None if call.content["senderKey"] == SENDER_KEY else (-2017, "Not exist plus friend.")

    def tell(self, template: str, person: dict[str, Any], seq: int) -> dict[str, Any]:
        number, code = person["recipientNo"], 0
        if template not in PARAMETERS or set(person["templateParameter"]) != PARAMETERS[template]:
            code = -3016
        elif not re.fullmatch(r"\d{10,15}", number):
            code = -4019
        elif len(person.get("recipientGroupingKey", "")) > 100:
            code = -2000
        code = code or self.codes.get(number, 0)
        return {"recipientSeq": seq, "recipientNo": number, "resultCode": code, "resultMessage": ""}


def known(call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
    code = call.path.removeprefix(f"/alimtalk/v2.3/appkeys/{APP_KEY}/senders/{SENDER_KEY}/templates/")
    if call.headers.get("x-secret-key") != SECRET_KEY:
        return failed(-1001, "Invalid secretKey.")
    if code not in PARAMETERS:
        return failed(-4016, "Not exist data.")
    told = {"templateContent": "#{이름}님, 주문이 출발했어요.", "status": "TSC03" if code == "ORDER01" else "TSC02"}
    return 200, {"header": {"resultCode": 0, "isSuccessful": True}, "template": told}, {}


def failed(code: int, message: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    return 200, {"header": {"resultCode": code, "resultMessage": message, "isSuccessful": False}}, {}
