"""Text messages on the local cloud, through SOLAPI's fake: keys from the parameter store, reports by its webhook."""

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

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


def until_noon_in_seoul() -> int:
    """Seconds until noon tomorrow: at night no advertisement goes out by text."""
    now = datetime.now(ZoneInfo("Asia/Seoul"))
    return (now.replace(hour=12, minute=0) + timedelta(days=1) - now) // timedelta(seconds=1)


def followed(api: Api, path: str) -> str:
    """Where a short link ends."""
    answer = api.request("GET", path)
    assert answer.status == 302, answer
    return answer.headers["location"]


def test_a_text_campaign_goes_out_within_the_law_and_its_reports_come_in(stack: Stack, api: Api, provider, clock: Path):
    known(stack)
    clock.write_text(str(until_noon_in_seoul()))
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
        audience={"trait": "group", "is": "text"},
        channel="sms",
        variants=[],
        message={"text": '오늘만 20% {{ link("https://shop.example/sale") }}'},
    )
    apply(stack, shop, [("text", words)])

    told = run_to_end(stack, "text")

    assert (told["sent"], told["failed"]) == (2, {"solapi_2061": 1}), told
    assert told["skipped"] == {"no_consent": 1, "unreachable": 1}
    assert sorted(provider.taken) == ["01012340000", "01012340001"]
    (call,) = provider.calls
    shape = re.compile(r"\(광고\)단골상점\n오늘만 20% https?://\S+?(/s/\w{11})\n무료수신거부 080-000-0000")
    codes = {found[1] for m in call.content["messages"] if (found := shape.fullmatch(m["text"]))}
    assert len(codes) == len(call.content["messages"]) == 3, call.content
    assert {followed(api, code) for code in codes} == {"https://shop.example/sale"}
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
    # Whoever follows a link at once, as above, is a bot.
    assert (flags["text0"], flags["text1"]) == (Flag.DELIVERED | Flag.BOT_CLICKED, Flag.UNSUBSCRIBED | Flag.BOT_CLICKED)
    assert stack.ledgers.get_many(["text1"])["text1"].consents["sms"] < 0
    assert any(found.check == "the keys of solapi are there" and found.ok for found in examine(shop, stack))
