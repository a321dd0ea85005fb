"""A company's own receiver of messages: verified as Standard Webhooks' own library does, each id taken once."""

from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.fakes.providers.server import Call, ProviderServer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@dataclass
class FakeEndpoint(ProviderServer):
    """`refusals` are statuses for people."""

    refusals: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)

    def answer(self, call: Call) -> tuple[int, dict[str, Any], dict[str, str]]:
        try:
            Webhook(SECRET).verify(call.body, dict(call.headers))
        except WebhookVerificationError:
            return 401, {}, {}
        told = call.content
        if told["type"] != "message" or not told["timestamp"]:
            return 400, {}, {}
        told = told["data"]
        if not told["text"] or not told["send_id"]:
            return 400, {}, {}
        if told["user_id"] in self.refusals:
            return self.refusals[told["user_id"]], {}, {}
        if call.headers["webhook-id"] not in self.known:
            self.known.add(call.headers["webhook-id"])
            self.taken.append(told["user_id"])
        return 200, {}, {}
