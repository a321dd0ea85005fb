"""A run can be stopped in seconds, and goes on without repeating anybody or losing anybody."""

from collections import Counter
from contextlib import suppress

import pytest

from dangol.contracts import Release, SendChunk
from dangol.domain.errors import ConflictError
from dangol.domain.ledger import State
from dangol.domain.stopping import Tally
from dangol.pipeline import segment, steps
from dangol.ports import Journal, Refused
from tests.dispatching import RUN
from tests.shop_campaign import campaign, definition, project
from tests.steering import ORDER, Stage


class KilledError(BaseException):
    """The process is gone."""


def paused_after_one_call(**told) -> Stage:
    """Two of ten were sent to when somebody paused the run, and the dispatcher noticed."""
    stage = Stage(**told)
    stage.channel.batch_size = 2
    stage.scan()
    send = stage.channel.send

    def pausing(messages):
        stage.controller.pause(stage.run)
        stage.clock.pass_by(seconds=5.1)
        stage.channel.send = send  # type: ignore[method-assign]
        return send(messages)

    stage.channel.send = pausing  # type: ignore[method-assign]
    stage.work_off()
    return stage


def test_a_paused_run_hands_nobody_over_and_its_messages_are_gone():
    stage = Stage()
    stage.scan()
    stage.controller.pause(stage.run)

    stage.work_off()

    assert stage.channel.taken == []
    assert stage.sends.sent == []
    assert stage.run.paused == "by_hand"


def test_a_pause_is_noticed_between_two_calls_of_one_piece():
    stage = paused_after_one_call()

    assert stage.channel.users == ["u000", "u001"]
    assert stage.sends.sent == []
    assert stage.counted() == Counter(sent=2)


def test_whoever_waits_for_the_run_to_go_on_takes_up_no_place_under_a_cap():
    stage = paused_after_one_call()

    states = [stage.state(user) for user in stage.users]

    assert states == [State.SENT] * 2 + [State.CANCELLED] * 8
    assert sum(entry.counts for user in stage.users for entry in stage.ledgers.ledgers[user].entries) == 2


def test_a_resumed_run_goes_on_with_those_who_are_left():
    stage = paused_after_one_call()

    stage.controller.resume(stage.run)
    stage.work_off()

    assert sorted(stage.channel.users) == stage.users
    assert stage.counted() == Counter(sent=10)
    assert stage.run.paused is None


def test_resuming_twice_repeats_nobody():
    stage = paused_after_one_call()

    for _ in range(3):
        stage.controller.resume(stage.run)
    stage.work_off()
    stage.controller.resume(stage.run)
    stage.work_off()

    assert sorted(stage.channel.users) == stage.users
    assert stage.counted() == Counter(sent=10)


def test_a_run_can_be_paused_again_and_again():
    stage = Stage(people=6)
    stage.scan()
    for _ in range(3):
        stage.controller.pause(stage.run)
        stage.work_off()
        stage.controller.resume(stage.run)

    stage.work_off()

    assert sorted(stage.channel.users) == stage.users


def test_who_pauses_while_people_are_looked_for_pauses_the_sending():
    stage = Stage()
    stage.segmenter.start(ORDER)
    stage.controller.pause(stage.run)

    stage.segment()

    assert (stage.run.state, stage.run.audience) == ("running", 10)
    assert stage.sends.sent == []
    stage.controller.resume(stage.run)
    stage.work_off()
    assert stage.counted() == Counter(sent=10)


def test_a_run_that_goes_on_before_a_late_worker_parks_keeps_its_message():
    stage = Stage()
    stage.scan()
    stage.controller.pause(stage.run)
    late = stage.dispatcher("late")
    park = stage.journals.park

    def resumed_meanwhile(journal, **told):
        stage.controller.resume(stage.run)
        stage.segment()
        return park(journal, **told)

    stage.journals.park = resumed_meanwhile  # type: ignore[method-assign]
    (body,) = stage.sends.take()
    late.dispatch(SendChunk.model_validate_json(body))
    stage.journals.park = park  # type: ignore[method-assign]

    assert len(stage.sends.sent) == 1
    stage.work_off()
    assert stage.counted() == Counter(sent=10)


def test_a_message_that_a_dead_worker_left_behind_does_not_wake_what_is_parked():
    stage = Stage()
    stage.scan()
    (body,) = stage.sends.take()
    piece = SendChunk.model_validate_json(body)
    # A worker had queued a piece of it and died before it could say so.
    left_behind = piece.model_copy(
        update={"generation": 1, "indexes": [0], "recipients": piece.recipients[:1]}
    ).model_dump_json()
    stage.controller.pause(stage.run)
    stage.deliver(body)

    stage.deliver(left_behind)
    stage.controller.resume(stage.run)
    stage.work_off()

    assert stage.counted() == Counter(sent=10)


def test_a_big_run_goes_on_page_by_page(monkeypatch):
    monkeypatch.setattr(steps, "CHUNK", 2)
    monkeypatch.setattr(segment, "RECIPIENTS_PER_STEP", 3)
    monkeypatch.setattr(segment, "STEPS_PER_RELEASE", 2)
    stage = Stage(people=30)
    stage.segmenter.start(ORDER)
    stage.segment()
    # Half of it was queued and parked when the run was paused.
    half = stage.sends.sent[:5]
    stage.sends.sent = half
    stage.controller.pause(stage.run)
    stage.work_off()

    stage.controller.resume(stage.run)
    stage.work_off()

    assert sorted(stage.channel.users) == stage.users
    assert stage.counted() == Counter(sent=30)


def test_a_resume_leaves_alone_what_is_done_and_what_a_message_carries():
    stage = Stage()
    stage.scan()
    (fresh,) = stage.sends.bodies
    stage.controller.resume(stage.run)
    stage.segment()
    assert stage.sends.bodies == [fresh, fresh]
    stage.sends.sent = [(fresh, 0)]
    stage.work_off()

    stage.controller.resume(stage.run)
    stage.segment()

    assert stage.sends.sent == []


def test_a_pause_that_came_again_before_the_release_holds():
    stage = paused_after_one_call()
    stage.controller.resume(stage.run)
    stage.controller.pause(stage.run)

    stage.work_off()

    assert len(stage.channel.taken) == 2


def test_a_cancelled_run_skips_who_is_parked_and_gives_the_places_back():
    stage = paused_after_one_call()

    stage.controller.cancel(stage.run)
    stage.work_off()

    assert stage.counted() == Counter(sent=2, campaign_stopped=8)
    assert [stage.state(user) for user in stage.users] == [State.SENT] * 2 + [State.CANCELLED] * 8
    assert (stage.run.state, stage.run.stopped_because) == ("cancelled", "by_hand")
    assert list(stage.decided().values()).count("campaign_stopped") == 8


def test_a_cancelled_run_stops_between_two_calls():
    stage = Stage()
    stage.channel.batch_size = 2
    stage.scan()
    send = stage.channel.send

    def cancelling(messages):
        stage.controller.cancel(stage.run)
        stage.clock.pass_by(seconds=5.1)
        return send(messages)

    stage.channel.send = cancelling  # type: ignore[method-assign]
    stage.work_off()

    assert stage.counted() == Counter(sent=2, campaign_stopped=8)


def test_a_worker_who_waited_for_its_slot_looks_again_before_it_claims():
    stage = Stage()
    stage.scan()
    stage.throttle.reserve("ses", 1, 8, stage.clock.seconds())
    wait = stage.clock.wait_until

    def paused_meanwhile(seconds):
        stage.controller.pause(stage.run)
        wait(seconds)

    stage.clock.wait_until = paused_meanwhile  # type: ignore[method-assign]
    stage.work_off()

    assert stage.ledgers.writes == 0
    assert stage.channel.taken == []


def test_a_run_that_is_cancelled_while_people_are_looked_for_releases_nobody():
    stage = Stage()
    stage.segmenter.start(ORDER)
    stage.controller.cancel(stage.run)

    stage.work_off()

    assert stage.counted() == Counter()
    assert stage.run.state == "cancelled"


@pytest.mark.parametrize("wish", ["pause", "resume"])
def test_a_cancelled_run_is_over(wish):
    stage = Stage()
    stage.scan()
    stage.controller.cancel(stage.run)

    with pytest.raises(ConflictError, match="dangol run"):
        getattr(stage.controller, wish)(stage.run)


def test_pausing_twice_is_pausing():
    stage = Stage()
    stage.scan()

    for _ in range(2):
        stage.controller.pause(stage.run)

    assert stage.run.paused == "by_hand"


def test_whoever_goes_on_too_late_is_not_sent_to_any_more():
    stage = paused_after_one_call(definition=definition(of=campaign(limits={"expires": "6h"})))
    stage.clock.pass_by(hours=7)

    stage.controller.resume(stage.run)
    stage.work_off()

    assert stage.counted() == Counter(sent=2, expired=8)


def failing(people: int, refused: int, **limits: str) -> Stage:
    """A run in chunks of fifty, of which the provider refuses the first people."""
    stage = Stage(people=people, definition=definition(of=campaign(limits={"stop_when": limits})))
    stage.channel.refusals = {user: Refused("bad") for user in stage.users[:refused]}
    return stage


def test_a_run_whose_hand_overs_fail_pauses_itself_and_says_why(monkeypatch):
    monkeypatch.setattr(steps, "CHUNK", 50)
    stage = failing(400, 6, failed="5%")
    stage.scan()

    stage.work_off()

    assert stage.run.paused == "too_many_failed"
    assert stage.run.state == "running"
    assert stage.counted() == Counter(sent=94, failed=6)


def test_a_run_that_paused_itself_goes_on_and_is_judged_by_what_comes_then(monkeypatch):
    monkeypatch.setattr(steps, "CHUNK", 50)
    stage = failing(400, 6, failed="5%")
    stage.scan()
    stage.work_off()

    stage.controller.resume(stage.run)
    stage.work_off()

    assert stage.run.paused is None
    assert stage.counted() == Counter(sent=394, failed=6)


def test_a_run_that_still_fails_pauses_itself_again(monkeypatch):
    monkeypatch.setattr(steps, "CHUNK", 50)
    stage = failing(400, 400, failed="5%")
    stage.scan()
    stage.work_off()
    assert stage.counted() == Counter(failed=100)

    stage.controller.resume(stage.run)
    stage.work_off()

    assert stage.run.paused == "too_many_failed"
    assert stage.counted() == Counter(failed=200)


def test_opt_outs_pause_a_run_too(monkeypatch):
    monkeypatch.setattr(steps, "CHUNK", 50)
    stage = failing(400, 0, unsubscribed="1%")
    stage.scan()
    stage.runs.add(RUN, {"arm:0:unsubscribed": 2})

    stage.work_off()

    assert stage.run.paused == "too_many_unsubscribed"
    assert stage.counted()["sent"] == 100


def test_a_piece_that_handed_nobody_over_is_not_judged():
    stage = failing(10, 0, failed="5%")
    stage.scan()
    stage.controller.pause(stage.run)
    stage.runs.mark = None  # type: ignore[assignment,method-assign]

    stage.work_off()

    assert stage.channel.taken == []


@pytest.mark.parametrize("end", ["resume", "cancel"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", range(1, 36))
def test_whatever_call_a_process_dies_at_around_a_pause_nobody_is_repeated_or_lost(fatal, after, end):
    capped = project(caps=[{"max": 1, "per": "7d"}])
    stage = Stage(definition=definition(of=campaign(holdout="20%"), within=capped))
    stage.channel.batch_size = 3
    stage.scan()
    _die_at(stage, fatal, after=after)
    send = stage.channel.send

    def pausing(messages):
        stage.channel.send = send  # type: ignore[method-assign]
        for _ in range(2):
            with suppress(KilledError):
                stage.controller.pause(stage.run)
        stage.clock.pass_by(seconds=5.1)
        return send(messages)

    stage.channel.send = pausing  # type: ignore[method-assign]
    stage.work_off(lambda: KilledError)
    # Whoever asked asks again where the process died.
    for _ in range(2):
        with suppress(KilledError):
            getattr(stage.controller, end)(stage.run)
            break
    stage.work_off(lambda: KilledError)

    got = Counter(stage.channel.users)
    counted = stage.counted()
    assert max(got.values(), default=0) <= 1
    assert sum(counted.values()) == len(stage.users)
    assert counted["sent"] <= sum(got.values()) <= counted["sent"] + counted["unknown"]
    counting = sum(entry.counts for user in stage.users for entry in stage.ledgers.ledgers[user].entries)
    assert counting == len(stage.users) - counted["campaign_stopped"]
    if end == "resume":
        assert counted["campaign_stopped"] == 0


def _die_at(stage: Stage, fatal: int, *, after: bool) -> None:
    """Let the n-th call to anything outside end the process, before or after its effect."""
    calls = [0]

    def deadly(store, name):
        real = getattr(store, name)

        def call(*args, **kwargs):
            calls[0] += 1
            if calls[0] != fatal:
                return real(*args, **kwargs)
            if after:
                real(*args, **kwargs)
            raise KilledError

        setattr(store, name, call)

    for store, names in (
        (stage.journals, ("take", "mark", "park", "finish", "of_step")),
        (stage.ledgers, ("get_many", "put_many")),
        (stage.channel, ("send",)),
        (stage.events, ("send",)),
        (stage.sends, ("send",)),
        (stage.tasks, ("send",)),
        (stage.runs, ("pause", "resume", "set_state")),
    ):
        for name in names:
            deadly(store, name)


def test_a_release_of_a_running_run_queues_what_is_due_alone():
    stage = Stage()
    stage.scan()
    (body,) = stage.sends.take()
    piece = SendChunk.model_validate_json(body)
    now = stage.clock.seconds()
    wanted = Journal(piece.run, piece.chunk, "worker", piece.generation, "." * piece.size)
    _, journal = stage.journals.take(wanted, lease_until=now + 10, now=now)
    assert journal
    stage.journals.park(journal, deltas={}, until=stage.clock.seconds() + 3_600)

    stage.segmenter.release(Release(run=RUN, again=True))
    assert stage.sends.sent == []

    stage.segmenter.release(Release(run=RUN, again=True, due=stage.clock.seconds() + 3_600))
    assert [SendChunk.model_validate_json(b).generation for b in stage.sends.bodies] == [2]


def test_a_few_hand_overs_more_leave_the_marks_as_they_are():
    stage = failing(10, 0, failed="5%")
    stage.scan()

    stage.work_off()

    assert stage.counted() == Counter(sent=10)
    assert stage.run.marks == (Tally(),)
