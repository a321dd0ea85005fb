"""Whoever has to wait for long is parked in the journal, and comes back by a schedule."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from dangol.contracts import SendChunk
from dangol.domain.ledger import State
from tests.dispatching import NOW, RUN
from tests.shop_campaign import campaign, definition, project
from tests.steering import Stage

# In Seoul it is ten in the morning.
HOURS = {"marketing": {"from": "09:00", "to": "12:00"}}
NOON = NOW + timedelta(hours=2)


def waiting(people: int = 10, limits: dict[str, Any] | None = None) -> Stage:
    """A run whose people all wait for noon."""
    wanted = definition(of=campaign(limits=limits or {}), within=project(quiet_hours=HOURS))
    stage = Stage(people=people, definition=wanted)
    stage.scan()
    stage.work_off()
    return stage


def test_quiet_hours_leave_no_message_and_one_schedule_for_their_end():
    stage = waiting()

    assert stage.sends.sent == []
    assert [at for _, at in stage.timer.set.values()] == [NOON.timestamp()]
    assert stage.channel.taken == []


def test_all_chunks_of_a_run_share_the_schedule():
    stage = waiting(people=250)

    assert len(stage.timer.set) == 1


def test_a_run_that_is_cancelled_before_a_worker_knows_does_not_wait_for_the_hour():
    stage = Stage(definition=definition(within=project(quiet_hours=HOURS)))
    stage.scan()
    late = stage.dispatcher("late")
    park = stage.journals.park

    def cancelled_meanwhile(journal: Any, **told: Any) -> bool:
        stage.controller.cancel(stage.run)
        stage.segment()
        return park(journal, **told)

    stage.journals.park = cancelled_meanwhile  # type: ignore[method-assign]
    (body,) = stage.sends.take()
    late.dispatch(SendChunk.model_validate_json(body))
    stage.journals.park = park  # type: ignore[method-assign]

    ((_, delay),) = stage.sends.sent
    assert delay == 5
    stage.work_off()
    assert stage.counted() == Counter(campaign_stopped=10)


def test_when_they_end_everybody_is_sent_to():
    stage = waiting()

    stage.ring()
    stage.work_off()

    assert sorted(stage.channel.users) == stage.users
    assert stage.counted() == Counter(sent=10)
    assert stage.clock.now() >= NOON


def test_the_schedule_is_set_by_the_real_clock_where_the_stack_has_another():
    stage = Stage(definition=definition(within=project(quiet_hours=HOURS)))
    stage.scan()
    real = stage.clock.seconds
    stage.clock.seconds = lambda: real() - 86_400.000_4  # type: ignore[method-assign]

    stage.work_off()

    assert [at for _, at in stage.timer.set.values()] == [NOON.timestamp() - 86_400]
    (body, _) = next(iter(stage.timer.set.values()))
    stage.clock.time = NOON - timedelta(seconds=1)
    stage.order(body)
    stage.work_off()
    assert stage.counted() == Counter(sent=10)


def test_a_schedule_that_comes_twice_repeats_nobody():
    stage = waiting()
    ((body, at),) = stage.timer.set.values()
    stage.clock.wait_until(at)

    for _ in range(2):
        stage.order(body)
    stage.work_off()
    stage.order(body)
    stage.work_off()

    assert sorted(stage.channel.users) == stage.users


def test_zones_wait_each_for_their_own_hour():
    stage = Stage(people=3, definition=definition(within=project(quiet_hours=HOURS)))
    zones = {"u000": "Asia/Seoul", "u001": "Asia/Shanghai", "u002": "Asia/Tokyo"}
    for user, zone in zones.items():
        stage.profiles.people[user].traits["timezone"] = zone
    stage.scan()
    stage.work_off()

    stage.ring()
    stage.work_off()
    assert sorted(stage.channel.users) == ["u000", "u002"]
    stage.ring()
    stage.work_off()

    assert sorted(stage.channel.users) == stage.users
    assert stage.clock.now() >= NOON + timedelta(hours=1)


def test_a_run_paused_meanwhile_sends_nobody_when_they_end_and_everybody_when_it_is_resumed():
    stage = waiting()
    stage.controller.pause(stage.run)
    stage.ring()
    stage.work_off()
    assert stage.channel.taken == []

    stage.controller.resume(stage.run)
    stage.work_off()

    assert stage.counted() == Counter(sent=10)


def test_a_run_cancelled_meanwhile_skips_who_waits():
    stage = waiting()

    stage.controller.cancel(stage.run)
    stage.work_off()

    assert stage.counted() == Counter(campaign_stopped=10)


def test_a_run_resumed_meanwhile_leaves_who_waits_where_they_are():
    stage = waiting()
    stage.controller.pause(stage.run)

    stage.controller.resume(stage.run)
    stage.work_off()

    assert stage.sends.sent == []
    assert len(stage.timer.set) == 1


def test_who_would_wait_past_the_expiry_is_skipped_at_once():
    stage = waiting(limits={"expires": "1h"})

    assert stage.counted() == Counter(quiet_hours=10)
    assert stage.timer.set == {}


def test_whoever_comes_back_too_late_is_expired():
    stage = waiting(limits={"expires": "6h"})
    stage.clock.pass_by(hours=7)

    stage.ring()
    stage.work_off()

    assert stage.counted() == Counter(expired=10)


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", range(1, 24))
def test_whatever_call_a_process_dies_at_nobody_is_repeated_or_lost(fatal, after):
    stage = Stage(definition=definition(within=project(quiet_hours=HOURS)))
    calls = [0]

    def deadly(store: Any, name: str) -> None:
        real = getattr(store, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            calls[0] += 1
            if calls[0] != fatal:
                return real(*args, **kwargs)
            if after:
                real(*args, **kwargs)
            raise KilledError

        setattr(store, name, call)

    stage.scan()
    for store, names in (
        (stage.journals, ("take", "mark", "park", "finish", "of_step")),
        (stage.ledgers, ("get_many", "put_many")),
        (stage.timer, ("send",)),
        (stage.sends, ("send",)),
        (stage.events, ("send",)),
    ):
        for name in names:
            deadly(store, name)
    stage.work_off(lambda: KilledError)
    ((body, at),) = stage.timer.set.values()
    stage.clock.wait_until(at)
    # A queue delivers again what was not finished.
    for _ in range(2):
        with suppress(KilledError):
            stage.order(body)
            break
    stage.work_off(lambda: KilledError)

    counted = stage.counted()
    assert max(Counter(stage.channel.users).values(), default=0) <= 1
    assert counted["sent"] + counted["unknown"] == sum(counted.values()) == 10
    assert counted["sent"] == sum(stage.state(user) is State.SENT for user in stage.users)
    assert stage.run.run == RUN
