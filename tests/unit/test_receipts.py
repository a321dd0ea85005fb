"""What providers say of a message counts once, in any order, and an address that refuses is not written to again."""

import gzip
import json
from collections import Counter
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from dangol.contracts import Received
from dangol.domain.ledger import Flag
from dangol.domain.suppression import address_hash
from dangol.pipeline.ses_events import NotAReceiptError, is_ses_event, read_ses_event, tags_of
from dangol.pipeline.webhooks import PayloadError, SignatureError, receipt_in, signature
from tests.fakes.world import NOW
from tests.unit.test_pipeline_record import HOUR, RUN, SENT_AT, World, entry

RECORDED = Path(__file__).parents[3] / "shared/data/aws_events.jsonl.gz"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
HASH = address_hash("email", "u1@example.com")


def said(kind: str, user: str = "u1", **changed) -> Received:
    told = {"kind": kind, "id": f"{kind}-{user}", "run": 1, "user_id": user, "channel": "email", "at": SENT_AT * 1000}
    return Received.model_validate({**told, **changed})


def bounce(**changed) -> Received:
    return said("bounced", **{"address_hash": HASH, "permanent": True, "reason": "permanent_general", **changed})


def ses(kind: str, **told) -> dict[str, Any]:
    tags = {name: [value] for name, value in tags_of("1:u1").items()}
    mail = {"messageId": "m1", "timestamp": "2026-12-01T01:00:00.000Z", "tags": tags}
    return {"eventType": kind, "mail": mail, **told}


def test_a_delivery_counts_its_person_once_a_run():
    world = World()

    world.recorder.record([said("delivered"), said("delivered"), said("delivered", "u2")])
    world.recorder.record([said("delivered")])

    assert world.counts() == {"arm:0:delivered": 1, "arm:1:delivered": 1}
    assert world.ledgers.ledgers["u1"].entries[0].flags == Flag.DELIVERED
    assert world.ledgers.ledgers["u1"].suppressed == frozenset()


def test_a_permanent_bounce_suppresses_the_address_and_the_lake_has_the_reason():
    world = World()

    world.recorder.record([bounce()])

    assert world.counts() == {"arm:0:bounced": 1}
    assert world.ledgers.ledgers["u1"].suppressed == {HASH}
    (row,) = world.objects.rows("engagement/")
    assert (row["kind"], row["reason"], row["permanent"], row["run"]) == ("bounced", "permanent_general", True, RUN)
    assert "address_hash" not in row


def test_a_bounce_for_now_is_counted_and_suppresses_nobody():
    world = World()

    world.recorder.record([bounce(permanent=False)])

    assert world.counts() == {"arm:0:bounced": 1}
    assert world.ledgers.ledgers["u1"].suppressed == frozenset()


def test_a_complaint_suppresses_and_withdraws_consent_in_the_profile_too():
    world = World()

    world.recorder.record([said("complained", address_hash=HASH)])

    ledger = world.ledgers.ledgers["u1"]
    assert (ledger.suppressed, ledger.consented("email"), ledger.rev) == (frozenset({HASH}), False, 2)
    assert world.counts() == {"arm:0:unsubscribed": 1}
    assert world.profiles.people["u1"].consents == {"email": -SENT_AT}


def test_receipts_come_to_the_same_in_any_order_and_however_often():
    receipts = [said("delivered"), bounce(), said("complained", address_hash=HASH, at=(SENT_AT + HOUR) * 1000)]
    ends = []
    for order in permutations(receipts):
        world = World()
        for receipt in (*order, *order):
            world.recorder.record([receipt])
        ledger = world.ledgers.ledgers["u1"]
        ends.append((ledger.entries, ledger.consents, ledger.suppressed, world.counts()))

    assert all(end == ends[0] for end in ends)
    assert ends[0][3] == {"arm:0:delivered": 1, "arm:0:bounced": 1, "arm:0:unsubscribed": 1}


def test_a_receipt_that_loses_a_race_is_recorded_all_the_same():
    world = World()

    def other() -> None:
        world.ledgers.before_write = lambda: None
        world.ledgers.ledgers["u1"] = world.ledgers.ledgers["u1"].with_consent("sms", given=True, at=SENT_AT)

    world.ledgers.before_write = other
    world.recorder.record([bounce()])

    ledger = world.ledgers.ledgers["u1"]
    assert (ledger.consented("sms"), ledger.suppressed) == (True, frozenset({HASH}))
    assert world.counts() == {"arm:0:bounced": 1}


def test_receipts_of_runs_and_people_that_nobody_knows_change_nothing():
    world = World()

    world.recorder.record([bounce(run=9), bounce(user_id="stranger")])

    assert world.counts() == {}
    assert "stranger" not in world.ledgers.ledgers


def test_more_people_than_a_transaction_takes_are_recorded():
    world = World()
    world.ledgers.ledgers |= {f"m{n}": entry(f"m{n}") for n in range(120)}

    world.recorder.record([said("delivered", f"m{n}") for n in range(120)])

    assert world.counts() == {"arm:0:delivered": 120}


@pytest.mark.parametrize("user_id", ["u1", "한글 이름", "x" * 256, "a:b@c"])
def test_the_tags_bring_a_mail_back_to_its_person(user_id):
    tags = tags_of(f"4294967295:{user_id}")
    event = ses("Delivery", delivery={"timestamp": "2026-12-01T01:00:05.000Z"})
    event["mail"]["tags"] = {name: [value] for name, value in tags.items()}

    (receipt,) = read_ses_event(event)

    assert (receipt.run, receipt.user_id, receipt.kind) == (4294967295, user_id, "delivered")
    assert all(len(v) <= 256 and v.replace("-", "").replace("_", "").isalnum() for v in tags.values())


def test_an_event_of_ses_is_read_with_its_envelope_and_without():
    told = {"bounceType": "Permanent", "bounceSubType": "General", "timestamp": "2026-12-01T01:00:05.000Z"}
    event = ses("Bounce", bounce={**told, "bouncedRecipients": [{"emailAddress": "U1@example.com"}]})
    wrapped = {"Type": "Notification", "MessageId": "n1", "Message": json.dumps(event)}

    assert is_ses_event(event)
    assert is_ses_event(wrapped)
    assert read_ses_event(event) == read_ses_event(wrapped)
    (receipt,) = read_ses_event(event)
    assert (receipt.address_hash, receipt.permanent, receipt.reason) == (HASH, True, "permanent_general")


@pytest.mark.parametrize(
    ("event", "name"),
    [
        (ses("Open", open={}), "open"),
        (ses("Rendering Failure"), "rendering_failure"),
        (ses("Singing"), "unknown_kind"),
        ({"eventType": "Delivery"}, "foreign"),
        ({"eventType": "Delivery", "mail": {"tags": {"run": ["1"]}}}, "foreign"),
        ({"eventType": "Delivery", "mail": {"tags": {"run": ["x"], "person": ["dTE"]}}}, "foreign"),
        ({"eventType": "Delivery", "mail": {"tags": {"run": ["1"], "person": ["_w"]}}}, "foreign"),
    ],
)
def test_what_is_no_receipt_of_ours_is_left_out_by_name(event, name):
    with pytest.raises(NotAReceiptError, match=f"^{name}$"):
        read_ses_event(event)


@pytest.mark.parametrize("told", [{}, {"bounce": None}, {"bounce": {"bouncedRecipients": [{}]}}])
def test_a_receipt_that_lacks_what_it_needs_is_an_error(told):
    with pytest.raises(ValueError, match="SES event"):
        read_ses_event(ses("Bounce", **told))


def test_our_own_happenings_are_none_of_ses():
    assert not is_ses_event({"kind": "clicked", "eventType": "Bounce"})
    assert not is_ses_event({"Type": "SubscriptionConfirmation"})
    assert not is_ses_event(["eventType"])


@pytest.mark.skipif(not RECORDED.exists(), reason="the shared test data is not here")
def test_every_recorded_payload_is_read_or_refused_by_name():
    """As they stand, they are of mails that others sent; with our tags on them, all receipts are read."""
    tally: Counter[str] = Counter()
    for line in gzip.decompress(RECORDED.read_bytes()).splitlines():
        stored = json.loads(line)
        tally["recorded"] += 1
        try:
            body = json.loads(stored["body"])
        except ValueError:
            tally["refused: not JSON"] += 1
            continue
        if not is_ses_event(body):
            tally["refused: not of SES"] += 1
            continue
        try:
            read_ses_event(body)
        except NotAReceiptError as error:
            tally[f"as it stands: {error}"] += 1
        if isinstance(body.get("mail"), dict):
            body["mail"]["tags"] = {name: [value] for name, value in tags_of("1:u1").items()}
        try:
            receipts = read_ses_event(body)
            tally[f"read: {receipts[0].kind}"] += 1
            assert all(r.address_hash for r in receipts if r.kind != "delivered")
        except NotAReceiptError as error:
            tally[f"refused: {error}"] += 1

    print(json.dumps(tally, indent=1))
    ended = sum(n for what, n in tally.items() if what.startswith(("read: ", "refused: ")))
    assert ended == tally["recorded"]
    assert min(tally[f"read: {kind}"] for kind in ("delivered", "bounced", "complained")) >= 2


CALL = {
    "type": "message.bounced",
    "timestamp": "2026-12-01T01:00:00Z",
    "data": {"reference": "1:u1", "channel": "sms", "address": "010-1234", "permanent": True, "reason": "no such line"},
}


def signed(body: bytes, at: int = int(NOW.timestamp()), secret: str = SECRET, more: str = "") -> dict[str, str]:
    mac = signature("call-1", str(at), body, secret)
    return {"webhook-id": "call-1", "webhook-timestamp": str(at), "webhook-signature": f"{more}{mac}"}


def test_the_signature_is_that_of_the_specification():
    """The example of the Standard Webhooks libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'

    found = signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body, secret)

    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_signed_call_becomes_a_receipt_and_its_address_a_hash():
    body = json.dumps(CALL).encode()

    told = receipt_in(signed(body, more="v1,b3RoZXI= v1a,eA== "), body, SECRET, NOW)

    receipt = Received.model_validate(told)
    assert (receipt.kind, receipt.run, receipt.user_id, receipt.permanent) == ("bounced", 1, "u1", True)
    assert receipt.address_hash == address_hash("sms", "010-1234")
    assert "010-1234" not in json.dumps(told)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "call-2"},
        {"webhook-id": ""},
        {"webhook-id": "x" * 257},
        {"webhook-timestamp": str(int(NOW.timestamp()) - 1)},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "٣"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,aaaa"},
        {"webhook-signature": "v1,한글"},
    ],
)
def test_a_call_that_is_not_signed_is_refused(change):
    body = json.dumps(CALL).encode()

    with pytest.raises(SignatureError):
        receipt_in({**signed(body), **change}, body, SECRET, NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_call_of_another_time_is_refused(seconds):
    body = json.dumps(CALL).encode()

    with pytest.raises(SignatureError):
        receipt_in(signed(body, at=int(NOW.timestamp()) + seconds), body, SECRET, NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_***"])
def test_without_a_secret_nothing_is_signed(secret):
    body = json.dumps(CALL).encode()

    with pytest.raises(SignatureError):
        receipt_in(signed(body), body, secret, NOW)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (b"{", "body"),
        (b"[]", "type"),
        ({**CALL, "type": "message.sung"}, "type"),
        ({**CALL, "data": []}, "data"),
        ({**CALL, "data": {"reference": "x:u1"}}, "data.reference"),
        ({**CALL, "data": {"reference": "1:"}}, "data.reference"),
        ({**CALL, "data": {"reference": 7}}, "data.reference"),
        ({**CALL, "data": {"reference": "1:u1", "address": "a@b.c"}}, "data.channel"),
        ({**CALL, "timestamp": "yesterday"}, "timestamp"),
        ({**CALL, "timestamp": "2026-12-01T01:00:00"}, "timestamp"),
    ],
)
def test_a_signed_call_that_cannot_be_read_names_the_field(call, name):
    body = call if isinstance(call, bytes) else json.dumps(call).encode()

    with pytest.raises(PayloadError) as caught:
        receipt_in(signed(body), body, SECRET, NOW)

    assert caught.value.args[0] == name
