"""One channel after the other: the next takes whom one cannot reach or has failed for, and nobody gets two."""

import json
from collections import Counter
from contextlib import nullcontext
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any, Final

import pytest

from dangol.contracts import Received, SendChunk
from dangol.domain.channel import ChannelName
from dangol.domain.errors import DoubtError, RejectedError
from dangol.domain.fallback import decide_first, next_step
from dangol.domain.ledger import Entry, Flag, State
from dangol.domain.profile import Profile
from dangol.domain.reference import read_reference
from dangol.domain.report import RunResult, report
from dangol.domain.suppression import address_hash
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.lake_rows import find
from dangol.pipeline.receiving import Receiver
from dangol.ports import Refused
from tests.dispatching import NOW, RUN
from tests.fakes import FakeClock, FakeDefinitions, FakeProfiles, RecordingChannel
from tests.shop_campaign import campaign, definition, project
from tests.steering import Stage

STEPS: Final[tuple[ChannelName, ...]] = ("email", "sms")
TEXTS = {"sms": {"subject": "새 강의", "text": "보기 {{ link('https://shop.example/new') }}"}}
GIVEN = 1_700_000_000


def several(**changed: Any):
    """The shop's campaign by e-mail, then by text message."""
    everybody = {"any": [{"as": "회원", "trait": "member", "is": True}]}
    return campaign(
        **{"audience": everybody, "channel": None, "channels": STEPS, "messages": TEXTS, "variants": [], **changed}
    )


class Shop(Stage):
    """A stage whose people have an address, a number and both consents, with receipts."""

    def __init__(self, people: int = 3, shop: dict[str, Any] | None = None, **changed: Any) -> None:
        numbered = {"phone": "1588-0000", "refusal_number": "080-000-0000"}
        sender = {"name": "단골상점", "email": "hello@shop.example", "address": "서울시", **numbered}
        channels = {
            "email": {"provider": "ses", "rate": "1000/s"},
            "sms": {"provider": "solapi", "rate": "1000/s"},
            "alimtalk": {"provider": "solapi", "profile": "pf"},
        }
        applied = project(sender=sender, channels=channels, **(shop or {}))
        super().__init__(people=people, definition=definition(of=several(**changed), within=applied))
        self.channels = {name: RecordingChannel() for name in self.definition.campaign.steps}
        for number, user in enumerate(self.users):
            self.profile(user, email=f"{user}@example.com", phone=f"+8210123400{number:02d}")
            self.consent(user, email=GIVEN, sms=GIVEN)
        known = KnownRuns(self.runs, FakeDefinitions(self.definition), FakeClock())
        self.receiver = Receiver(self.ledgers, FakeProfiles(), known, self.tasks)

    def profile(self, user: str, **traits: Any) -> None:
        self.profiles.people[user] = Profile(user, traits={"member": True, **traits}, rev=1)

    def consent(self, user: str, **consents: int) -> None:
        self.ledgers.ledgers[user] = replace(self.ledgers.ledgers[user], consents=consents)

    def go(self) -> None:
        """Run the campaign to its end."""
        self.scan()
        self.work_off()

    def told(self, kind: str, by: str, **changed: Any) -> list[Received]:
        """A receipt for each message that a channel took."""
        told = []
        for message in self.channels[by].taken:
            whose = read_reference(message.reference)
            assert whose is not None
            at = {"at": int(self.clock.now().timestamp() * 1000), "channel": by}
            told.append(Received.model_validate({"kind": kind, "id": f"{by}-{whose}", **at, **whose.told, **changed}))
        return told

    def bounce(self, by: str, **changed: Any) -> None:
        """Have everything that a channel took bounce a moment later, and work off what follows."""
        self.clock.pass_by(seconds=20)
        self.receiver.record(self.told("bounced", by, **changed))
        self.work_off()

    def work_off_before_orders(self) -> None:
        """Work off the chunks, and only then what receipts have ordered."""
        orders, self.tasks.sent = self.tasks.sent, []
        self.work_off()
        self.tasks.sent += orders
        self.work_off()

    def users_of(self, name: str) -> list[str]:
        return sorted(self.channels[name].users)

    @property
    def rows(self) -> list[tuple[str, str, str | None]]:
        """What was decided, in order: person, outcome, channel."""
        told = [json.loads(body) for body in self.events.bodies]
        return [(d["user_id"], d["outcome"], d["channel"]) for t in told for d in t["decided"]]


def test_each_person_gets_it_by_the_first_channel_that_reaches_them():
    shop = Shop()
    shop.profile("u001", phone="+821012340001")
    shop.consent("u002", sms=GIVEN)

    shop.go()

    assert shop.users_of("email") == ["u000"]
    assert shop.users_of("sms") == ["u001", "u002"]
    assert shop.counted() == Counter({"sent": 3, "kind:lms": 2, "kind:email": 1})
    assert {user: ledger.entries[0].channel for user, ledger in shop.ledgers.ledgers.items()} == {
        "u000": "email",
        "u001": "sms",
        "u002": "sms",
    }


def test_each_channel_says_it_in_its_own_form():
    shop = Shop(people=2)
    shop.profile("u001", phone="+821012340001")

    shop.go()

    (mail,), (text,) = shop.channels["email"].taken, shop.channels["sms"].taken
    assert (mail.subject, mail.kind, mail.address) == ("(광고) 고객님", "", "u000@example.com")
    assert (text.subject, text.kind, text.address) == ("새 강의", "lms", "+821012340001")
    assert text.text.startswith("(광고)단골상점\n보기 ")
    # After the last one nothing follows, so nobody needs to know where they stand.
    assert read_reference(mail.reference) == (1, "u000", "00000-00000-0_0")
    assert read_reference(text.reference) == (1, "u001", "")


def test_whom_no_channel_reaches_is_skipped_for_what_is_wrong_with_the_last():
    shop = Shop(people=2)
    shop.profile("u000")
    shop.consent("u001", email=-GIVEN, sms=-GIVEN)

    shop.go()

    assert shop.counted() == Counter(unreachable=1, no_consent=1)


def test_a_refusal_is_followed_by_the_next_channel_at_once_and_counts_once():
    shop = Shop()
    shop.channels["email"].refusals = {"u001": Refused("MESSAGE_REJECTED")}

    shop.go()

    assert shop.users_of("email") == ["u000", "u002"]
    assert shop.users_of("sms") == ["u001"]
    assert shop.counted() == Counter({"sent": 3, "kind:email": 2, "kind:lms": 1})
    assert shop.runs.counters[RUN].get("failed:MESSAGE_REJECTED") is None
    assert [row for row in shop.rows if row[0] == "u001"] == [("u001", "failed", "email"), ("u001", "sent", "sms")]


def test_whom_every_channel_refuses_has_failed_for_the_last_reason():
    shop = Shop(people=1)
    shop.channels["email"].refusals = {"u000": Refused("MESSAGE_REJECTED")}
    shop.channels["sms"].refusals = {"u000": Refused("solapi_3031", suppress=True)}

    shop.go()

    assert shop.counted() == Counter(failed=1)
    assert shop.runs.counters[RUN]["failed:solapi_3031"] == 1
    assert shop.state("u000") is State.FAILED
    # The number, and not the address.
    assert len(shop.ledgers.ledgers["u000"].suppressed) == 1


def test_a_dead_address_of_one_channel_says_nothing_against_that_of_the_next():
    shop = Shop(people=1)
    shop.channels["email"].refusals = {"u000": Refused("MESSAGE_REJECTED", suppress=True)}
    shop.channels["sms"].refusals = {"u000": Refused("solapi_3031")}

    shop.go()

    assert shop.counted() == Counter(failed=1)
    assert shop.ledgers.ledgers["u000"].suppressed == {address_hash("email", "u000@example.com")}


@pytest.mark.parametrize("change", [{"sms": -GIVEN}, {}])
def test_whom_the_next_channel_may_not_take_has_failed_for_the_reason_of_the_first(change):
    shop = Shop(people=1)
    shop.channels["email"].refusals = {"u000": Refused("MESSAGE_REJECTED")}
    shop.consent("u000", email=GIVEN, **change)

    shop.go()

    assert shop.counted() == Counter(failed=1)
    assert shop.runs.counters[RUN]["failed:MESSAGE_REJECTED"] == 1
    assert shop.users_of("sms") == []


def test_nothing_follows_what_is_in_doubt():
    shop = Shop(people=2)
    shop.channels["email"].errors = [DoubtError("no answer")]

    shop.go()
    shop.bounce("email")

    assert shop.counted() == Counter(unknown=2)
    assert shop.channels["sms"].taken == []


def test_a_call_that_is_refused_as_a_whole_is_a_failure_of_each():
    shop = Shop(people=2)
    shop.channels["email"].errors = [RejectedError("account suspended")]

    shop.go()

    assert shop.users_of("sms") == ["u000", "u001"]


def test_a_receipt_of_failure_is_followed_by_the_next_channel_and_counts_once():
    shop = Shop()
    shop.go()

    shop.bounce("email")

    assert shop.users_of("sms") == ["u000", "u001", "u002"]
    assert +shop.counted() == Counter({"sent": 3, "kind:lms": 3})
    assert [entry.channel for ledger in shop.ledgers.ledgers.values() for entry in ledger.entries] == ["sms"] * 3
    assert shop.run.audience == 3


def test_whatever_comes_twice_the_next_channel_comes_once():
    shop = Shop(people=2)
    shop.go()
    shop.clock.pass_by(seconds=20)
    receipts = shop.told("bounced", "email")
    for _ in range(2):
        shop.receiver.record(receipts)
    orders = shop.tasks.take()
    for body in [*orders, *orders]:
        shop.order(body)
    pieces = shop.sends.bodies
    assert len(pieces) == len(orders) * 2

    shop.work_off()
    for body in pieces:
        shop.redeliver(SendChunk.model_validate_json(body))
    shop.bounce("email")

    assert shop.users_of("sms") == ["u000", "u001"]
    assert +shop.counted() == Counter({"sent": 2, "kind:lms": 2})


def test_a_receipt_that_comes_too_late_starts_nothing():
    shop = Shop(people=1, fallback_within="10m")
    shop.go()
    shop.clock.pass_by(minutes=10, seconds=1)

    shop.bounce("email")

    assert shop.channels["sms"].taken == []
    assert shop.counted() == Counter({"sent": 1, "bounced": 1, "kind:email": 1})


def test_a_report_of_what_was_refused_in_the_answer_already_starts_nothing():
    shop = Shop(people=1)
    shop.channels["email"].refusals = {"u000": Refused("MESSAGE_REJECTED")}
    told = {"kind": "bounced", "id": "r", "run": 1, "user_id": "u000", "channel": "email", "place": "00000-00000-0_0"}
    put = shop.ledgers.put_many

    def reported(changed: Any) -> Any:
        lost = put(changed)
        if shop.state("u000") is State.FAILED:
            # Before the next channel is claimed.
            shop.receiver.record([Received.model_validate({**told, "at": int(NOW.timestamp() * 1000)})])
        return lost

    shop.ledgers.put_many = reported  # type: ignore[method-assign]

    shop.go()

    assert shop.users_of("sms") == ["u000"]
    assert shop.counted() == Counter({"sent": 1, "kind:lms": 1})


def test_a_price_that_a_dead_worker_did_not_live_to_count_is_taken_back_once():
    shop = Shop(people=1)
    shop.scan()
    (piece,) = shop.sends.take()
    finish, shop.journals.finish = shop.journals.finish, _fails  # type: ignore[method-assign]
    with pytest.raises(ConnectionError):
        shop.deliver(piece)
    shop.journals.finish = finish  # type: ignore[method-assign]
    shop.clock.pass_by(seconds=shop.timeout + 10)
    shop.deliver(piece)
    assert shop.counted() == Counter({"sent": 1, "kind:email": 1})

    shop.bounce("email")

    assert shop.counted() == Counter({"sent": 1, "kind:lms": 1, "kind:email": 0, "bounced": 0})


def test_who_was_forgotten_while_the_run_was_paused_holds_up_nobody():
    shop = Shop(people=2)
    shop.scan()
    shop.controller.pause(shop.run)
    shop.work_off()
    (key,) = [key for key in shop.objects.objects if "/steps/" in key]
    found = find(key, shop.objects.get(key), "u000")
    assert found
    assert found.rest
    shop.objects.replace(key, found.rest)
    shop.controller.resume(shop.run)

    shop.work_off()

    assert shop.users_of("email") == ["u001"]
    assert shop.counted() == Counter({"sent": 1, "kind:email": 1, "unreachable": 1})


def test_who_was_forgotten_before_the_next_channel_came_gets_nothing_by_it():
    shop = Shop(people=1)
    shop.go()
    shop.clock.pass_by(seconds=20)
    shop.receiver.record(shop.told("bounced", "email"))
    del shop.ledgers.ledgers["u000"]

    shop.work_off()

    assert shop.channels["sms"].taken == []
    assert shop.counted()["sent"] == 1


def test_a_refusal_of_texts_is_one_whatever_kind_of_text_it_answers():
    texts = {"lms": {"subject": "새 강의", "text": "보기"}, "email": {"subject": "새 강의", "text": "보기"}}
    shop = Shop(people=1, channels=("lms", "email"), message=None, messages=texts)
    shop.go()
    (late,) = shop.told("complained", "lms", channel="sms")
    shop.bounce("lms", channel="sms")

    shop.receiver.record([late])

    ledger = shop.ledgers.ledgers["u000"]
    assert shop.users_of("email") == ["u000"]
    assert (ledger.consented("sms"), ledger.consented("email")) == (False, True)


def test_the_last_channels_receipts_start_nothing():
    shop = Shop(people=1)
    shop.go()
    shop.bounce("email")

    shop.bounce("sms")

    assert len(shop.channels["sms"].taken) == 1
    assert +shop.counted() == Counter({"sent": 1, "bounced": 1, "kind:lms": 1})


def test_who_complained_is_not_written_to_by_another_channel():
    shop = Shop(people=1)
    shop.go()
    shop.clock.pass_by(seconds=20)

    shop.receiver.record([*shop.told("bounced", "email"), *shop.told("complained", "email")])
    shop.work_off()

    assert shop.channels["sms"].taken == []


def test_a_late_word_on_the_first_message_says_nothing_of_the_second_but_a_refusal_holds():
    shop = Shop(people=1)
    shop.go()
    shop.bounce("email")

    shop.receiver.record([*shop.told("delivered", "email"), *shop.told("complained", "email", address_hash="h")])

    ledger = shop.ledgers.ledgers["u000"]
    assert ledger.entries[0].flags == Flag.UNSUBSCRIBED
    assert (ledger.consented("email"), ledger.consented("sms")) == (False, True)
    assert ledger.suppressed == frozenset({"h"})


def test_where_the_next_channel_refuses_too_the_person_has_failed_instead_of_sent():
    shop = Shop(people=2)
    shop.go()
    shop.channels["sms"].refusals = {"u001": Refused("solapi_3031")}

    shop.bounce("email")

    assert +shop.counted() == Counter({"sent": 1, "failed": 1, "kind:lms": 1})
    assert shop.runs.counters[RUN]["failed:solapi_3031"] == 1
    assert shop.runs.counters[RUN]["label:0:sent"] == 1


def test_where_the_next_channel_is_in_doubt_the_person_is_unknown_instead_of_sent():
    shop = Shop(people=1)
    shop.go()
    shop.channels["sms"].errors = [DoubtError("no answer")]

    shop.bounce("email")

    assert +shop.counted() == Counter(unknown=1)
    assert shop.state("u000") is State.UNKNOWN


def test_where_the_next_channel_may_not_take_them_they_stay_sent_and_bounced():
    shop = Shop(people=1)
    shop.go()
    shop.consent("u000", email=GIVEN, sms=-GIVEN)

    shop.bounce("email")

    (entry,) = shop.ledgers.ledgers["u000"].entries
    assert (entry.channel, entry.state, entry.flags) == ("email", State.SENT, Flag.BOUNCED)
    assert shop.counted() == Counter({"sent": 1, "bounced": 1, "kind:email": 1})
    assert [row[1] for row in shop.rows] == ["sent"]


def test_a_run_that_was_cancelled_tries_no_other_channel():
    shop = Shop(people=1)
    shop.go()
    shop.controller.cancel(shop.run)

    shop.bounce("email")

    assert shop.channels["sms"].taken == []
    assert shop.state("u000") is State.SENT


def test_a_paused_run_tries_the_next_channel_once_it_goes_on():
    shop = Shop(people=1)
    shop.go()
    shop.controller.pause(shop.run)
    shop.clock.pass_by(seconds=20)
    shop.receiver.record(shop.told("bounced", "email"))
    shop.segment()
    for body in shop.sends.take():
        shop.deliver(body)

    assert shop.channels["sms"].taken == []
    assert [delay for _, delay in shop.sends.sent] == [60]
    shop.controller.resume(shop.run)
    shop.work_off()

    assert shop.users_of("sms") == ["u000"]


def test_a_run_cancelled_between_two_channels_leaves_the_failure_of_the_first():
    shop = Shop(people=1)
    shop.channels["email"].refusals = {"u000": Refused("MESSAGE_REJECTED")}
    send = shop.channels["email"].send

    def cancelling(messages):
        shop.clock.pass_by(seconds=10)
        shop.controller.cancel(shop.run)
        return send(messages)

    shop.channels["email"].send = cancelling  # type: ignore[method-assign]

    shop.go()

    assert shop.channels["sms"].taken == []
    assert shop.counted() == Counter(failed=1)


def test_held_out_people_are_held_out_on_whatever_channel_reaches_them():
    shop = Shop(holdout="100%")
    shop.profile("u001", phone="+821012340001")

    shop.go()

    assert shop.counted() == Counter(held_out=3)
    assert [e.channel for ledger in shop.ledgers.ledgers.values() for e in ledger.entries] == ["email", "sms", "email"]


def test_of_two_people_with_one_number_one_gets_the_text_whom_mail_cannot_reach():
    shop = Shop(people=2)
    for user in shop.users:
        shop.profile(user, phone="010-1234-0000")

    shop.go()

    assert shop.counted() == Counter({"sent": 1, "kind:lms": 1, "same_address": 1})


def test_a_message_of_three_channels_goes_on_until_one_takes_it():
    texts = {"alimtalk": {"template": "T1", "text": "주문"}, "email": {"subject": "주문", "text": "주문"}, **TEXTS}
    shop = Shop(people=1, channels=("alimtalk", "email", "sms"), message=None, messages=texts, purpose="information")
    shop.go()
    assert shop.users_of("alimtalk") == ["u000"]
    shop.channels["email"].refusals = {"u000": Refused("MESSAGE_REJECTED")}

    shop.bounce("alimtalk")

    assert shop.users_of("sms") == ["u000"]
    assert +shop.counted() == Counter({"sent": 1, "kind:lms": 1})


def test_an_order_waits_until_the_hand_over_is_counted():
    shop = Shop(people=1)
    shop.scan()
    (piece,) = shop.sends.take()
    finish, shop.journals.finish = shop.journals.finish, _dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        shop.deliver(piece)
    shop.journals.finish = finish  # type: ignore[method-assign]
    shop.clock.pass_by(seconds=1)
    shop.receiver.record(shop.told("bounced", "email"))

    shop.order(shop.tasks.take()[0])

    assert [delay for _, delay in shop.tasks.sent] == [5]
    assert shop.sends.sent == []


def _fails(*_: object, **__: object) -> None:
    raise ConnectionError


def _dies(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_the_step_that_comes_next_is_what_the_ledger_says():
    sent = Entry(1, 0, 0, "email", "marketing")

    assert next_step(STEPS, None) == 0
    assert next_step(STEPS, sent) == next_step(STEPS, replace(sent, state=State.CANCELLED)) == 0
    assert next_step(STEPS, replace(sent, state=State.FAILED)) == 1
    assert next_step(STEPS, replace(sent, flags=Flag.BOUNCED)) == 1
    assert next_step(STEPS, replace(sent, flags=Flag.BOUNCED, state=State.UNKNOWN)) == 0
    assert next_step(STEPS, replace(sent, channel="sms", state=State.FAILED)) == 2


def test_there_is_a_last_step_to_decide_on():
    with pytest.raises(ValueError, match="unpack"):
        decide_first({}, None, None)  # type: ignore[arg-type]


def test_each_kind_is_paid_at_its_own_price():
    shop = project(prices={"email": 1, "lms": 39})
    counts = {"arm:0:sent": 3, "arm:0:kind:email": 1, "arm:0:kind:lms": 2}
    counted = {name: Decimal(number) for name, number in counts.items()}
    result = RunResult(RUN, "launch", several(), shop, NOW, counted, None, NOW)

    assert report(result)["variants"][0]["cost"] == 79


def test_who_changes_their_mind_about_channels_again_and_again_comes_back_a_second_later():
    shop = Shop(people=1)
    shop.scan()
    put_many, minds = shop.ledgers.put_many, iter([-GIVEN, GIVEN] * 2)

    def after_a_change_of_mind(changed):
        if changed and (email := next(minds, None)) is not None:
            ledger = shop.ledgers.ledgers["u000"]
            shop.ledgers.ledgers["u000"] = replace(ledger, rev=ledger.rev + 1, consents={"email": email, "sms": GIVEN})
        return put_many(changed)

    shop.ledgers.put_many = after_a_change_of_mind  # type: ignore[method-assign]
    for body in shop.sends.take():
        shop.deliver(body)

    assert [delay for _, delay in shop.sends.sent] == [1]
    shop.work_off()

    assert shop.counted() == Counter({"sent": 1, "kind:email": 1})


def test_a_worker_that_paused_gives_back_the_claim_of_the_next_channel_alone():
    shop = Shop(people=1)
    shop.go()
    shop.clock.pass_by(seconds=20)
    shop.receiver.record(shop.told("bounced", "email"))
    shop.segment()
    wait_until = shop.clock.wait_until

    def pausing(seconds: float) -> None:
        wait_until(seconds)
        if shop.run.paused is None and shop.ledgers.ledgers["u000"].entries[0].channel == "sms":
            shop.controller.pause(shop.run)
            shop.clock.pass_by(seconds=6)

    shop.clock.wait_until = pausing  # type: ignore[method-assign]
    for body in shop.sends.take():
        shop.deliver(body)

    (entry,) = shop.ledgers.ledgers["u000"].entries
    assert (entry.channel, entry.state, entry.flags) == ("email", State.SENT, Flag.BOUNCED)
    assert shop.channels["sms"].taken == []


@pytest.mark.parametrize("dies", [False, True])
def test_a_report_that_is_quicker_than_the_refusal_in_the_answer_starts_one_hand_over(dies):
    shop = Shop(people=1)
    shop.channels["email"].refusals = {"u000": Refused("MESSAGE_REJECTED")}
    told = {"kind": "bounced", "id": "r", "run": 1, "user_id": "u000", "channel": "email", "place": "00000-00000-0_0"}
    send, finish = shop.channels["email"].send, shop.journals.finish

    def reported(messages: Any) -> Any:
        shop.receiver.record([Received.model_validate({**told, "at": int(NOW.timestamp() * 1000)})])
        return send(messages)

    shop.channels["email"].send = reported  # type: ignore[method-assign]
    if dies:
        shop.journals.finish = _dies  # type: ignore[method-assign]

    shop.scan()
    for body in shop.sends.take():
        with pytest.raises(KeyboardInterrupt) if dies else nullcontext():
            shop.deliver(body)
        shop.sends.sent.append((body, 0))
    shop.journals.finish = finish  # type: ignore[method-assign]
    shop.clock.pass_by(seconds=shop.timeout + 10)
    shop.work_off_before_orders()

    assert shop.users_of("sms") == ["u000"]
    counted = +shop.counted()
    # A worker that dies does not live to take back that it bounced.
    assert counted == (Counter(unknown=1, bounced=1) if dies else Counter({"sent": 1, "kind:lms": 1}))


def test_a_receipt_settles_what_was_in_doubt_before_it_is_sent_once_more():
    shop = Shop(people=1, on_unknown="resend")
    send = shop.channels["email"].send

    def taken_and_lost(messages: Any) -> Any:
        send(messages)
        shop.channels["email"].send = send  # type: ignore[method-assign]
        raise DoubtError("no answer")

    shop.channels["email"].send = taken_and_lost  # type: ignore[method-assign]
    shop.scan()
    shop.deliver(shop.sends.take()[0])
    shop.receiver.record(shop.told("bounced", "email"))

    shop.work_off_before_orders()

    assert shop.users_of("email") == ["u000"]
    assert shop.users_of("sms") == ["u000"]
    assert +shop.counted() == Counter({"sent": 1, "kind:lms": 1})


def test_a_chunk_that_was_begun_goes_on_with_its_own_claim():
    shop = Shop(people=1)
    shop.go()
    shop.clock.pass_by(seconds=20)
    shop.receiver.record(shop.told("bounced", "email"))
    shop.segment()
    (body,) = shop.sends.take()
    mark, marks = shop.journals.mark, count()

    def dying(journal: Any) -> None:
        mark(journal)
        if next(marks) == 1:
            raise KeyboardInterrupt

    shop.journals.mark = dying  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        shop.deliver(body)
    shop.journals.mark = mark  # type: ignore[method-assign]

    shop.redeliver(SendChunk.model_validate_json(body))

    assert shop.channels["sms"].taken == []
    assert +shop.counted() == Counter(unknown=1)


def test_what_the_next_channel_left_in_doubt_stays_its_own_where_it_has_to_wait():
    shop = Shop(people=1, on_unknown="resend")
    shop.go()
    send = shop.channels["sms"].send

    def lost_and_paused(messages: Any) -> Any:
        shop.channels["sms"].send = send  # type: ignore[method-assign]
        shop.controller.pause(shop.run)
        raise DoubtError("no answer")

    shop.channels["sms"].send = lost_and_paused  # type: ignore[method-assign]
    shop.clock.pass_by(seconds=20)
    shop.receiver.record(shop.told("bounced", "email"))
    shop.segment()
    for body in shop.sends.take():
        shop.deliver(body)
    shop.clock.pass_by(seconds=60)
    (body,) = shop.sends.take()
    shop.deliver(body)

    (entry,) = shop.ledgers.ledgers["u000"].entries
    assert (entry.channel, entry.state, entry.flags) == ("sms", State.CANCELLED, Flag(0))
    shop.controller.resume(shop.run)
    shop.work_off()
    assert (shop.users_of("email"), shop.users_of("sms")) == (["u000"], ["u000"])
    assert +shop.counted() == Counter({"sent": 1, "kind:lms": 1})
