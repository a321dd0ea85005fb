"""A browser or an app asks what to show: whose session it is must be vouched for, and nothing else is told."""

import base64
import hmac
import json
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dangol.adapters.reaching import ReachedShower
from dangol.contracts import Tracked, event_work
from dangol.domain.errors import ForgeryError
from dangol.domain.session_token import LONGEST, person_of, session_token
from dangol.pipeline.exchange import Request, Response
from dangol.pipeline.track import Tracker
from tests.fakes.world import NOW
from tests.sessions import SESSION_KEY, Session, token, waiting
from tests.unit.test_pipeline_track import AUTH, World as Public

OTHER = "another secret of the server"


class World(Public):
    """The public side, where messages wait for `ann` and a visitor."""

    def __init__(self, **changed: Any) -> None:
        super().__init__(Session("ann", "anon:v1", of=waiting(**changed)))
        self.session.place()

    def get(self, query: str = "", **headers: str) -> Response:
        return self.tracker.answer(Request("GET", "/v1/messages", "r", headers, query=query))


def titles(answer: Response) -> list[str]:
    assert answer.status == 200
    return [message["title"] for message in json.loads(answer.body)["messages"]]


def test_a_person_with_a_token_is_shown_what_waits_for_them():
    world = World()

    answer = world.get("channel=in_web&page=/", **token("ann"))

    assert titles(answer) == ["고객님, 첫 강의는 반값으로"]
    assert answer.headers["cache-control"].startswith("no-store")
    (decided,) = [event_work.validate_json(body) for body in world.queue.bodies]
    assert [(d.user_id, d.outcome) for d in decided.decided] == [("ann", "sent")]  # type: ignore[union-attr]


def test_a_visitor_is_shown_what_waits_for_their_own_id():
    world = World()

    assert titles(world.get("anonymous_id=v1", authorization=AUTH)) == ["고객님, 첫 강의는 반값으로"]
    assert titles(world.get("anonymous_id=v2", authorization=AUTH)) == []


def test_who_has_nothing_waiting_is_answered_without_what_shows_messages():
    world = World()

    def shower() -> ReachedShower:
        raise AssertionError("nothing waits")

    doors = replace(world.tracker._doors, shower=shower)

    answer = Tracker(doors).answer(Request("GET", "/v1/messages", "r", token("ben")))

    assert (answer.status, json.loads(answer.body)) == (200, {"messages": [], "waiting": []})


@pytest.mark.parametrize(
    ("query", "headers", "status", "field"),
    [
        ("", {}, 401, None),
        ("anonymous_id=v1", {}, 401, None),
        ("anonymous_id=v1", {"authorization": "Basic " + base64.b64encode(b"wrong:").decode()}, 401, None),
        ("", {"authorization": "Bearer "}, 401, None),
        ("", {"authorization": "Bearer a.b.c"}, 401, None),
        ("", token("anon:v1"), 401, None),
        ("", {"authorization": AUTH}, 400, "anonymous_id"),
        ("anonymous_id=" + "x" * 257, {"authorization": AUTH}, 400, "anonymous_id"),
        ("channel=email", token("ann"), 400, "channel"),
        ("page=" + "x" * 2049, token("ann"), 400, "page"),
        ("id=first", token("ann"), 400, "id"),
    ],
)
def test_whoever_is_not_vouched_for_or_asks_wrongly_is_shown_nothing(query, headers, status, field):
    world = World()

    answer = world.get(query, **headers)

    assert (answer.status, json.loads(answer.body).get("field")) == (status, field)
    assert world.session.counted() == {}


def test_a_moment_that_has_come_is_asked_for_by_the_messages_id():
    world = World(show={"on": "exit"})

    assert [m["id"] for m in json.loads(world.get(**token("ann")).body)["waiting"]] == ["1"]
    assert titles(world.get("id=1", **token("ann"))) == ["고객님, 첫 강의는 반값으로"]


@pytest.mark.parametrize("event", ["message_shown", "message_clicked", "message_dismissed"])
def test_what_became_of_a_message_is_queued_and_it_waits_no_longer(event):
    world = World()
    (message,) = json.loads(world.get(**token("ann")).body)["messages"]
    world.queue.take()

    answer = world.ask("POST", "/v1/messages", {"event": event, "send_id": message["send_id"]})

    assert answer.status == 200
    (told,) = [Tracked.model_validate_json(body) for body in world.queue.bodies]
    assert (told.kind, told.user_id, told.run) == (event.removeprefix("message_"), "ann", 1)
    assert titles(world.get(**token("ann"))) == []


def test_where_tables_refuse_a_caller_is_asked_to_come_again(caplog):
    world = World()
    (message,) = json.loads(world.get(**token("ann")).body)["messages"]
    refusal = ClientError({"Error": {"Code": "InternalServerError"}}, "Query")

    world.session.inbox.error = OSError("Query: 500")
    unread = world.get(**token("ann"))
    world.session.inbox.error = refusal
    told = world.ask("POST", "/v1/messages", {"event": "message_shown", "send_id": message["send_id"]})

    assert (unread.status, unread.headers["retry-after"], told.status) == (503, "30", 503)


def test_what_was_decided_stands_in_the_log_where_the_queue_is_down(caplog):
    world = World()
    world.queue.error = OSError("down")

    with caplog.at_level(logging.ERROR):
        answer = world.get(**token("ann"))

    assert len(titles(answer)) == 1
    kept = json.loads(caplog.records[0].getMessage().partition(": ")[2])
    assert event_work.validate_python(kept).kind == "decisions"


def test_a_token_names_its_person_by_any_of_the_secrets():
    signed = session_token("ann", OTHER, NOW + timedelta(hours=1))

    assert person_of(signed, [SESSION_KEY, OTHER], NOW) == "ann"


def forged(head: object, claims: object, secret: str = SESSION_KEY) -> str:
    """A token of any content, well signed."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims)]
    signed = ".".join(parts)
    mac = base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed.encode(), "sha256")).rstrip(b"=").decode()
    return f"{signed}.{mac}"


HS256 = {"alg": "HS256"}
ENDS = int((NOW + timedelta(hours=1)).timestamp())


def test_a_token_of_another_library_is_a_token():
    assert (
        person_of(
            forged({**HS256, "typ": "JWT", "kid": "1"}, {"exp": ENDS, "sub": "ann", "iat": 1}), [SESSION_KEY], NOW
        )
        == "ann"
    )


@pytest.mark.parametrize(
    ("head", "claims"),
    [
        ({"alg": "none"}, {"sub": "ann", "exp": ENDS}),
        ({"alg": "RS256"}, {"sub": "ann", "exp": ENDS}),
        ({}, {"sub": "ann", "exp": ENDS}),
        ([], {"sub": "ann", "exp": ENDS}),
        (HS256, []),
        (HS256, {"sub": "ann"}),
        (HS256, {"sub": "ann", "exp": True}),
        (HS256, {"sub": "ann", "exp": "tomorrow"}),
        (HS256, {"sub": "ann", "exp": int(NOW.timestamp())}),
        (HS256, {"sub": "ann", "exp": ENDS + LONGEST.total_seconds()}),
        (HS256, {"sub": "", "exp": ENDS}),
        (HS256, {"sub": 7, "exp": ENDS}),
    ],
)
def test_a_token_that_is_well_signed_and_says_too_little_is_refused(head, claims):
    with pytest.raises(ForgeryError):
        person_of(forged(head, claims), [SESSION_KEY], NOW)


def test_no_part_of_a_token_can_be_changed():
    signed = session_token("ann", SESSION_KEY, NOW + timedelta(hours=1))
    changed = [signed[:i] + ("A" if signed[i] != "A" else "B") + signed[i + 1 :] for i in range(len(signed))]

    for other in [*changed, "", ".", "..", signed + "=", signed.rpartition(".")[0], signed + ".x", "é.é.é", "\ud800"]:
        with pytest.raises(ForgeryError):
            person_of(other, [SESSION_KEY], NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["short"], [OTHER]])
def test_without_the_secret_nothing_is_signed(secrets):
    for secret in (SESSION_KEY, *secrets):
        with pytest.raises(ForgeryError):
            person_of(
                session_token("ann", secret or "x", NOW + timedelta(hours=1)), [s for s in secrets if s != secret], NOW
            )


def test_what_is_signed_and_no_token_is_refused():
    for signed in ("!!.!!", "e30", "", "W10.W10", "eA.eA"):
        mac = (
            base64.urlsafe_b64encode(hmac.digest(SESSION_KEY.encode(), signed.encode(), "sha256")).rstrip(b"=").decode()
        )
        with pytest.raises(ForgeryError):
            person_of(f"{signed}.{mac}", [SESSION_KEY], NOW)
