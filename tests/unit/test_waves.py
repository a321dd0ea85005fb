"""A wave of pushes: each message ends as its own answer says, and devices that are gone are told of."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from dangol.contracts import DevicesGone, Identified, Performed
from dangol.domain.errors import AccountError, DoubtError, RejectedError, ThrottledError
from dangol.domain.ledger import State
from dangol.domain.reference import run_of
from dangol.pipeline.waves import of_person, of_wave
from dangol.ports import Accepted, InDoubt, Refused
from tests.dispatching import NOW, RUN, World, chunk
from tests.shop_campaign import campaign, definition, project
from tests.unit.test_fallback import Shop
from tests.unit.test_pipeline_notices import World as NoticeWorld, order
from tests.unit.test_pipeline_record import SENT_AT, World as RecordWorld
from tests.unit.test_pipeline_trial import Desk

RESENDING = definition(of=campaign(on_unknown="resend"))


def decided(world: World) -> dict[str, str]:
    told = [json.loads(body) for body in world.events.bodies]
    return {each["user_id"]: each["outcome"] for t in told if t["kind"] == "decisions" for each in t["decided"]}


def test_of_a_wave_each_message_ends_by_its_own_answer():
    world = World()
    people = world.people("ann", "bob", "cat", "dan")
    world.channel.refusals = {
        "bob": InDoubt("no answer"),
        "cat": Refused("fcm_unregistered", gone=("token-1", "token-2")),
        "dan": Accepted("id-dan", gone=("token-3",)),
    }

    world.dispatcher().dispatch(chunk(people))

    assert decided(world) == {"ann": "sent", "bob": "unknown", "cat": "failed", "dan": "sent"}
    assert world.counted() == Counter(sent=2, unknown=1, failed=1)
    assert (world.state("bob"), world.state("dan")) == (State.UNKNOWN, State.SENT)
    told = [DevicesGone.model_validate_json(body) for body in world.events.bodies if "devices_gone" in body]
    at = int(NOW.timestamp()) * 1000
    assert {(each.id, each.user_id, each.channel, tuple(each.devices), each.at) for each in told} == {
        (f"{RUN}:cat:email:gone", "cat", "email", ("token-1", "token-2"), at),
        (f"{RUN}:dan:email:gone", "dan", "email", ("token-3",), at),
    }
    world.dispatcher().dispatch(chunk(people))
    assert world.channel.calls == 1


def test_whom_a_wave_left_in_doubt_is_sent_to_once_more_where_the_campaign_asks_for_it():
    world = World(definition=RESENDING)
    world.channel.refusals = {"bob": InDoubt("no answer")}
    world.dispatcher().dispatch(chunk(world.people("ann", "bob")))
    world.channel.refusals = {}

    world.drain()

    assert sorted(world.channel.users) == ["ann", "bob"]
    assert world.counted() == Counter(sent=2)


def test_a_provider_that_names_a_time_is_left_alone_for_that_long():
    world = World()
    world.channel.refusals = {"bob": Refused("fcm_quota_exceeded", retryable=True, after=90.0)}
    world.dispatcher().dispatch(chunk(world.people("ann", "bob")))
    ((_, delay),) = world.sends.sent
    assert delay == 90

    other = World()
    other.channel.errors = [ThrottledError("slow down", 4_000.0)]
    other.dispatcher().dispatch(chunk(other.people("ann")))
    ((_, delay),) = other.sends.sent
    assert delay == 900


def test_devices_of_whom_nothing_was_claimed_in_the_end_are_told_of_another_time():
    world = World()
    world.channel.refusals = {"bob": Refused("later", retryable=True, gone=("token-1",))}
    piece = chunk(world.people("bob"))
    world.dispatcher().dispatch(piece)

    assert sum("devices_gone" in body for body in world.events.bodies) == 1


def test_what_a_wave_comes_to_where_all_met_one_kind_of_error():
    doubt, throttled = DoubtError("no answer"), ThrottledError("slow down", 60.0)
    with pytest.raises(DoubtError):
        of_wave([doubt, doubt])
    with pytest.raises(ThrottledError) as raised:
        of_wave([ThrottledError("x"), throttled])
    assert raised.value.after == 60.0
    assert of_wave([doubt, throttled, RejectedError("no")]) == [
        InDoubt("no answer"),
        Refused("slow down", retryable=True, after=60.0),
        Refused("no"),
    ]
    assert of_wave([]) == []
    assert of_person([]) == Refused("no_device")
    assert str(of_person([RejectedError("no")])) == "no"


def test_where_the_account_is_at_fault_nobody_of_a_wave_has_failed():
    gone, at_fault = Refused("fcm_unregistered", gone=("token-1",)), AccountError("fcm_permission_denied")
    told = of_person([gone, at_fault])
    assert told is at_fault
    assert of_wave([Accepted("id"), told]) == [Accepted("id"), Refused("fcm_permission_denied", retryable=True)]
    with pytest.raises(AccountError):
        of_wave([told])


def test_a_test_send_and_a_notice_in_doubt_are_unknown():
    desk = Desk()
    desk.channel.refusals = {"u1": InDoubt("no answer")}
    assert desk.send()["outcome"] == "unknown"

    world = NoticeWorld()
    world.channel.refusals = {"u1": InDoubt("no answer")}
    assert world.send(order()) == "unknown"


def seen(at: int, device: str = "phone") -> Performed:
    told = {"id": f"e{at}", "user_id": "u1", "event": "app_open", "at": at * 1000, "received_at": at * 1000}
    return Performed.model_validate({**told, "device": device})


def gone(at: int, *devices: str) -> DevicesGone:
    return DevicesGone(id="g", user_id="u1", channel="push", devices=list(devices), at=at * 1000)


def test_the_device_that_an_event_comes_from_is_the_person_s():
    world = RecordWorld()
    told = Identified(id="i1", user_id="u1", at=SENT_AT * 1000, received_at=SENT_AT * 1000, device="tablet")

    world.recorder.record([seen(SENT_AT - 5), told, seen(SENT_AT + 5)])

    (profile,) = world.profiles.get_many(["u1"]).values()
    assert profile.traits["push_token"] == [
        {"token": "phone", "seen": SENT_AT + 5},
        {"token": "tablet", "seen": SENT_AT},
    ]
    assert "push_token" in world.catalogue.names("traits")


def test_devices_that_are_gone_are_taken_off_however_often_it_is_told():
    world = RecordWorld()
    world.recorder.record([seen(SENT_AT - 5), seen(SENT_AT - 4, "tablet"), seen(SENT_AT - 3, "watch")])

    world.recorder.record([gone(SENT_AT, "phone", "nobody's"), gone(SENT_AT, "tablet")])
    before = world.profiles.get_many(["u1"])["u1"].rev
    world.recorder.record([gone(SENT_AT, "phone")])

    (profile,) = world.profiles.get_many(["u1"]).values()
    assert (profile.address("push"), profile.rev) == ("watch", before)
    assert not any("devices_gone" in key for key in world.objects.objects)


def test_a_device_that_was_told_of_again_after_its_message_stays():
    world = RecordWorld()
    world.recorder.record([seen(SENT_AT - 5), seen(SENT_AT + 5)])

    world.recorder.record([gone(SENT_AT, "phone")])

    assert world.profiles.get_many(["u1"])["u1"].address("push") == "phone"


def test_a_push_goes_to_every_device_with_how_long_it_may_be_late():
    words = campaign(channel="push", variants=[], message={"text": "새 강의가 열렸어요"}, limits={"expires": "2h"})
    shop = project(channels={"push": {"provider": "fcm"}})
    world = World(definition=definition(of=words, within=shop))
    (ann,) = world.people("ann")
    world.ledgers.ledgers["ann"] = replace(world.ledgers.ledgers["ann"], consents={"push": 1})

    world.dispatcher().dispatch(chunk([ann.model_copy(update={"address": "phone\ntablet"})]))

    (message,) = world.channel.taken
    assert (message.address, message.ttl, message.html) == ("phone\ntablet", 7_200, "")
    assert (message.title, message.text) == ("(광고)단골상점", "새 강의가 열렸어요\n수신거부: 앱 > 설정 > 알림")
    assert message.send_id


def test_whose_last_device_is_dead_is_reached_by_the_next_channel_and_the_device_is_told_of():
    words = {"sms": {"text": "새 강의"}}
    shop = Shop(people=2, channels=["push", "sms"], messages=words, message={"text": "새 강의가 열렸어요"})
    for user in shop.users:
        shop.profile(
            user, push_token=f"token-{user}", phone="+821012340000" if user == shop.users[0] else "01012340001"
        )
        shop.consent(user, push=1, sms=1)
    first, second = shop.users
    shop.channels["push"].refusals = {first: Refused("fcm_unregistered", gone=(f"token-{first}",))}

    shop.go()

    assert (shop.users_of("push"), shop.users_of("sms")) == ([second], [first])
    (told,) = [DevicesGone.model_validate_json(body) for body in shop.events.bodies if "devices_gone" in body]
    assert (told.user_id, told.channel, told.devices) == (first, "push", [f"token-{first}"])
    (message,) = shop.channels["push"].taken
    assert run_of(message.reference) == "1"
