"""Receipts on the local cloud: from SES by its topic, from any provider by the webhook, from an app by its send id."""

import json
import time

from cli.stack import Stack
from dangol import bootstrap
from dangol.domain.ledger import Flag
from dangol.domain.suppression import address_hash
from dangol.domain.tracking import SEND_ID, Keys, Mark, sign
from dangol.pipeline.ses_events import tags_of
from dangol.pipeline.webhooks import signature
from tests.e2e.audience import apply_to, consenting, entries, run_to_end
from tests.e2e.conftest import Api, recorded


def publish(stack: Stack, event: dict[str, object]) -> None:
    """Publish to the stack's topic, as SES does."""
    found = stack.client("cloudformation").describe_stack_resource(StackName=stack.name, LogicalResourceId="MailTopic")
    topic = found["StackResourceDetail"]["PhysicalResourceId"]
    stack.client("sns").publish(TopicArn=topic, Message=json.dumps(event))


def ses(kind: str, reference: str, **told: object) -> dict[str, object]:
    tags = {name: [value] for name, value in tags_of(reference).items()}
    mail = {"messageId": f"m-{kind}", "timestamp": "2026-12-01T01:00:00.000Z", "tags": tags}
    return {"eventType": kind, "mail": mail, **told}


def test_receipts_are_counted_and_an_address_that_bounced_is_not_written_to_again(stack: Stack, api: Api):
    consenting(stack, "receipt", 4)
    apply_to(stack, "receipt")
    run = run_to_end(stack, "receipt")["run"]
    number = stack.runs.get(run).number
    at = {"timestamp": "2026-12-01T01:00:05.000Z"}
    bounced = {"bounceType": "Permanent", "bounceSubType": "General", **at}

    for _ in range(2):
        publish(stack, ses("Delivery", f"{number}:receipt0", delivery=at))
        told = {**bounced, "bouncedRecipients": [{"emailAddress": "receipt1@example.com"}]}
        publish(stack, ses("Bounce", f"{number}:receipt1", bounce=told))
    publish(stack, ses("Open", f"{number}:receipt0", open={}))
    webhook(stack, api, f"{number}:receipt2")
    keys = Keys.parse(stack.parameters.secret("link-keys"))
    send_id = sign(Mark(number, "receipt3", 0, SEND_ID), keys)
    shown = api.request("POST", "/v1/messages", {"event": "message_shown", "send_id": send_id})
    recorded(stack)

    assert shown.status == 200
    people = [f"receipt{n}" for n in range(4)]
    assert [entry and entry.flags for entry in entries(stack, people, run).values()] == [
        Flag.DELIVERED,
        Flag.BOUNCED,
        Flag.DELIVERED,
        Flag.SHOWN,
    ]
    suppressed = stack.ledgers.get_many(["receipt1"])["receipt1"].suppressed
    assert suppressed == frozenset({address_hash("email", "receipt1@example.com")})
    status = bootstrap.build_reporter(stack.settings).status(run)
    assert (status["delivered"], status["bounced"]) == (2, 1)
    # A campaign of its own: a second run of this one within the same second is the first run.
    apply_to(stack, "receipt", campaign_id="receipt-again")
    again = run_to_end(stack, "receipt-again")
    assert again["skipped"] == {"suppressed": 1}, again


def webhook(stack: Stack, api: Api, reference: str) -> None:
    """A provider says that a message was delivered; with a wrong signature it is refused."""
    body = json.dumps(
        {"type": "message.delivered", "timestamp": "2026-12-01T10:00:00+09:00", "data": {"reference": reference}}
    ).encode()
    now = str(int(time.time()))
    mac = signature("c1", now, body, stack.parameters.secret("webhook-key"))
    for signed, status in ((mac, 200), (mac[:-4] + "AAA=", 401)):
        headers = {"webhook-id": "c1", "webhook-timestamp": now, "webhook-signature": signed}
        assert api.request("POST", "/v1/receipts/webhook", body, headers).status == status
