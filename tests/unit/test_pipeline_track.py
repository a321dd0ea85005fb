"""The public side of the HTTP API: fast, forgery-proof, and never a dead end for a person."""

import base64
import hashlib
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from dangol.adapters.opt_outs import LedgerPreferences
from dangol.contracts import Identified, Performed, Tracked, event_work
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.profile import Profile
from dangol.domain.short_links import code_of
from dangol.domain.tracking import HIDDEN_LINK, OPEN_LINK, SEND_ID, UNSUBSCRIBE_LINK, Keys, Mark, sign
from dangol.pipeline.exchange import Request
from dangol.pipeline.track import Doors, Tracker
from dangol.pipeline.webhooks import shared_secret, signature
from tests.fakes import (
    FakeClock,
    FakeDefinitions,
    FakeLedgers,
    FakeProfiles,
    FakeQueue,
    FakeRuns,
    FakeShortLinks,
    known,
)
from tests.fakes.world import NOW
from tests.sessions import SESSION_KEY, Session
from tests.shop_campaign import definition, project

KEYS = Keys(1, {1: b"k" * 32})
HERE = "https://shop.example/new?a=1#b"
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 KAKAOTALK"
WEBHOOK_KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
AUTH = "Basic " + base64.b64encode(b"secret:").decode()


SENT = Entry(7, int(NOW.timestamp()) - 60, 1, "email", "marketing")
BEFORE = int(NOW.timestamp()) - 86_400
SENDER = {"name": "단골 <상점> {name}", "email": "hello@shop.example", "phone": "1588-0000", "address": "서울시"}


class World:
    """The public side, where `u1` got a message and agreed to e-mail and text messages."""

    def __init__(self, session: Session | None = None, **traits: str) -> None:
        self.session = session or Session()
        self.queue, self.clock, self.short_links = FakeQueue(), FakeClock(), FakeShortLinks()
        self.ledgers = FakeLedgers(
            FakeRuns(), Ledger("u1", 1, {"email": BEFORE, "sms": BEFORE, "push": -BEFORE}, entries=(SENT,))
        )
        people = FakeProfiles(Profile("u1", traits=dict(traits)))
        shop = FakeDefinitions(definition(within=project(sender=SENDER)))
        self.tracker = Tracker(
            Doors(
                keys=known(KEYS),
                write_keys=known({"app": ["secret"], "web": ["other"]}),
                queue=self.queue,
                preferences=lambda: LedgerPreferences(self.ledgers, people, shop),
                now=self.clock.now,
                seconds=self.clock.seconds,
                webhook_key=lambda: WEBHOOK_KEY,
                short_link=self.short_links.path,
                session_keys=lambda: [SESSION_KEY],
                waits=self.session.inbox.waits,
                shower=lambda: self.session.reached,
            )
        )

    @property
    def ledger(self) -> Ledger:
        return self.ledgers.ledgers["u1"]

    def ask(self, method: str, path: str, body: object = b"", **headers: str):
        packed = body if isinstance(body, bytes) else json.dumps(body).encode()
        told = {"user-agent": PERSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.tracker.answer(Request(method, path, "request-1", told, packed, "198.51.100.7"))

    def tell(self, call: str, body: object):
        answer = self.ask("POST", f"/v1/{call}", body, authorization=AUTH)
        return answer.status, json.loads(answer.body)

    @property
    def happened(self) -> list[Any]:
        told = [json.loads(body) for body in self.queue.bodies]
        flat = [each for body in told for each in (body if isinstance(body, list) else [body])]
        return [event_work.validate_python(each) for each in flat]


def token(link: int = 0, destination: str = HERE, user_id: str = "u1") -> str:
    return sign(Mark(7, user_id, 1, link), KEYS, destination)


def test_a_click_is_redirected_to_where_its_link_was_signed_for():
    world = World()

    answer = world.ask("GET", f"/c/{token()}")

    assert (answer.status, answer.headers["location"]) == (302, HERE)
    assert "no-store" in answer.headers["cache-control"]
    (click,) = world.happened
    assert isinstance(click, Tracked)
    assert (click.kind, click.run, click.user_id, click.variant, click.link) == ("clicked", 7, "u1", 1, 0)
    assert (click.verdict, click.id) == ("human", "request-1")


def test_a_click_is_redirected_even_when_the_queue_is_down_and_the_event_stands_in_the_log(caplog):
    world = World()
    world.queue.error = OSError("down")
    signed = token()

    with caplog.at_level(logging.ERROR):
        answer = world.ask("GET", f"/c/{signed}")

    assert answer.status == 302
    (record,) = caplog.records
    kept = json.loads(record.getMessage().partition(": ")[2])
    assert event_work.validate_python(kept).user_id == "u1"  # type: ignore[union-attr]
    assert signed not in caplog.text


def test_a_short_code_leads_where_its_link_does_and_is_counted():
    world = World()
    code = code_of(f"c/{token()}")
    world.short_links.put_many({code: f"c/{token()}"}, expires_at=0)

    answer = world.ask("GET", f"/s/{code}")

    assert (answer.status, answer.headers["location"]) == (302, HERE)
    assert [told.kind for told in world.happened] == ["clicked"]


def test_the_short_code_of_a_way_out_leads_to_its_page_and_changes_nothing():
    world = World()
    path = f"u/{token(UNSUBSCRIBE_LINK, '')}"
    world.short_links.put_many({code_of(path): path}, expires_at=0)

    answer = world.ask("GET", f"/s/{code_of(path)}")

    assert (answer.status, answer.headers["location"]) == (302, f"/{path}")
    assert world.happened == []
    assert world.ask("GET", answer.headers["location"]).status == 200


def test_a_code_that_stands_for_nothing_is_not_found_and_what_is_no_code_is_not_looked_up():
    world = World()
    assert world.ask("GET", f"/s/{code_of('c/x')}").status == 404
    world.short_links.error = OSError("down")

    assert world.ask("GET", "/s/short").status == 404


def test_whoever_follows_a_short_code_while_the_table_is_down_is_asked_to_come_again(caplog):
    world = World()
    world.short_links.error = OSError("GetItem: 503")

    answer = world.ask("GET", f"/s/{code_of('c/x')}")

    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert "GetItem: 503" in caplog.text


@pytest.mark.parametrize(
    "path",
    [
        f"/c/{token()[:-1]}x",
        f"/c/{token().partition('.')[0]}",
        f"/c/{token(destination='javascript:alert(1)')}",
        f"/o/{token()}",
        f"/u/{token()}",
        "/c/",
        "/o/x",
        "/elsewhere",
        "/",
    ],
)
def test_what_we_did_not_sign_is_not_found_and_leaves_no_trace(path):
    world = World()

    assert world.ask("GET", path).status == 404
    assert world.ask("POST", path).status == 404
    assert world.queue.sent == []
    assert world.ledgers.writes == 0


def test_a_pixel_is_an_image_and_an_open():
    world = World()

    answer = world.ask("GET", f"/o/{token(OPEN_LINK, '')}")

    assert (answer.status, answer.headers["content-type"]) == (200, "image/gif")
    assert answer.body.startswith(b"GIF89a")
    assert world.happened[0].kind == "opened"


def test_an_image_proxy_is_a_machine_and_whoever_asks_for_the_headers_alone_is_nobody():
    world = World()

    world.ask("GET", f"/o/{token(OPEN_LINK, '')}", user_agent="Mozilla/5.0")
    answer = world.ask("HEAD", f"/c/{token()}")

    assert (answer.status, answer.headers["location"]) == (302, HERE)
    assert [h.verdict for h in world.happened if isinstance(h, Tracked)] == ["machine"]


@pytest.mark.parametrize("path", [f"/c/{token()}", f"/o/{token(OPEN_LINK, '')}", f"/u/{token(UNSUBSCRIBE_LINK, '')}"])
def test_head_is_answered_like_get_without_a_body_and_counts_nothing(path):
    world = World()

    shown, looked = world.ask("GET", path), world.ask("HEAD", path)

    assert (looked.status, looked.headers, looked.body) == (shown.status, shown.headers, b"")
    assert len(world.happened) <= 1
    assert world.ledgers.writes == 0
    assert world.ask("HEAD", f"{path[:-1]}!").status == 404


def test_a_link_is_followed_however_its_scheme_is_written():
    assert World().ask("GET", f"/c/{token(destination='HTTPS://shop.example/')}").status == 302


@pytest.mark.parametrize("call", ["track", "batch", "cohorts/amplitude", "messages"])
def test_a_call_that_cannot_be_queued_is_refused_with_the_time_to_come_back(call, caplog):
    world = World()
    world.queue.error = OSError("AmazonSQS.SendMessage: 503")
    event = {"type": "track", "userId": "u1", "event": "purchase", "messageId": "m1"}
    members = {"cohort_name": "VIP", "in_cohort": True, "computed_time": "1796000000", "users": [{"user_id": "u1"}]}
    bodies: dict[str, Any] = {"track": event, "batch": {"batch": [event]}, "cohorts/amplitude": members}

    body = bodies.get(call, {"event": "message_shown", "send_id": send_id()})
    answer = world.ask("POST", f"/v1/{call}", body, authorization=AUTH)

    assert (answer.status, answer.headers["retry-after"]) == (503, "30"), answer.body
    assert "nothing was taken" in json.loads(answer.body)["error"]
    assert "AmazonSQS.SendMessage: 503" in caplog.text
    assert "u1" not in caplog.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_that_cannot_be_made_says_to_come_back_and_never_that_it_is_done(method, monkeypatch, caplog):
    world = World()

    def down(*_: Any) -> Any:
        raise OSError("DynamoDB: EndpointConnectionError")

    monkeypatch.setattr(world.ledgers, "get_many", down)

    answer = world.ask(method, f"/u/{token(UNSUBSCRIBE_LINK, '')}", b"List-Unsubscribe=One-Click")

    assert (answer.status, answer.headers["retry-after"], answer.body) == (503, "30", b"please try again in a minute\n")
    assert world.queue.sent == []
    assert "DynamoDB: EndpointConnectionError" in caplog.text


def test_a_track_call_becomes_an_event():
    world = World()
    told = {"userId": "u1", "event": "purchase", "messageId": "m1", "properties": {"value": 9.5, "item": "x"}}

    assert world.tell("track", {**told, "timestamp": "2026-11-30T10:00:00+09:00"}) == (200, {"success": True})

    (event,) = world.happened
    assert isinstance(event, Performed)
    assert (event.id, event.user_id, event.event, event.value, event.source) == ("m1", "u1", "purchase", "9.5", "app")
    assert event.at == 1_796_000_400_000
    assert event.properties == {"value": 9.5, "item": "x"}


def test_an_identify_call_brings_traits_and_page_and_screen_are_events():
    world = World()

    world.tell("identify", {"anonymousId": "x", "traits": {"plan": "pro"}})
    world.tell("page", {"userId": 7, "properties": {"path": "/"}})
    world.tell("screen", {"userId": "7"})

    known, page, screen = world.happened
    assert isinstance(known, Identified)
    assert (known.traits, known.anonymous_id, known.user_id) == ({"plan": "pro"}, "x", "")
    assert isinstance(page, Performed)
    assert isinstance(screen, Performed)
    assert (page.event, page.user_id, screen.event) == ("page_view", "7", "screen_view")
    assert page.id != screen.id


def test_the_cold_path_imports_neither_sdk_nor_models():
    """A new process, so that nothing is imported already."""
    heavy = "{'boto3', 'botocore', 'pydantic', 'jinja2', 'aws_lambda_powertools', 'dangol.pipeline.pages'}"
    script = f"import sys; import dangol.bootstrap.track; sys.exit(bool({heavy} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_the_link_that_nobody_sees_is_a_bot_s():
    world = World()

    answer = world.ask("GET", f"/c/{token(HIDDEN_LINK)}")

    assert answer.status == 302
    (click,) = world.happened
    assert isinstance(click, Tracked)
    assert (click.link, click.verdict, click.reason) == (HIDDEN_LINK, "bot", "hidden_link")


def test_a_provider_tells_of_a_message_by_a_signed_webhook():
    world = World()
    body = json.dumps(
        {"type": "message.delivered", "timestamp": "2026-12-01T01:00:00Z", "data": {"reference": "7:u1"}}
    ).encode()
    at = str(int(world.clock.now().timestamp()))
    headers = {"webhook_id": "c1", "webhook_timestamp": at, "webhook_signature": signature("c1", at, body, WEBHOOK_KEY)}
    other = b'{"type": "message.sung"}'
    wrong = {**headers, "webhook_signature": signature("c1", at, other, WEBHOOK_KEY)}

    answers = [
        world.ask("POST", "/v1/receipts/webhook", body, **headers).status,
        world.ask("POST", "/v1/receipts/webhook", other, **headers).status,
        world.ask("POST", "/v1/receipts/webhook", other, **wrong).status,
        world.ask("POST", "/v1/receipts/webhook", b" " * 70_000, **headers).status,
    ]

    assert answers == [200, 401, 400, 413]
    (told,) = world.happened
    assert (told.kind, told.run, told.user_id, told.id) == ("delivered", 7, "u1", "webhook:c1")


def test_a_provider_tells_of_many_messages_at_its_own_door():
    world = World()
    proof = {"x_solapi_secret": hashlib.sha1(shared_secret(WEBHOOK_KEY, "solapi").encode()).hexdigest()}  # noqa: S324 - SOLAPI's own
    report = {"messageId": "m", "type": "SMS", "statusCode": "4000", "customFields": {"reference": "7:u1"}}
    foreign = {**report, "customFields": {}}

    answers = [
        world.ask("POST", "/v1/receipts/solapi", [report, foreign, {**report, "messageId": "n"}], **proof).status,
        world.ask("POST", "/v1/receipts/solapi", [foreign], **proof).status,
        world.ask("POST", "/v1/receipts/solapi", {}, **proof).status,
        world.ask("POST", "/v1/receipts/solapi", [report]).status,
        world.ask("POST", "/v1/receipts/solapi", b" " * 1_100_000, **proof).status,
        world.ask("POST", "/v1/receipts/pigeon", [report], **proof).status,
    ]

    assert answers == [200, 200, 400, 401, 413, 404]
    assert [told.id for told in world.happened] == ["solapi:m:4000", "solapi:n:4000"]
    assert len(world.queue.bodies) == 1


def send_id(**changed) -> str:
    return sign(Mark(**{"run": 7, "user_id": "u1", "variant": 1, "link": SEND_ID, **changed}), KEYS)


def test_an_app_tells_that_a_message_was_shown_and_clicked_and_again_it_is_the_same_event():
    world = World()
    told = [{"event": event, "send_id": send_id()} for event in ("message_shown", "message_clicked", "message_shown")]

    answers = [world.ask("POST", "/v1/messages", body).status for body in told]

    happened = [Tracked.model_validate_json(body) for body in world.queue.bodies]
    assert answers == [200, 200, 200]
    assert [(h.kind, h.run, h.user_id, h.variant, h.verdict) for h in happened] == [
        ("shown", 7, "u1", 1, "human"),
        ("clicked", 7, "u1", 1, "human"),
        ("shown", 7, "u1", 1, "human"),
    ]
    assert happened[0].id == happened[2].id != happened[1].id


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, "body"),
        ([], 400, "event"),
        ({"event": "message_sung", "send_id": send_id()}, 400, "event"),
        ({"event": ["message_shown"], "send_id": send_id()}, 400, "event"),
        ({"event": "message_shown"}, 400, "send_id"),
        ({"event": "message_shown", "send_id": send_id()[:-1]}, 400, "send_id"),
        ({"event": "message_shown", "send_id": send_id(link=0)}, 400, "send_id"),
        ({"event": "message_shown", "send_id": "x" * 70_000}, 413, None),
    ],
)
def test_what_no_send_id_of_ours_vouches_for_leaves_no_trace(body, status, field):
    world = World()

    answer = world.ask("POST", "/v1/messages", body)

    assert (answer.status, json.loads(answer.body).get("field")) == (status, field)
    assert world.queue.bodies == []
