"""SOLAPI: `send-many/detail`, its signature, its limits, its codes."""

import base64
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from solapi.lib.authenticator import Authenticator  # type: ignore[import-untyped]  # it ships no types
from solapi.model.kakao.bms.bms_button import BmsWebButton  # type: ignore[import-untyped]  # it ships no types
from solapi.model.request.kakao.bms import Bms  # type: ignore[import-untyped]  # it ships no types
from solapi.model.request.storage import FileUploadRequest  # type: ignore[import-untyped]  # it ships no types

from dangol.domain.picture import size_of
from tests.fakes.providers.server import Call, ProviderServer

KEY, SECRET = "NCSAAAAAAAAAAAAA", "SOLAPISECRETSOLAPISECRETSOLAPISE"
NUMBER, PROFILE = "15880000", "KA01PF000000000000000000000000AA"
TEMPLATES = {"KA01TP01": "#{이름}님, 주문이 출발했어요."}
# A button's address is a variable of its template as well.
VARIABLES = {"KA01TP01": {"#{이름}", "#{링크}"}}
# How large a picture may be for each use of it.
MOST = {"MMS": 200 * 1024, "BMS": 5_000_000, "BMS_WIDE": 5_000_000}
_AUTHORIZATION = re.compile(
    r"HMAC-SHA256 apiKey=(?P<key>\w+), date=(?P<date>[^,]+), salt=(?P<salt>\w{12,64}), signature=(?P<mac>[0-9a-f]{64})"
)


@dataclass
class FakeSolapi(ProviderServer):
    """`codes` are what to say of a number instead of 2000, as SOLAPI's table has them."""

    codes: dict[str, str] = field(default_factory=dict)
    salts: set[str] = field(default_factory=set)
    # What was uploaded, by id: for which use.
    files: dict[str, str] = field(default_factory=dict)
    # Since `showMessageList` lists only what the account asked for, some answers come without.
    lists: bool = True

    def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        if call.method == "GET":
            return self.known(call)
        if call.path == "/storage/v1/files":
            return self.store(call)
        if call.path != "/messages/v4/send-many/detail":
            return 404, {"errorCode": "NotFound", "errorMessage": call.path}, {}
        if wrong := self.forged(call.headers.get("authorization", "")):
            return 401, {"errorCode": wrong, "errorMessage": wrong}, {}
        messages = call.content["messages"]
        if not 1 <= len(messages) <= 10_000 or len(call.body) > 15 * 1024 * 1024:
            return 400, {"errorCode": "ValidationError", "errorMessage": "messages"}, {}
        duplicated = {m["to"] for m in messages if [n["to"] for n in messages].count(m["to"]) > 1}
        told = [self.tell(m, twice=m["to"] in duplicated and not call.content["allowDuplicates"]) for m in messages]
        self.taken += [m["to"] for m, said in zip(messages, told, strict=True) if said["statusCode"] == "2000"]
        failed = [said for said in told if said["statusCode"] != "2000"]
        group = {"groupId": "G4V01", "count": {"total": len(told), "registeredFailed": len(failed)}}
        taken = [said for said in told if said["statusCode"] == "2000"]
        return 200, {"groupInfo": group, "messageList": taken if self.lists else None, "failedMessageList": failed}, {}

    def store(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Keep a picture for one use of it."""
        if wrong := self.forged(call.headers.get("authorization", "")):
            return 401, {"errorCode": wrong, "errorMessage": wrong}, {}
        told = FileUploadRequest.model_validate(call.content)
        picture = base64.b64decode(told.file, validate=True)
        if size_of(picture) is None or len(picture) > MOST.get(told.type.value, 0):
            return 400, {"errorCode": "ValidationError", "errorMessage": "file"}, {}
        name = f"ST01FZ{len(self.files)}"
        self.files[name] = told.type.value
        return 200, {"fileId": name, "type": told.type.value}, {}

    def known(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        if wrong := self.forged(call.headers.get("authorization", "")):
            return 401, {"errorCode": wrong, "errorMessage": wrong}, {}
        code = call.path.removeprefix("/kakao/v2/templates/")
        if code not in TEMPLATES:
            return 404, {"errorCode": "ResourceNotFound", "errorMessage": code}, {}
        button = {"buttonType": "WL", "buttonName": "배송 조회", "linkMo": "https://#{링크}"}
        told = {"templateId": code, "status": "APPROVED", "content": TEMPLATES[code], "buttons": [button]}
        return 200, told, {}

    def forged(self, header: str) -> str | None:
        """What is wrong with a call's authorization, by the function of SOLAPI's own SDK."""
        given = _AUTHORIZATION.fullmatch(header)
        if given is None or given["key"] != KEY:
            return "InvalidAPIKey"
        if abs(datetime.fromisoformat(given["date"]) - datetime.now(UTC)) > timedelta(minutes=15):
            return "RequestTimeTooSkewed"
        if given["mac"] != Authenticator.get_signature(SECRET, given["date"] + given["salt"]):
            return "SignatureDoesNotMatch"
        if given["salt"] in self.salts:
            return "DuplicatedSignature"
        self.salts.add(given["salt"])
        return None

    def tell(self, message: dict[str, Any], *, twice: bool) -> dict[str, Any]:
        code = "1026" if twice else refused(message, self.files) or self.codes.get(message["to"], "2000")
        own = f"M4V{message['to']}"
        return {
            "messageId": own,
            "to": message["to"],
            "statusCode": code,
            "statusMessage": "",
            "customFields": message["customFields"],
        }


def refused(message: dict[str, Any], files: dict[str, str]) -> str | None:
    """The code of what is wrong with a message by itself."""
    fields = message["customFields"]
    if any(len(name) > 30 or len(value) > 100 for name, value in fields.items()):
        return "1011"
    if not re.fullmatch(r"01\d{8,9}", message["to"]):
        return "1010"
    if message["type"] == "ATA":
        return unapproved(message["kakaoOptions"])
    if message["from"] != NUMBER:
        return "1062"
    return misshapen(message, files) if message["type"] == "BMS_FREE" else oversized(message, files)


def unapproved(kakao: dict[str, Any]) -> str | None:
    """What is wrong with an AlimTalk."""
    if kakao["pfId"] != PROFILE or kakao["templateId"] not in TEMPLATES:
        return "3101" if kakao["pfId"] != PROFILE else "1045"
    return None if set(kakao["variables"]) == VARIABLES[kakao["templateId"]] else "3103"


def misshapen(message: dict[str, Any], files: dict[str, str]) -> str | None:
    """What is wrong with a brand message, by the models of SOLAPI's own SDK and Kakao's limits."""
    kakao = message["kakaoOptions"]
    if kakao["pfId"] != PROFILE:
        return "3101"
    known = {field.alias for field in Bms.model_fields.values()}
    try:
        told = Bms.model_validate(kakao["bms"])
        buttons = [BmsWebButton.model_validate(button) for button in kakao["bms"]["buttons"]]
    except ValidationError:
        return "1030"
    wide = told.chat_bubble_type == "WIDE"
    use = {"TEXT": None, "IMAGE": "BMS", "WIDE": "BMS_WIDE"}[str(told.chat_bubble_type)]
    limits = (76, 8, 2) if wide else (1_300, 14, 4 if told.coupon else 5)
    fits = [
        kakao["bms"].keys() <= known,
        told.targeting in ("I", "M", "N"),
        files.get(told.image_id or "") == use,
        len(message["text"]) <= limits[0],
        all(
            len(button.name) <= limits[1] and button.link_mobile.startswith(("https://", "http://"))
            for button in buttons
        ),
        len(buttons) <= limits[2],
    ]
    return None if all(fits) else "1011"


def oversized(message: dict[str, Any], files: dict[str, str]) -> str | None:
    """What is wrong with a text message."""
    if message["type"] == "MMS" and files.get(message.get("imageId", "")) != "MMS":
        return "1011"
    try:
        sizes = [len(c.encode("euc_kr")) for c in message["text"]]
    except UnicodeEncodeError:
        return "1029"
    if max(sizes, default=0) > 2:
        return "1029"
    if len(message.get("subject", "").encode("euc_kr")) > 40 or (message["type"] == "SMS" and "subject" in message):
        return "1013"
    return None if sum(sizes) <= {"SMS": 90, "LMS": 2_000, "MMS": 2_000}[message["type"]] else "1028"
