"""AWS End User Messaging SMS: `SendTextMessage` and `SendMediaMessage`, signed, one message a call."""

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from tests.fakes.providers.server import Call, ProviderServer
from tests.fakes.providers.signed import signed

ORIGINATION = "+12065550100"


@dataclass
class FakeAwsSms(ProviderServer):
    """`refusals` are the exceptions to answer with for a number: its name, and its reason."""

    refusals: dict[str, tuple[str, str]] = field(default_factory=dict)

    def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        operation = call.headers.get("x-amz-target", "").removeprefix("PinpointSMSVoiceV2.")
        if operation not in ("SendTextMessage", "SendMediaMessage"):
            return refused("UnknownOperationException")
        body = call.content
        wrong = ("InvalidSignatureException", "") if not signed(call, self.url, "sms-voice") else self.wrong(body)
        if wrong:
            return refused(*wrong)
        self.taken.append(body["DestinationPhoneNumber"])
        return 200, {"MessageId": str(uuid4())}, {}

    def wrong(self, body: dict[str, Any]) -> tuple[str, str] | None:
        """The exception and the reason that a message is refused with."""
        number, context = body["DestinationPhoneNumber"], body.get("Context", {})
        if not re.fullmatch(r"\+?[1-9][0-9]{1,18}", number) or not 1 <= len(body["MessageBody"]) <= 1_600:
            return "ValidationException", "FIELD_VALIDATION_FAILED"
        if any(not url.startswith("s3://") for url in body.get("MediaUrls", [])) or ("MediaUrls" in body) == (
            "MessageType" in body
        ):
            return "ValidationException", "INVALID_PARAMETER"
        if len(context) > 5 or any(len(name) > 100 or len(value) > 800 for name, value in context.items()):
            return "ValidationException", "INVALID_PARAMETER"
        if body.get("OriginationIdentity", ORIGINATION) != ORIGINATION:
            return "ResourceNotFoundException", ""
        return self.refusals.get(number)


def refused(name: str, reason: str = "") -> tuple[int, dict[str, Any], dict[str, str]]:
    told = {"__type": name, "Message": name, **({"Reason": reason} if reason else {})}
    return 400, told, {"content-type": "application/x-amz-json-1.0"}
