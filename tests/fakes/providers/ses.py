"""Amazon SES v2: `SendBulkEmail`, signed, with its limits.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
"""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.providers.server import Call, ProviderServer
from tests.fakes.providers.signed import signed

SENDER: Final = "hello@shop.example"
_PATH: Final = "/v2/email/outbound-bulk-emails"
_MOST, _HEADERS, _HEADER, _DATA = 50, 15, 995, 262_144


@dataclass
class FakeSes(ProviderServer):
    """`statuses` are what to say of an address instead of SUCCESS."""

    statuses: dict[str, str] = field(default_factory=dict)

    def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        if not signed(call, self.url, "ses"):
            return refused(403, "InvalidSignatureException")
        if call.method != "POST" or call.path != _PATH:
            return refused(404, "NotFoundException")
        body = call.content
        if not body["FromEmailAddress"].endswith(f"<{SENDER}>"):
            return refused(400, "MailFromDomainNotVerifiedException")
        entries = body["BulkEmailEntries"]
        if not 1 <= len(entries) <= _MOST or not all(map(sound, entries)):
            return refused(400, "BadRequestException")
        return 200, {"BulkEmailEntryResults": [self.told(entry["Destination"]) for entry in entries]}, {}

    def told(self, destination: dict[str, Any]) -> dict[str, str]:
        (address,) = destination["ToAddresses"]
        status = self.statuses.get(address, "SUCCESS")
        if status != "SUCCESS":
            return {"Status": status, "Error": status}
        self.taken.append(address)
        return {"Status": status, "MessageId": f"0100-{len(self.taken)}"}


def sound(entry: dict[str, Any]) -> bool:
    """Whether an entry keeps to SES's limits."""
    headers, tags = entry.get("ReplacementHeaders", []), entry.get("ReplacementTags", [])
    filled = entry["ReplacementEmailContent"]["ReplacementTemplate"]["ReplacementTemplateData"]
    return (
        len(headers) <= _HEADERS
        and all(each["Value"].isascii() and len(each["Value"]) <= _HEADER for each in headers)
        and all(len(tag["Value"]) <= 256 and tag["Value"].replace("-", "").replace("_", "").isalnum() for tag in tags)
        and len(filled) <= _DATA
        and {"subject", "text", "html"} <= json.loads(filled).keys()
    )


def refused(status: int, name: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    return status, {"message": name}, {"x-amzn-errortype": name}
