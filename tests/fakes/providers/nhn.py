"""NHN Cloud KakaoTalk Bizmessage: AlimTalk v2.3, its key that is refused for ten minutes, brand messages v1.0."""

import re
from dataclasses import dataclass, field
from email import message_from_bytes
from typing import Any

from dangol.domain.picture import size_of
from tests.fakes.providers.server import Call, ProviderServer

APP_KEY, SECRET_KEY, SENDER_KEY = "nhnAppKey0123456", "nhnSecre", "a" * 40
BRAND = f"/brand-message/v1.0/appkeys/{APP_KEY}"
PARAMETERS = {"ORDER01": {"이름", "링크"}, "ORDER02": {"이름", "링크"}}


@dataclass
class FakeNhn(ProviderServer):
    """`codes` are what to say of a number instead of 0."""

    codes: dict[str, int] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    # Pictures that were uploaded, by address: for which use. No picture is one for no use.
    images: dict[str | None, str | None] = field(default_factory=lambda: {None: None})

    def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        if call.method == "GET":
            return known(call)
        if call.path.startswith("/brand-message/"):
            return self.brand(call)
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

    def brand(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        """A brand message of free form, which has one text for all its recipients, or a picture of one."""
        if call.headers.get("x-secret-key") != SECRET_KEY:
            return failed(-1001, "Invalid secretKey.")
        if call.path == f"{BRAND}/images":
            return self.store(call)
        if call.path != f"{BRAND}/freestyle-messages":
            return failed(-1000, "Invalid appKey.")
        body = call.content
        if code := self.misshapen(body):
            return failed(code, "")
        results = [self.told(person, seq) for seq, person in enumerate(body["recipientList"], 1)]
        self.taken += [r["recipientNo"] for r in results if r["resultCode"] == 0]
        header = {"resultCode": 0, "resultMessage": "SUCCESS", "isSuccessful": True}
        return 200, {"header": header, "message": {"requestId": "20261201BBB", "sendResults": results}}, {}

    def told(self, person: dict[str, Any], seq: int) -> dict[str, Any]:
        number = person["recipientNo"]
        fits = re.fullmatch(r"\d{10,15}", number) and person["targeting"] in ("I", "M", "N")
        code = self.codes.get(number, 0) if fits else -4019
        return {"recipientSeq": seq, "recipientNo": number, "resultCode": code, "resultMessage": ""}

    def misshapen(self, body: dict[str, Any]) -> int | None:
        """The code of what Kakao does not take of a brand message."""
        if body["senderKey"] != SENDER_KEY or len(body["senderKey"]) != 40:
            return -2017
        bubble, coupon = body["chatBubbleType"], body.get("coupon")
        image, wide = body.get("image", {}).get("imageUrl"), bubble == "WIDE"
        use = {"TEXT": None, "IMAGE": "IMAGE", "WIDE": "WIDE_IMAGE"}[bubble]
        limits = (76, 8, 2, 18) if wide else (1_300, 14, 4 if coupon else 5, 12)
        fits = [
            1 <= len(body["recipientList"]) <= 1_000,
            self.images.get(image) == use,
            1 <= len(body["content"]) <= limits[0],
            len(body["buttons"]) <= limits[2],
            all(len(b["name"]) <= limits[1] and b["type"] == "WL" and b["linkMo"] for b in body["buttons"]),
            coupon is None or (len(coupon["description"]) <= limits[3] and coupon["title"] and coupon["linkMo"]),
        ]
        return None if all(fits) else -2000

    def store(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        form = message_from_bytes(b"Content-Type: " + call.headers["content-type"].encode() + b"\r\n\r\n" + call.body)
        parts = {part.get_param("name", header="content-disposition"): part for part in form.walk()}
        kind, picture = (bytes(parts[name].get_payload(decode=True)) for name in ("imageType", "image"))
        size = size_of(picture)
        if size is None or size[0] < 500 or len(picture) > 5_000_000:
            return failed(-2003, "The image is not valid.")
        url = f"https://mud-kage.kakao.com/dn/{len(self.images)}/img.jpg"
        self.images[url] = kind.decode()
        header = {"resultCode": 0, "resultMessage": "SUCCESS", "isSuccessful": True}
        return 200, {"header": header, "image": {"imageSeq": 1, "imageUrl": url, "imageName": "image.jpg"}}, {}

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
