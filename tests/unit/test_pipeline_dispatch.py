"""The promises of sending, one chunk at a time."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from dangol.contracts import SendChunk
from dangol.domain.errors import (
    AccountError,
    ConflictError,
    DoubtError,
    RejectedError,
    ThrottledError,
    UnavailableError,
)
from dangol.domain.ledger import State
from dangol.domain.suppression import address_hash
from dangol.ports import Refused
from tests.dispatching import NOW, RUN, World, chunk, consenting, running
from tests.fakes import RecordingChannel
from tests.shop_campaign import campaign, definition, project, recipient

EVERYBODY = tuple(f"u{n}" for n in range(10))


def test_everybody_who_may_be_sent_to_is_sent_to_once():
    world = World()

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    assert sorted(world.channel.users) == sorted(EVERYBODY)
    assert world.counted() == Counter(sent=10)
    assert {world.state(user) for user in EVERYBODY} == {State.SENT}
    assert set(world.decided().values()) == {"sent"}
    assert world.sends.sent == []


def test_who_shares_an_address_leaves_the_message_to_the_one_who_stands_for_it():
    world = World()
    ann, bob = world.people("ann", "bob")

    world.dispatcher().dispatch(chunk([ann, bob.model_copy(update={"shared": True})]))

    assert world.channel.users == ["ann"]
    assert world.decided() == {"ann": "sent", "bob": "same_address"}


def test_text_messages_are_counted_by_what_carriers_call_them():
    shop = project(sender={"name": "단골", "email": "a@b.c", "phone": "1", "refusal_number": "080-0"})
    words = campaign(channel="sms", variants=[], message={"text": "#{이름}님, 어서 오세요"})
    world = World(definition=definition(of=words, within=shop))
    people = [
        person.model_copy(update={"address": f"+82101234567{n}", "traits": {"name": name}})
        for n, (person, name) in enumerate(zip(world.people("u0", "u1", "u2"), ("가", "나" * 40, "다"), strict=True))
    ]
    for user in ("u0", "u1", "u2"):
        world.ledgers.ledgers[user] = replace(world.ledgers.ledgers[user], consents={"sms": 1})
    world.channel.refusals = {"u2": Refused("solapi_3031")}

    world.dispatcher().dispatch(chunk(people))

    counted = {name: int(number) for name, number in world.runs.counters[RUN].items() if ":kind:" in name}
    assert counted == {"arm:0:kind:sms": 1, "arm:0:kind:lms": 1}


def test_a_chunk_that_is_done_does_nothing_when_it_comes_again():
    world = World()
    piece = chunk(world.people(*EVERYBODY))
    world.dispatcher().dispatch(piece)

    world.redeliver(piece)

    assert len(world.channel.taken) == 10
    assert world.counted() == Counter(sent=10)


def test_a_chunk_in_other_hands_is_left_alone():
    world = World()
    piece = chunk(world.people(*EVERYBODY))
    world.channel.errors = [RuntimeError("killed")]  # type: ignore[list-item]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)

    with pytest.raises(ConflictError):
        world.dispatcher("second").dispatch(piece)

    assert world.channel.taken == []


def test_who_was_in_flight_when_a_worker_died_is_unknown_and_never_sent_to_again():
    world = World()
    piece = chunk(world.people(*EVERYBODY))
    world.channel.errors = [RuntimeError("killed")]  # type: ignore[list-item]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)

    world.redeliver(piece)

    assert world.channel.taken == []
    assert world.counted() == Counter(unknown=10)
    assert {world.state(user) for user in EVERYBODY} == {State.UNKNOWN}


def test_who_was_claimed_but_not_in_flight_is_sent_to_by_the_next_worker():
    world = World()
    piece = chunk(world.people(*EVERYBODY))
    mark, world.journals.mark = world.journals.mark, _killed  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.journals.mark = mark  # type: ignore[method-assign]

    world.redeliver(piece)

    assert sorted(world.channel.users) == sorted(EVERYBODY)
    assert world.counted() == Counter(sent=10)


def test_a_worker_whose_lease_ran_out_can_store_nothing_any_more():
    world = World()
    piece = chunk(world.people(*EVERYBODY))
    slow = world.dispatcher("slow")
    send = world.channel.send

    def overtaken(messages):
        world.channel.send = send  # type: ignore[method-assign]
        world.redeliver(piece)
        return send(messages)

    world.channel.send = overtaken  # type: ignore[method-assign]

    with pytest.raises(ConflictError):
        slow.dispatch(piece)

    assert world.counted() == Counter(unknown=10)


def test_a_death_before_counting_is_counted_by_the_next_worker():
    world = World(channel=World().channel)
    world.channel.batch_size = 5
    piece = chunk(world.people(*EVERYBODY))
    world.events.error = RuntimeError("killed")
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.events.error = None

    world.redeliver(piece)

    assert len(world.channel.taken) == 10
    assert world.counted() == Counter(sent=10)


def test_a_throttled_batch_is_queued_again_and_sent_once():
    world = World()
    world.channel.errors = [ThrottledError("slow down")]

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    ((_, delay),) = world.sends.sent
    assert 3 <= delay <= 5
    world.drain()
    assert sorted(world.channel.users) == sorted(EVERYBODY)
    assert world.counted() == Counter(sent=10)


def test_after_a_throttle_the_rest_of_the_piece_waits_too():
    world = World()
    world.channel.batch_size = 4
    world.channel.errors = [None, UnavailableError("down")]

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    assert len(world.channel.taken) == 4
    assert world.channel.calls == 2
    world.drain()
    assert sorted(world.channel.users) == sorted(EVERYBODY)


def test_a_provider_that_goes_on_asking_is_left_alone_for_longer_each_time_at_most_a_quarter_of_an_hour():
    world = World(definition=definition(of=campaign(limits={"expires": "3d"})))
    world.channel.errors = [ThrottledError("slow down")] * 11
    delays = []

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))
    for _ in range(11):
        ((body, delay),) = world.sends.sent
        world.sends.sent = []
        delays.append(delay)
        world.clock.pass_by(seconds=delay)
        world.dispatcher().dispatch(SendChunk.model_validate_json(body))

    longest = [min(900, 5 * 2**n) for n in range(11)]
    assert all(most / 2 <= delay <= most for delay, most in zip(delays, longest, strict=True))
    assert len({delay / most for delay, most in zip(delays, longest, strict=True)}) > 5
    assert world.counted() == Counter(sent=10)


def test_what_is_tried_again_is_tried_until_the_run_expires():
    world = World(definition=definition(of=campaign(limits={"expires": "1h"})))
    world.channel.errors = [ThrottledError("slow down")] * 50

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))
    world.drain()

    assert world.counted() == Counter(expired=10)
    assert world.channel.calls < 20


def test_a_chunk_that_got_through_is_not_left_alone_for_long_the_next_time():
    world = World()
    world.channel.batch_size = 4
    world.channel.errors = [ThrottledError("slow down")] * 4 + [None, ThrottledError("slow down")]
    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))
    tries = []

    for _ in range(5):
        ((body, delay),) = world.sends.sent
        world.sends.sent = []
        tries.append(SendChunk.model_validate_json(body).tries)
        world.clock.pass_by(seconds=delay)
        world.dispatcher().dispatch(SendChunk.model_validate_json(body))

    assert tries == [1, 2, 3, 4, 1]


def test_a_wrong_address_is_suppressed_with_the_claim_s_own_correction():
    world = World()
    world.channel.refusals = {"u3": Refused("invalid_parameter", suppress=True), "u4": Refused("message_rejected")}

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    assert world.counted() == Counter(sent=8, failed=2)
    suppressed = {user: ledger.suppressed for user, ledger in world.ledgers.ledgers.items() if ledger.suppressed}
    assert suppressed == {"u3": {address_hash("email", recipient("u3").address or "")}}
    assert [world.state(user) for user in ("u3", "u4")] == [State.FAILED] * 2


RESENDING = definition(of=campaign(on_unknown="resend"))


def test_where_the_campaign_asks_for_it_who_was_in_doubt_is_sent_to_once_more():
    world = World(definition=RESENDING)
    world.channel.errors = [DoubtError("no answer")]

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))
    world.drain()

    assert sorted(world.channel.users) == sorted(EVERYBODY)
    assert world.counted() == Counter(sent=10)
    assert {d["reason"] for t in map(json.loads, world.events.bodies) for d in t["decided"]} == {"resent"}


def test_who_was_in_flight_when_a_worker_died_is_sent_to_once_more_where_the_campaign_asks_for_it():
    world = World(definition=RESENDING)
    piece = chunk(world.people(*EVERYBODY))
    for worker in ("first", "second"):
        world.channel.errors = [RuntimeError("killed")]  # type: ignore[list-item]
        with pytest.raises(RuntimeError):
            world.dispatcher(worker).dispatch(piece)
        world.clock.pass_by(seconds=world.timeout + 10)

    world.redeliver(piece)

    assert world.channel.taken == []
    assert world.counted() == Counter(unknown=10)
    assert {world.state(user) for user in EVERYBODY} == {State.UNKNOWN}


def test_a_second_doubt_is_left():
    world = World(definition=RESENDING)
    world.channel.errors = [DoubtError("no answer")] * 2

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))
    world.drain()

    assert (world.counted(), world.channel.calls) == (Counter(unknown=10), 2)


def test_who_may_not_be_sent_to_again_or_is_refused_then_stays_in_doubt():
    world = World(definition=RESENDING)
    world.channel.errors = [DoubtError("no answer")]
    world.dispatcher().dispatch(chunk(world.people("ann", "bob", "cat")))
    at = int(NOW.timestamp()) + 1
    world.ledgers.ledgers["bob"] = world.ledgers.ledgers["bob"].with_consent("email", given=False, at=at)
    world.channel.refusals = {"cat": Refused("message_rejected")}

    world.drain()

    assert world.channel.users == ["ann"]
    assert world.counted() == Counter(sent=1, unknown=2)
    assert [world.state(user) for user in ("bob", "cat")] == [State.UNKNOWN] * 2


def test_who_is_in_doubt_stays_so_when_the_run_is_cancelled_before_they_are_sent_to_again():
    world = World(definition=RESENDING)
    world.channel.errors = [DoubtError("no answer")]
    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))
    world.runs.set_state(RUN, "cancelled", expected="running")

    world.drain()

    assert world.counted() == Counter(unknown=10)


def test_a_withdrawal_in_the_moment_of_the_second_claim_is_decided_again():
    world = World(definition=RESENDING)
    world.channel.errors = [DoubtError("no answer")]
    world.dispatcher().dispatch(chunk(world.people("ann")))
    at = int(NOW.timestamp()) + 1
    withdrawn = world.ledgers.ledgers["ann"].with_consent("email", given=False, at=at)
    world.ledgers.ledgers["ann"] = withdrawn
    agreed = withdrawn.with_consent("email", given=True, at=at + 1)
    put = world.ledgers.put_many

    def overtaken(changed):
        world.ledgers.put_many = put  # type: ignore[method-assign]
        world.ledgers.ledgers["ann"] = agreed
        return put(changed)

    world.ledgers.put_many = overtaken  # type: ignore[method-assign]

    world.drain()

    assert world.channel.users == ["ann"]
    assert world.counted() == Counter(sent=1)


def test_a_cut_off_call_leaves_its_people_unknown():
    world = World()
    world.channel.errors = [DoubtError("no answer")]

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    assert world.counted() == Counter(unknown=10)
    assert world.sends.sent == []


def test_a_refusal_is_recorded_and_gives_its_place_under_the_cap_back():
    world = World(definition=definition(within=project(caps=[{"max": 1, "per": "7d"}])))
    world.channel.refusals = {"u1": Refused("message_rejected")}

    world.dispatcher().dispatch(chunk(world.people("u0", "u1")))

    assert world.counted() == Counter(sent=1, failed=1)
    assert world.state("u1") is State.FAILED
    assert world.runs.counters[RUN]["failed:message_rejected"] == 1
    assert not world.ledgers.ledgers["u1"].entries[0].counts


def test_a_call_refused_as_a_whole_fails_everybody_in_it():
    world = World()
    world.channel.errors = [RejectedError("mail_from_not_verified")]

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    assert world.runs.counters[RUN]["failed:mail_from_not_verified"] == 10


def test_where_the_account_is_at_fault_the_run_pauses_and_nobody_fails():
    world = World(channel=RecordingChannel(batch_size=4))
    world.channel.errors = [None, AccountError("account_suspended")]

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    assert world.runs.get(RUN).paused == "provider: account_suspended"
    assert (world.channel.calls, len(world.channel.users)) == (2, 4)
    assert world.counted() == Counter(sent=4)
    left = [user for user in EVERYBODY if user not in world.channel.users]
    assert {world.state(user) for user in left} == {State.CANCELLED}
    assert not world.sends.sent


def test_one_person_refused_for_now_is_sent_to_later():
    world = World()
    world.channel.refusals = {"u1": Refused("account_throttled", retryable=True)}
    world.dispatcher().dispatch(chunk(world.people("u0", "u1")))
    world.channel.refusals = {}

    world.drain()

    assert sorted(world.channel.users) == ["u0", "u1"]
    assert world.counted() == Counter(sent=2)


def test_the_held_out_are_claimed_and_get_nothing():
    world = World(definition=definition(of=campaign(holdout="50%")))
    users = [f"u{n}" for n in range(100)]

    world.dispatcher().dispatch(chunk(world.people(*users)))

    counted = world.counted()
    assert counted["sent"] + counted["held_out"] == 100
    assert 30 < counted["held_out"] < 70
    assert len(world.channel.taken) == counted["sent"]
    held = next(user for user in users if world.state(user) is State.HELD_OUT)
    assert held not in world.channel.users


def test_skips_are_counted_with_their_reasons_and_claim_nothing():
    world = World()
    world.people("sent")
    world.ledgers.ledgers["withdrawn"] = replace(consenting("withdrawn"), consents={"email": -5})
    people = [recipient("sent"), recipient("withdrawn"), recipient("nowhere", address=None)]

    world.dispatcher().dispatch(chunk(people))

    assert world.counted() == Counter(sent=1, no_consent=1, unreachable=1)
    assert world.ledgers.ledgers["withdrawn"].entries == ()
    assert world.decided() == {"sent": "sent", "withdrawn": "no_consent", "nowhere": "unreachable"}


def test_a_person_without_a_value_that_the_message_needs_is_skipped():
    message = {"subject": "{{ city }}", "text": "글"}
    world = World(definition=definition(of=campaign(message=message, variants=[])))

    world.dispatcher().dispatch(chunk([*world.people("u0")]))

    assert world.counted() == Counter(missing_variable=1)


def test_an_opt_out_between_reading_and_claiming_is_seen_by_the_claim():
    world = World()
    piece = chunk(world.people("u0", "u1"))

    def opt_out():
        world.ledgers.before_write = lambda: None
        ledger = world.ledgers.ledgers["u1"]
        world.ledgers.ledgers["u1"] = ledger.with_consent("email", given=False, at=int(NOW.timestamp()))

    world.ledgers.before_write = opt_out

    world.dispatcher().dispatch(piece)

    assert world.channel.users == ["u0"]
    assert world.counted() == Counter(sent=1, no_consent=1)


def test_two_campaigns_at_once_keep_a_cap_of_one():
    capped = project(caps=[{"max": 1, "per": "day", "purpose": "marketing"}])
    world = World(definition=definition(within=capped))
    world.runs.runs["second"] = running(2, "second")
    people = world.people(*EVERYBODY)

    def other_campaign():
        world.ledgers.before_write = lambda: None
        world.dispatcher("other").dispatch(chunk(people, run="second"))

    world.ledgers.before_write = other_campaign

    world.dispatcher("one").dispatch(chunk(people))

    assert sorted(world.channel.users) == sorted(EVERYBODY)
    assert world.counted(RUN) + world.counted("second") == Counter(sent=10, frequency_cap=10)


def test_claims_that_lose_every_round_are_queued_again():
    world = World()
    piece = chunk(world.people("u0"))
    quarrel = [0]

    def somebody_else_first():
        quarrel[0] += 1
        ledger = world.ledgers.ledgers["u0"]
        world.ledgers.ledgers["u0"] = replace(ledger, rev=ledger.rev + 1)

    world.ledgers.before_write = somebody_else_first
    world.dispatcher().dispatch(piece)
    world.ledgers.before_write = lambda: None

    world.drain()

    assert quarrel[0] > 1
    assert world.channel.users == ["u0"]


def test_quiet_hours_that_end_soon_delay_a_message():
    hours = {"marketing": {"from": "09:00", "to": "10:10"}}
    world = World(definition=definition(within=project(quiet_hours=hours)))

    world.dispatcher().dispatch(chunk(world.people("u0")))

    assert world.channel.taken == []
    assert [delay for _, delay in world.sends.sent] == [600]
    world.drain()
    assert world.channel.users == ["u0"]


def test_a_claim_that_may_not_be_sent_any_more_is_cancelled():
    world = World()
    piece = chunk(world.people("u0"))
    mark, world.journals.mark = world.journals.mark, _killed  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.journals.mark = mark  # type: ignore[method-assign]
    ledger = world.ledgers.ledgers["u0"]
    world.ledgers.ledgers["u0"] = ledger.with_consent("email", given=False, at=int(NOW.timestamp()))

    world.redeliver(piece)

    assert world.channel.taken == []
    assert world.state("u0") is State.CANCELLED
    assert world.counted() == Counter(no_consent=1)


def test_a_cancellation_that_lost_is_decided_again():
    world = World()
    piece = chunk(world.people("u0"))
    mark, world.journals.mark = world.journals.mark, _killed  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.journals.mark = mark  # type: ignore[method-assign]
    now = int(NOW.timestamp())
    world.ledgers.ledgers["u0"] = world.ledgers.ledgers["u0"].with_consent("email", given=False, at=now)

    def opt_in():
        world.ledgers.before_write = lambda: None
        world.ledgers.ledgers["u0"] = world.ledgers.ledgers["u0"].with_consent("email", given=True, at=now + 99)

    world.ledgers.before_write = opt_in
    world.redeliver(piece)

    assert world.channel.users == ["u0"]
    assert world.counted() == Counter(sent=1)


def test_a_run_that_was_cancelled_skips_whoever_is_left():
    world = World()
    piece = chunk(world.people(*EVERYBODY))
    mark, world.journals.mark = world.journals.mark, _killed  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.journals.mark = mark  # type: ignore[method-assign]
    world.runs.runs[RUN] = running(state="cancelled")

    world.redeliver(piece)

    assert world.counted() == Counter(campaign_stopped=10)
    assert {world.state(user) for user in EVERYBODY} == {State.CANCELLED}


def test_a_piece_is_no_longer_than_its_rate_allows_and_the_rest_comes_back():
    slow = project(channels={"email": {"provider": "ses", "rate": "1/s"}})
    world = World(definition=definition(within=slow), timeout=20.0)

    world.dispatcher().dispatch(chunk(world.people(*EVERYBODY)))

    assert len(world.channel.taken) == 4
    assert world.channel.calls == 4
    (body, delay) = world.sends.sent[0]
    assert delay == 1
    assert len(SendChunk.model_validate_json(body).indexes) == 6
    world.drain()
    assert sorted(world.channel.users) == sorted(EVERYBODY)


def test_a_slot_too_far_ahead_is_not_reserved():
    world = World()
    world.throttle.reserve("ses", 1, 100, world.clock.seconds())

    world.dispatcher().dispatch(chunk(world.people("u0")))

    assert world.channel.taken == []
    assert [delay for _, delay in world.sends.sent] == [10]


def test_no_second_sees_more_than_the_rate():
    limited = project(channels={"email": {"provider": "ses", "rate": "20/s"}})
    world = World(definition=definition(within=limited))
    times: list[float] = []
    send = world.channel.send

    def timed(messages):
        times.extend([world.clock.seconds()] * len(messages))
        return send(messages)

    world.channel.send = timed  # type: ignore[method-assign]

    world.dispatcher().dispatch(chunk(world.people(*(f"u{n}" for n in range(100)))))

    assert len(times) == 100
    assert all(sum(start <= t < start + 1 for t in times) <= 20 for start in times)


def slowed(world: World, seconds: float) -> list[float]:
    """Let each call take so long; when each message was handed over."""
    times: list[float] = []
    send = world.channel.send

    def slow(messages):
        times.extend([world.clock.seconds()] * len(messages))
        world.clock.pass_by(seconds=seconds)
        return send(messages)

    world.channel.send = slow  # type: ignore[method-assign]
    return times


def test_the_rate_holds_although_calls_are_slow():
    world = World(definition=definition(within=project(channels={"email": {"provider": "ses", "rate": "20/s"}})))
    times = slowed(world, 0.45)

    world.dispatcher().dispatch(chunk(world.people(*(f"u{n}" for n in range(40)))))
    world.drain()

    assert len(times) == 40
    assert all(sum(start <= t < start + 1 for t in times) <= 20 for start in times)


def test_behind_a_slow_provider_nobody_is_sent_to_on_a_permission_of_long_ago():
    world = World(definition=definition(within=project(channels={"email": {"provider": "ses", "rate": "10/s"}})))
    times = slowed(world, 4.0)
    people = [f"u{n}" for n in range(100)]

    world.dispatcher().dispatch(chunk(world.people(*people)))

    assert max(times) - min(times) <= 10
    assert len(world.channel.taken) < 100
    for user in people:
        ledger = world.ledgers.ledgers[user]
        world.ledgers.ledgers[user] = ledger.with_consent("email", given=False, at=int(NOW.timestamp()) + 60)
    before = len(world.channel.taken)
    world.drain()
    assert len(world.channel.taken) == before
    assert world.counted() == Counter(sent=before, no_consent=100 - before)


def delayed(world: World, store: str, name: str, seconds: float) -> None:
    """Let the first call of that name take so long."""
    thing = getattr(world, store)
    real = getattr(thing, name)

    def call(*args, **kwargs):
        setattr(thing, name, real)
        answer = real(*args, **kwargs)
        world.clock.pass_by(seconds=seconds)
        return answer

    setattr(thing, name, call)


@pytest.mark.parametrize(("store", "call"), [("ledgers", "put_many"), ("journals", "mark")])
def test_a_call_that_missed_its_slot_takes_another(store, call):
    world = World()
    reserved = []
    reserve = world.throttle.reserve

    def noted(name, rate, count, now):
        reserved.append(count)
        return reserve(name, rate, count, now)

    world.throttle.reserve = noted  # type: ignore[method-assign]
    delayed(world, store, call, 3.0)

    world.dispatcher().dispatch(chunk(world.people("u0")))

    assert world.channel.users == ["u0"]
    assert reserved == [1, 1]


@pytest.mark.parametrize(("store", "name"), [("ledgers", "put_many"), ("journals", "mark")])
def test_a_hand_over_that_is_held_up_for_long_is_decided_again(store, name):
    world = World()
    piece = chunk(world.people("u0"))
    delayed(world, store, name, 11.0)

    world.dispatcher().dispatch(piece)

    assert world.channel.taken == []
    world.ledgers.ledgers["u0"] = world.ledgers.ledgers["u0"].with_consent("email", given=False, at=2_000_000_000)
    world.drain()
    assert world.channel.taken == []
    assert world.counted() == Counter(no_consent=1)


def test_a_hand_over_for_which_no_slot_comes_in_time_is_decided_again():
    world = World()
    mark = world.journals.mark

    def others_first(journal):
        world.journals.mark = mark  # type: ignore[method-assign]
        mark(journal)
        world.clock.pass_by(seconds=3)
        # Others take up the time until the permission is too old, or longer than anybody may reserve.
        world.throttle.reserve("ses", 1, seconds, world.clock.seconds())

    for seconds in (9, 100):
        world.journals.mark = others_first  # type: ignore[method-assign]
        world.dispatcher().dispatch(chunk(world.people(f"u{seconds}"), name=str(seconds)))
        world.clock.pass_by(minutes=10)

    assert world.channel.taken == []
    world.drain()
    assert sorted(world.channel.users) == ["u100", "u9"]


def test_a_wait_that_ends_too_late_hands_nothing_over():
    world = World()
    wait, mark = world.clock.wait_until, world.journals.mark

    def oversleep(seconds):
        world.clock.wait_until = wait  # type: ignore[method-assign]
        world.clock.pass_by(seconds=11)

    def marked(journal):
        world.journals.mark = mark  # type: ignore[method-assign]
        world.clock.wait_until = oversleep  # type: ignore[method-assign]
        mark(journal)

    world.journals.mark = marked  # type: ignore[method-assign]

    world.dispatcher().dispatch(chunk(world.people("u0")))

    assert world.channel.taken == []
    world.drain()
    assert world.channel.users == ["u0"]


def test_a_worker_whose_lease_ran_out_while_it_read_writes_nothing():
    world = World()
    piece = chunk(world.people("u0"))
    delayed(world, "ledgers", "get_many", 100.0)

    with pytest.raises(ConflictError):
        world.dispatcher().dispatch(piece)

    assert world.ledgers.writes == 0
    world.redeliver(piece)
    assert world.counted() == Counter(sent=1)


def test_a_claim_that_a_dead_worker_left_is_made_again_before_anything_is_handed_over():
    world = World()
    piece = chunk(world.people("u0"))
    mark, world.journals.mark = world.journals.mark, _killed  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.journals.mark = mark  # type: ignore[method-assign]
    world.clock.pass_by(hours=1)

    world.redeliver(piece)

    entry = world.ledgers.ledgers["u0"].entry(1)
    assert entry
    assert NOW.timestamp() + 3_600 <= entry.claimed_at
    assert world.counted() == Counter(sent=1)


def test_a_journal_that_names_a_claim_without_a_ledger_entry_is_not_counted():
    world = World()
    world.channel.batch_size = 5
    piece = chunk(world.people(*EVERYBODY))
    world.events.error = RuntimeError("killed")
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.events.error = None
    world.ledgers.ledgers["u0"] = consenting("u0")

    with pytest.raises(ConflictError):
        world.redeliver(piece)


def test_what_was_queued_again_an_old_message_does_not_repeat():
    world = World()
    world.channel.errors = [ThrottledError("slow down")]
    piece = chunk(world.people("u0"))
    world.dispatcher().dispatch(piece)

    assert world.dispatcher("late").dispatch(piece) == Counter()

    world.drain()
    assert world.channel.users == ["u0"]


def test_a_message_of_a_worker_who_died_does_not_close_the_chunk_over_others():
    hours = {"marketing": {"from": "09:00", "to": "10:10"}}
    world = World(definition=definition(within=project(quiet_hours=hours)))
    piece = chunk(world.people("u0", "u1"))
    consented = world.ledgers.ledgers["u1"]
    world.ledgers.ledgers["u1"] = consented.with_consent("email", given=False, at=int(NOW.timestamp()))
    finish, world.journals.finish = world.journals.finish, _killed  # type: ignore[method-assign]
    with pytest.raises(RuntimeError):
        world.dispatcher("first").dispatch(piece)
    world.journals.finish = finish  # type: ignore[method-assign]
    # It skipped u1, who then changes their mind: the next worker holds both.
    (left_behind, _), world.sends.sent = world.sends.sent[0], []
    world.ledgers.ledgers["u1"] = world.ledgers.ledgers["u1"].with_consent("email", given=True, at=2_000_000_000)
    world.clock.pass_by(seconds=world.timeout + 10)
    world.dispatcher("second").dispatch(piece)

    with pytest.raises(ConflictError):
        world.dispatcher("third").dispatch(SendChunk.model_validate_json(left_behind))

    world.clock.pass_by(seconds=world.timeout + 10)
    world.drain()
    assert sorted(world.channel.users) == ["u0", "u1"]
    assert world.counted() == Counter(sent=2)


@pytest.mark.parametrize("fatal", range(1, 16))
def test_whatever_call_a_worker_dies_at_nobody_is_sent_to_twice_and_nobody_is_lost(fatal):
    world = World(definition=definition(of=campaign(holdout="20%")))
    world.channel.batch_size = 3
    piece = chunk(world.people(*EVERYBODY))
    _die_at(world, fatal)
    try:
        world.dispatcher("first").dispatch(piece)
    except (RuntimeError, ConflictError):
        world.redeliver(piece)
    world.drain()

    sent = Counter(world.channel.users)
    counted = world.counted()
    assert max(sent.values(), default=0) <= 1
    assert sum(counted.values()) == len(EVERYBODY)
    assert counted["sent"] <= sum(sent.values()) <= counted["sent"] + counted["unknown"]
    states = Counter(state.name.lower() for user in EVERYBODY if (state := world.state(user)) is not None)
    assert states == +counted


def _die_at(world: World, fatal: int) -> None:
    """Let the n-th call to anything outside end the process, before or after its effect."""
    calls = [0]

    def deadly(thing, name):
        real = getattr(thing, name)

        def call(*args, **kwargs):
            calls[0] += 1
            if calls[0] == fatal:
                if fatal % 2:
                    real(*args, **kwargs)
                raise RuntimeError("killed")
            return real(*args, **kwargs)

        setattr(thing, name, call)

    for thing, names in (
        (world.journals, ("take", "mark", "finish")),
        (world.ledgers, ("get_many", "put_many")),
        (world.channel, ("send",)),
        (world.events, ("send",)),
        (world.sends, ("send",)),
    ):
        for name in names:
            deadly(thing, name)


def _killed(*_args, **_kwargs):
    raise RuntimeError("killed")
