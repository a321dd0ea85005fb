"""Changes of consent are told: by webhook where one is configured, and to the person in Korea."""

import json
from typing import Any

import pytest

from dangol.contracts import Announcement, Consented, Noticed, SendNotice
from dangol.domain.errors import UnavailableError
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.pipeline.announcing import PATIENCE, TRIES
from dangol.ports import Delivery
from tests.shop_campaign import definition, project
from tests.unit.test_pipeline_record import SENT_AT, World, agreed

URL = "https://crm.example/hooks"


def world(*, url: str | None = URL, traits: dict[str, Any] | None = None, **shop: Any) -> World:
    made = World(definition(within=project(webhooks={"consent_changed": url} if url else {}, **shop)))
    made.profiles.people["u1"] = Profile("u1", traits={"email": "u1@example.com", **(traits or {})}, rev=1)
    made.ledgers.ledgers["u1"] = Ledger("u1", rev=1)
    return made


def announced(made: World) -> list[Announcement]:
    return [Announcement.model_validate_json(body) for body in made.events.bodies]


def noticed(made: World) -> list[SendNotice]:
    return [SendNotice.model_validate_json(body) for body in made.sends.bodies]


def out(**changed: Any) -> Consented:
    return agreed(**{"method": "page", "consents": {"email": False}, "ip": "192.0.2.1", "wording": "v1", **changed})


def test_a_change_of_consent_goes_out_as_a_webhook_without_the_address_it_came_from():
    made = world()

    made.recorder.record([agreed(night=True)])
    (announcement,) = announced(made)
    made.recorder.record([announcement])

    ((url, hook_id, body),) = made.webhooks.delivered
    assert (url, hook_id) == (URL, "c1")
    assert json.loads(body) == {
        "type": "consent_changed",
        "timestamp": "2026-12-01T01:00:00.000+00:00",
        "data": {
            "user_id": "u1",
            "consents": {"email": True},
            "night": True,
            "pace": None,
            "method": "api",
            "source": "app",
            "wording": "",
            "evidence": "c1",
        },
    }


def test_what_changes_nothing_is_not_told_and_neither_is_an_import():
    made = world()
    known = {"email": -SENT_AT - 5, "sms": SENT_AT + 5, "push": SENT_AT - 5}
    made.ledgers.ledgers["u1"] = Ledger("u1", rev=1, consents=known)

    made.recorder.record(
        [
            agreed(),
            agreed(id="c2", method="import", consents={"kakao": True}),
            agreed(id="c3", consents={"sms": True}),
            # An app that says it with every login renews the date, and tells nothing.
            agreed(id="c4", consents={"push": True}),
        ]
    )

    assert made.ledgers.ledgers["u1"].consents == {**known, "push": SENT_AT}
    assert (made.events.bodies, made.sends.bodies) == ([], [])


def test_of_a_statement_only_what_is_new_is_told():
    made = world()
    made.ledgers.ledgers["u1"] = Ledger("u1", rev=1, consents={"sms": SENT_AT - 5})

    made.recorder.record([agreed(consents={"email": True, "sms": True}), agreed(id="c2", consents={"email": True})])

    assert [(a.id, a.payload["data"]["consents"]) for a in announced(made)] == [("c1", {"email": True})]


def test_what_was_said_on_a_page_is_told_as_it_was_said():
    made = world()

    made.recorder.record([out(pace=7)])

    (announcement,) = announced(made)
    assert (announcement.payload["data"]["consents"], announcement.payload["data"]["pace"]) == ({"email": False}, 7)


def test_a_change_is_announced_before_it_is_stored_so_that_no_crash_can_swallow_it():
    made = world()

    def dies() -> None:
        made.ledgers.before_write = lambda: None
        raise RuntimeError("killed")

    made.ledgers.before_write = dies
    with pytest.raises(RuntimeError, match="killed"):
        made.recorder.record([agreed()])
    made.recorder.record([agreed()])
    made.recorder.record([agreed()])

    assert [announcement.id for announcement in announced(made)] == ["c1", "c1"]
    assert made.ledgers.ledgers["u1"].consented("email")


def test_without_a_webhook_nothing_is_announced_and_what_was_queued_before_goes_nowhere():
    made = world(url=None)

    made.recorder.record([agreed(), Announcement(id="old", payload={})])

    assert (made.events.bodies, made.webhooks.delivered) == ([], [])


def test_a_receiver_that_is_down_is_tried_again_after_longer_and_longer():
    made = world()
    made.webhooks.answers = [Delivery.LATER] * 12
    waits = []
    announcement = Announcement(id="c1", payload={"type": "consent_changed"})
    for _ in range(12):
        made.recorder.record([announcement])
        ((body, wait),) = made.events.sent
        made.events.sent.clear()
        waits.append(wait)
        announcement = Announcement.model_validate_json(body)

    assert waits == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900, 900]
    assert announcement.tries == 12


def test_after_a_day_a_webhook_that_nobody_takes_goes_to_the_dead_letters():
    made = world()
    made.webhooks.answers = [Delivery.LATER]

    with pytest.raises(UnavailableError, match="c1"):
        made.recorder.record([Announcement(id="c1", payload={}, tries=TRIES)])


def test_a_refused_webhook_is_logged_by_its_id_and_not_tried_again(caplog):
    made = world()
    made.webhooks.answers = [Delivery.REFUSED]

    made.recorder.record([Announcement(id="c1", payload={"data": "private"})])

    assert "c1" in caplog.text
    assert "private" not in caplog.text
    assert made.events.bodies == []


def test_slow_receivers_hold_up_a_batch_for_seconds_and_the_rest_comes_back():
    made = world()
    made.webhooks.meanwhile = lambda: made.clock.pass_by(seconds=PATIENCE * 0.6)

    made.recorder.record([Announcement(id=f"c{n}", payload={}) for n in range(5)])

    assert [hook_id for _, hook_id, _ in made.webhooks.delivered] == ["c0", "c1"]
    assert [a.id for a in announced(made)] == ["c2", "c3", "c4"]
    assert {wait for _, wait in made.events.sent} == {1}


def test_people_in_korea_get_a_notice_a_quarter_of_an_hour_later():
    made = world(traits={"phone": "01012345678"})

    made.recorder.record([agreed(consents={"email": True, "sms": False}, night=True)])

    notices = noticed(made)
    assert [(n.channel, n.given, n.by, n.id) for n in notices] == [
        ("email", True, "email", "c1:email"),
        ("sms", False, "email", "c1:sms"),
        ("night", True, "email", "c1:night"),
    ]
    assert {(n.address, n.locale, n.at) for n in notices} == {("u1@example.com", "ko", SENT_AT * 1000)}
    assert {delay for _, delay in made.sends.sent} == {900}


@pytest.mark.parametrize(
    ("traits", "shop"),
    [
        ({"country": "US"}, {}),
        ({"email": ""}, {}),
        ({}, {"consent_notice": False}),
    ],
)
def test_nobody_else_gets_a_notice(traits, shop):
    made = world(traits=traits, **shop)

    made.recorder.record([agreed()])

    assert made.sends.bodies == []


def test_a_notice_is_in_the_persons_language():
    made = world(traits={"language": "en-GB"})

    made.recorder.record([agreed()])

    assert noticed(made)[0].locale == "en"


def test_what_became_of_a_notice_is_evidence():
    made = world()
    told = Noticed(
        id="c1:email:notice",
        user_id="u1",
        at=SENT_AT * 1000,
        received_at=SENT_AT * 1000,
        of="c1:email",
        by="email",
        channel="email",
        given=False,
        outcome="sent",
        answered="m1",
    )

    made.recorder.record([told])

    (row,) = made.objects.rows("events/")
    assert (row["kind"], row["user_id"]) == ("noticed", "u1")
    assert json.loads(row["properties"]) == {
        "of": "c1:email",
        "by": "email",
        "channel": "email",
        "given": False,
        "outcome": "sent",
        "answered": "m1",
    }
