"""Whoever refuses by the free 080 number says a number, and not who they are: it holds for everybody who has it."""

from dataclasses import replace
from typing import Any

import pytest

from dangol.contracts import Consented, Recipient
from dangol.domain.ledger import Ledger
from dangol.domain.suppression import number_key
from tests.dispatching import World, chunk
from tests.shop_campaign import campaign, definition, project
from tests.unit.test_pipeline_record import World as Recording

PHONES = {"ann": "+821012345678", "bob": "+821087654321"}
SENDER = {"name": "단골", "email": "a@b.c", "phone": "1", "refusal_number": "080-0"}
REFUSED, CONSENTED = 200, 100


def world(channel: str = "sms", said: int = CONSENTED, **changed: Any) -> World:
    """Ann and Bob consented to texts; Ann's number refused."""
    words = campaign(**{"channel": channel, "variants": [], "message": {"text": "어서 오세요"}, **changed})
    made = World(definition=definition(of=words, within=project(sender=SENDER)))
    made.people(*PHONES)
    for user in PHONES:
        made.ledgers.ledgers[user] = replace(made.ledgers.ledgers[user], consents={"sms": said})
    number = number_key("sms", "010-1234-5678")
    made.ledgers.ledgers[number] = Ledger(number, rev=1, consents={"sms": -REFUSED})
    return made


def sent(made: World) -> list[str]:
    people = [Recipient(user_id=user, address=phone, country="KR") for user, phone in PHONES.items()]
    made.dispatcher().dispatch(chunk(people))
    return sorted(made.channel.users)


@pytest.mark.parametrize("channel", ["sms", "lms"])
def test_nobody_is_advertised_to_whose_number_refused(channel):
    made = world(channel)
    before = made.ledgers.ledgers["ann"]

    assert sent(made) == ["bob"]
    assert made.decided() == {"ann": "no_consent", "bob": "sent"}
    assert made.ledgers.ledgers["ann"] == before


def test_a_consent_that_is_newer_than_the_refusal_stands():
    assert sent(world(said=REFUSED + 1)) == ["ann", "bob"]
    assert sent(world(said=REFUSED)) == ["bob"]


def test_information_is_not_what_was_refused():
    assert sent(world(purpose="information")) == ["ann", "bob"]


def test_a_refusal_holds_where_a_claim_is_lost_and_decided_again():
    made = world()
    ledgers, put = made.ledgers, made.ledgers.put_many
    moved: list[str] = []

    def beaten(changed: Any) -> Any:
        if not moved:
            moved.append("bob")
            ledgers.ledgers["bob"] = replace(ledgers.ledgers["bob"], rev=ledgers.ledgers["bob"].rev + 1)
        return put(changed)

    ledgers.put_many = beaten  # type: ignore[method-assign]

    assert sent(made) == ["bob"]
    assert moved == ["bob"]


def test_a_refusal_that_comes_while_the_provider_is_waited_for_holds():
    made = world()
    number = number_key("sms", PHONES["ann"])
    told = made.ledgers.ledgers.pop(number)
    # Somebody else has the rate for the next five seconds.
    made.throttle.reserve("console", 1.0, 5, made.clock.seconds())
    wait = made.clock.wait_until

    def waited(seconds: float) -> None:
        made.ledgers.ledgers[number] = told
        wait(seconds)

    made.clock.wait_until = waited  # type: ignore[method-assign]

    assert sent(made) == ["bob"]


def refusal(at: int = REFUSED, told: str = "nhn:h1") -> Consented:
    return Consented(
        id=told,
        user_id=number_key("sms", PHONES["ann"]),
        at=at * 1000,
        received_at=at * 1000,
        consents={"sms": False},
        method="provider",
        source="nhn",
    )


def test_a_refusal_that_a_provider_tells_is_kept_under_its_number_once():
    recording = Recording()

    recording.recorder.record([refusal(), refusal(), refusal(at=50, told="nhn:h0")])
    recording.recorder.record([refusal()])

    kept = recording.ledgers.ledgers[refusal().user_id]
    assert (kept.consents, kept.rev) == ({"sms": -REFUSED}, 1)


def test_a_refusal_of_a_number_is_told_to_nobody_who_could_not_tell_whose_it_is():
    recording = Recording(definition(within=project(webhooks={"consent_changed": "https://crm.example/"})))

    recording.recorder.record([refusal()])

    assert recording.events.bodies == []
    assert recording.sends.bodies == []
