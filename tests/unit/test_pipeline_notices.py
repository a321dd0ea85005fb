"""A notice says who, what, when and what comes of it; each is handed over once."""

from dataclasses import replace
from typing import Any

import pytest

from dangol.contracts import Noticed, SendNotice
from dangol.domain.errors import AccountError, ConflictError, DoubtError, RejectedError, ThrottledError
from dangol.domain.ledger import Ledger
from dangol.domain.notice import NIGHT, notice_channel
from dangol.domain.profile import Profile
from dangol.domain.suppression import address_hash
from dangol.domain.text_bytes import foreign
from dangol.pipeline.notices import Notifier, Stores
from dangol.ports import Refused
from tests.fakes import (
    FakeClock,
    FakeDefinitions,
    FakeJournals,
    FakeLedgers,
    FakeQueue,
    FakeRuns,
    FakeThrottle,
    RecordingChannel,
)
from tests.fakes.world import NOW
from tests.shop_campaign import definition, project

AT = int(NOW.timestamp())


class World:
    def __init__(self) -> None:
        self.runs = FakeRuns()
        self.ledgers = FakeLedgers(self.runs, Ledger("u1", 1, {"email": -AT}, night=AT))
        self.journals, self.channel = FakeJournals(self.runs), RecordingChannel()
        self.throttle, self.clock = FakeThrottle(), FakeClock()
        self.sends, self.events = FakeQueue(), FakeQueue()

    def send(self, order: SendNotice, worker: str = "one") -> str:
        stores = Stores(
            definitions=FakeDefinitions(definition()),
            ledgers=self.ledgers,
            journals=self.journals,
            channel=lambda *_: self.channel,
            throttle=self.throttle,
            sends=self.sends,
            events=self.events,
            clock=self.clock,
        )
        return Notifier(stores, worker).send(order)

    @property
    def evidence(self) -> list[Noticed]:
        return [Noticed.model_validate_json(body) for body in self.events.bodies]


def order(**changed: Any) -> SendNotice:
    told: dict[str, Any] = {"id": "c1:email", "user_id": "u1", "by": "email", "address": "u1@example.com"}
    told |= {"channel": "email", "given": False, "at": AT * 1000, "locale": "ko"}
    return SendNotice(**{**told, **changed})


def test_a_notice_names_sender_fact_day_and_result():
    world = World()

    assert world.send(order()) == "sent"

    (message,) = world.channel.taken
    assert (message.address, message.subject) == ("u1@example.com", "[단골상점] 광고성 정보 수신거부 처리 결과 안내")
    for told in ("전송자: 단골상점", "이메일 광고성 정보 수신거부", "2026-12-01", "보내지 않습니다", "1588-0000"):
        assert told in message.text
    assert "전송자: 단골상점<br>" in message.html
    (evidence,) = world.evidence
    assert (evidence.of, evidence.outcome, evidence.answered) == ("c1:email", "sent", "id-u1")


@pytest.mark.parametrize(
    ("locale", "told"),
    [("en", "Your consent"), ("fr", "Your consent"), ("ko", "수신동의")],
)
def test_a_notice_speaks_the_persons_language_else_english(locale, told):
    world = World()

    world.send(order(channel=NIGHT, given=True, locale=locale))

    assert told in world.channel.taken[0].subject


def test_a_notice_that_comes_twice_is_sent_once():
    world = World()

    assert [world.send(order()), world.send(order(), "two")] == ["sent", "known"]
    assert len(world.channel.taken) == 1


def test_the_same_is_told_once_a_day_however_often_it_is_said():
    world = World()
    orders = [order(id=f"c{n}:email", at=(AT + n) * 1000) for n in range(3)]
    tomorrow = order(id="c9:email", at=(AT + 86_400) * 1000)

    assert [world.send(each) for each in (*orders, tomorrow)] == ["sent", "known", "known", "sent"]


@pytest.mark.parametrize("consents", [{"email": AT + 60}, {}])
def test_a_word_that_was_taken_back_has_no_notice(consents):
    world = World()
    world.ledgers.ledgers["u1"] = Ledger("u1", 2, consents)

    assert world.send(order()) == "overtaken"
    assert world.channel.calls == 0


def test_a_suppressed_address_gets_none():
    world = World()
    hashed = frozenset({address_hash("email", "u1@example.com")})
    world.ledgers.ledgers["u1"] = replace(world.ledgers.ledgers["u1"], suppressed=hashed)

    assert world.send(order()) == "suppressed"
    assert world.channel.calls == 0


def test_a_notice_waits_for_the_rate_that_campaigns_use_up():
    world = World()
    world.throttle.reserve("ses", 1, 100, world.clock.seconds())

    assert world.send(order()) == "waiting"
    assert world.sends.sent == [(order().model_dump_json(), 10)]
    assert world.channel.calls == 0


@pytest.mark.parametrize("trouble", ["throttled", "refused for now", "the account"])
def test_what_was_certainly_not_taken_is_sent_when_the_message_comes_again(trouble):
    world = World()
    if trouble == "throttled":
        world.channel.errors = [ThrottledError("slow down")]
    elif trouble == "the account":
        world.channel.errors = [AccountError("account_suspended")]
    else:
        world.channel.refusals["u1"] = Refused("busy", retryable=True)

    with pytest.raises((ThrottledError, ConflictError, AccountError)):
        world.send(order())
    with pytest.raises(ConflictError, match="another worker"):
        world.send(order(), "two")
    world.channel.refusals.clear()
    world.clock.pass_by(seconds=120)

    assert world.send(order(), "three") == "sent"


@pytest.mark.parametrize(
    ("error", "refusal", "outcome", "answered"),
    [
        (DoubtError("no answer"), None, "unknown", "no answer"),
        (RejectedError("bad sender"), None, "failed", "bad sender"),
        (None, Refused("bounced"), "failed", "bounced"),
    ],
)
def test_what_ends_otherwise_is_evidence_too_and_not_repeated(error, refusal, outcome, answered):
    world = World()
    world.channel.errors = [error]
    if refusal:
        world.channel.refusals["u1"] = refusal

    assert [world.send(order()), world.send(order(), "two")] == [outcome, "known"]
    assert [(e.outcome, e.answered) for e in world.evidence] == [(outcome, answered)]


def test_people_are_told_by_a_channel_that_they_have():
    ann = Profile("ann", traits={"email": "ann@example.com", "phone": "01012345678"})
    texting = project(channels={"sms": {"provider": "aws"}})

    def told(profile, shop):
        return [notice_channel(said, profile, shop) for said in ("email", NIGHT, "sms", "kakao", "push", "console")]

    assert told(ann, project()) == ["email"] * 5 + ["console"]
    assert told(ann, texting) == ["email", "email", "sms", "sms", "sms", "console"]
    assert told(Profile("bo", traits={"email": "bo@example.com"}), texting) == ["email"] * 5 + ["console"]
    assert told(Profile("cho", traits={"phone": "01012345678"}), texting) == ["sms"] * 5 + ["console"]
    assert told(Profile("duri"), texting) == [None] * 5 + ["console"]


def test_a_notice_by_text_message_is_an_lms_with_a_title_that_fits_and_nothing_that_advertises():
    world = World()
    world.ledgers.ledgers["u1"] = Ledger("u1", 1, {"sms": AT})

    assert world.send(order(by="sms", channel="sms", given=True, address="+821012345678")) == "sent"

    (message,) = world.channel.taken
    assert (message.kind, message.subject, message.advertising) == ("lms", "수신동의 처리 결과 안내", False)
    assert "전송자: 단골상점" in message.text
    assert "문자 광고성 정보 수신동의" in message.text
    assert not foreign(message.text)
