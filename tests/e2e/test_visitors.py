"""What a visitor did on the web before they had an account, told through the HTTP API, is the person's."""

import json
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner

from cli.applying import apply
from cli.local_cloud import LocalCloud
from cli.main import dangol
from cli.stack import Stack
from dangol import bootstrap
from tests.e2e.audience import apply_to, consenting, run_to_end
from tests.e2e.conftest import Api, recorded
from tests.e2e.test_cli_bad_input import PROJECT
from tests.shop_campaign import project

DID = "{all: [{did: page_view, count: {gte: 3}, within: 1d}, {did: banner_click, within: 1d}]}"


def counted(cloud: LocalCloud, segment: str) -> int:
    options = ["--local", "--stack", cloud.stack, "--project", str(cloud.folder)]
    told = CliRunner().invoke(dangol, [*options, "segment", "count", segment, "--json"])
    assert told.exit_code == 0, told.output
    return int(json.loads(told.stdout)["count"])


def test_what_a_visitor_did_before_and_after_they_identified_is_counted_for_the_person(
    cloud: LocalCloud, stack: Stack, api: Api
):
    apply(stack, project(), [])
    (cloud.folder / "dangol.yaml").write_text(PROJECT)
    visitor = {"anonymousId": "tablet", "timestamp": (stack.clock.now() - timedelta(hours=1)).isoformat()}
    visits = [{**visitor, "type": "page", "messageId": f"tablet{n}"} for n in range(3)]
    click = {**visitor, "type": "track", "event": "banner_click", "messageId": "tablet-click"}
    api.batch(*visits[:2], click)
    recorded(stack)

    api.batch({"type": "identify", "userId": "signed-up", "anonymousId": "tablet", "messageId": "tablet-i"})
    recorded(stack)
    api.batch(*visits, click)
    recorded(stack)

    found = stack.profiles.get_many(["signed-up", "anon:tablet"])
    assert found["signed-up"].histories["page_view"].count == 3
    assert found["signed-up"].histories["banner_click"].count == 1
    assert found["anon:tablet"].merged_into == "signed-up"
    assert counted(cloud, DID) == 1


def test_an_alias_merges_a_visitor_and_a_group_call_is_taken(stack: Stack, api: Api):
    api.batch({"type": "page", "anonymousId": "kiosk", "messageId": "kiosk1"})

    answers = [
        api.request("POST", "/v1/alias", {"previousId": "kiosk", "userId": "aliased"}, api.auth),
        api.request("POST", "/v1/group", {"userId": "aliased", "groupId": "company"}, api.auth),
    ]
    recorded(stack)

    assert [answer.status for answer in answers] == [200, 200]
    assert stack.profiles.get_many(["aliased"])["aliased"].histories["page_view"].count == 1


def test_a_purchase_before_signing_up_converts_the_run_that_the_person_was_sent(stack: Stack, api: Api, clock: Path):
    (ann,) = consenting(stack, "bought-first", 1)
    apply_to(stack, "bought-first", variants=None)
    run = run_to_end(stack, "bought-first")["run"]
    bought = {
        "type": "track",
        "anonymousId": "her-phone",
        "event": "purchase",
        "properties": {"item_id": "new", "value": 79_000},
    }

    # An hour after the message; what was applied is known by then.
    clock.write_text("3600")
    api.batch({**bought, "messageId": "before"})
    recorded(stack)
    api.batch({"type": "identify", "userId": ann, "anonymousId": "her-phone", "messageId": "her-phone-i"})
    recorded(stack)
    api.batch({**bought, "messageId": "before"}, {**bought, "messageId": "after"})
    recorded(stack)

    (arm,) = bootstrap.build_reporter(stack.settings).report(run)["variants"]
    assert (arm["converted"], arm["revenue"]) == (1, 158_000)
