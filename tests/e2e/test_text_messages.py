"""Text messages on the local cloud, through SOLAPI's fake: keys from the parameter store, reports by its webhook."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from cli.applying import apply
from cli.commands.doctor import examine
from cli.stack import Stack
from dangol.domain.ledger import Flag, Ledger
from dangol.domain.profile import Profile
from dangol.domain.suppression import address_hash
from dangol.pipeline.webhooks import shared_secret
from tests.e2e.audience import CONSENTED_AT, entries, known, run_to_end
from tests.e2e.conftest import Api, recorded
from tests.fakes.providers import solapi
from tests.shop_campaign import campaign, project

PEOPLE = {
    "text0": ("010-1234-0000", CONSENTED_AT),
    "text1": ("+82 10 1234 0001", CONSENTED_AT),
    "text2": ("01012340002", CONSENTED_AT),
    "text3": ("010-1234-0003", -CONSENTED_AT),
    "text4": ("02-123-4567", CONSENTED_AT),
}


@pytest.fixture
def provider(stack: Stack, socket_enabled: None) -> Iterator[solapi.FakeSolapi]:
    with solapi.FakeSolapi(codes={"01012340002": "2061"}) as running:
        keys = {"api_key": solapi.KEY, "api_secret": solapi.SECRET, "base_url": running.url}
        stack.client("ssm").put_parameter(
            Name=f"{stack.settings.parameters_prefix}/providers/solapi", Value=json.dumps(keys), Type="SecureString"
        )
        yield running


def test_a_text_campaign_goes_out_within_the_law_and_its_reports_come_in(stack: Stack, api: Api, provider):
    known(stack)
    stack.catalogue.add("traits", ["phone"])
    people = list(PEOPLE)
    profiles = [Profile(user, traits={"phone": phone, "group": "text"}) for user, (phone, _) in PEOPLE.items()]
    assert stack.profiles.put_many(profiles) == []
    assert stack.ledgers.put_many([Ledger(user, 1, {"sms": at}) for user, (_, at) in PEOPLE.items()]) == {}
    shop = project(
        sender={"name": "단골상점", "email": "a@shop.example", "phone": "1588-0000", "refusal_number": "080-000-0000"},
        channels={"sms": {"provider": "solapi", "rate": "100/s"}},
        prices={"sms": 12, "lms": 39},
    )
    words = campaign(
        audience={"trait": "group", "is": "text"}, channel="sms", variants=[], message={"text": "오늘만 20%"}
    )
    apply(stack, shop, [("text", words)])

    told = run_to_end(stack, "text")

    assert (told["sent"], told["failed"]) == (2, {"solapi_2061": 1}), told
    assert told["skipped"] == {"no_consent": 1, "unreachable": 1}
    assert sorted(provider.taken) == ["01012340000", "01012340001"]
    (call,) = provider.calls
    assert {m["text"] for m in call.content["messages"]} == {"(광고)단골상점\n오늘만 20%\n무료수신거부 080-000-0000"}
    refused = stack.ledgers.get_many(["text2"])["text2"].suppressed
    assert refused == {address_hash("sms", "01012340002")}
    fields = {m["to"]: m["customFields"] for m in call.content["messages"]}

    def report(number: str, code: str) -> dict[str, object]:
        return {
            "messageId": f"M4V{number}",
            "type": "SMS",
            "to": number,
            "statusCode": code,
            "customFields": fields[number],
        }

    body = json.dumps([report("01012340000", "4000"), report("01012340001", "2061")] * 2).encode()
    secret = shared_secret(stack.parameters.secret("webhook-key"), "solapi")
    proof = {"x-solapi-secret": hashlib.sha1(secret.encode(), usedforsecurity=False).hexdigest()}
    statuses = [api.request("POST", "/v1/receipts/solapi", body, head).status for head in (proof, proof, {})]
    recorded(stack)

    assert statuses == [200, 200, 401]
    flags = {user: entry and entry.flags for user, entry in entries(stack, people, told["run"]).items()}
    assert (flags["text0"], flags["text1"]) == (Flag.DELIVERED, Flag.UNSUBSCRIBED)
    assert stack.ledgers.get_many(["text1"])["text1"].consents["sms"] < 0
    assert any(found.check == "the keys of solapi are there" and found.ok for found in examine(shop, stack))
