"""The share of a test gets the variants by weight; the rest gets what did best, decided once."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from dangol.domain.campaign import Campaign
from dangol.domain.decision import Hold, HoldOut, Person, Send, Skip, decide
from dangol.domain.ledger import Ledger
from dangol.domain.report import RunResult, report
from dangol.domain.run import Run
from dangol.domain.variant import weighted_variant
from dangol.domain.winner import Tried, Winner, WinnerTest, decided, in_test
from tests.actors import NOON, NOW, campaign, project
from tests.dispatching import NOW as THEN, RUN, World, chunk
from tests.shop_campaign import campaign as shop_campaign, definition

PEOPLE = [f"u{n}" for n in range(2_000)]
VARIANTS = [{"name": "A"}, {"name": "B"}, {"name": "off", "weight": 0}]
FOUR_HOURS = timedelta(hours=4)


def trying(**changes: Any) -> Campaign:
    return campaign(**{"variants": VARIANTS, "test": {"share": "20%", "decide_after": "4h"}} | changes)


def run(winner: int | None = None, of: Campaign | None = None) -> Run:
    return Run(7, "sale", of or trying(), project(), NOW, winner=winner)


def told(run: Run, user: str, after: timedelta = timedelta(0)) -> object:
    agreed = Ledger(user, rev=1, consents={"email": NOON - 86_400})
    return decide(run, Person(user, f"{user}@example.com"), agreed, NOW + after)


def test_a_fifth_gets_the_variants_by_weight_and_the_rest_waits():
    decisions = {user: told(run(), user) for user in PEOPLE}

    sent = {user: d.variant for user, d in decisions.items() if isinstance(d, Send)}
    assert 0.17 < len(sent) / len(PEOPLE) < 0.23
    assert sent == {user: weighted_variant(user, "sale", trying()) for user in sent}
    assert set(sent.values()) == {0, 1}
    assert {d for d in decisions.values() if not isinstance(d, Send)} == {Hold(NOW + FOUR_HOURS)}


def test_the_rest_gets_the_winner_and_those_who_were_tried_keep_their_own():
    before, after = run(), run(winner=1)

    for user in PEOPLE[:300]:
        first = told(before, user)
        again = told(after, user, FOUR_HOURS)
        assert again == (first if isinstance(first, Send) else Send(1))


def test_who_comes_when_it_is_time_and_nothing_is_decided_waits_a_moment():
    (late, *_) = [user for user in PEOPLE if isinstance(told(run(), user), Hold)]

    assert told(run(), late, FOUR_HOURS) == Hold(NOW + FOUR_HOURS + timedelta(seconds=5))


def test_the_holdout_is_drawn_first_and_waits_as_long():
    plain, tested = campaign(variants=VARIANTS, holdout="30%"), trying(holdout="30%")
    held = {u for u in PEOPLE if isinstance(told(run(of=plain), u), HoldOut)}

    now = {u for u in held if isinstance(told(run(of=tested), u), HoldOut)}
    later = {u for u in PEOPLE if isinstance(told(run(1, of=tested), u, FOUR_HOURS), HoldOut)}

    assert later == held
    assert 0.1 < len(now) / len(held) < 0.3
    assert all(isinstance(told(run(of=tested), user), Hold) for user in held - now)


def test_who_may_not_be_written_to_does_not_wait_for_a_winner():
    (late, *_) = [user for user in PEOPLE if isinstance(told(run(), user), Hold)]

    assert isinstance(decide(run(), Person(late, f"{late}@example.com"), Ledger(late), NOW), Skip)


def counted(**numbers: int) -> dict[str, Decimal]:
    return {name.replace("__", ":"): Decimal(number) for name, number in numbers.items()}


def decide_by(by: str, **numbers: int) -> Winner:
    test = WinnerTest.model_validate({"share": "20%", "decide_after": "4h", "by": by})
    return decided(test, [1, 1, 0], counted(**numbers), NOW)


def test_the_better_rate_wins_not_the_larger_number():
    won = decide_by("click_rate", arm__0__sent=1_000, arm__0__clicked=50, arm__1__sent=500, arm__1__clicked=40)

    assert (won.variant, won.tied) == (1, False)
    assert won.arms == (Tried(1_000, 1_000, 50), Tried(500, 500, 40), Tried(0, 0, 0))
    # scipy.stats: a two-sided z-test of 40/500 and 50/1000 with the pooled share.
    assert won.p == pytest.approx(0.0211, abs=5e-5)


def test_conversions_count_the_goal():
    numbers = {"arm__0__sent": 100, "arm__0__clicked": 90, "arm__0__goal__people": 1}

    won = decide_by("conversion_rate", **numbers, arm__1__sent=100, arm__1__goal__people=2)

    assert (won.variant, [arm.hits for arm in won.arms]) == (1, [1, 2, 0])


EQUAL = {f"arm__{n}__{what}": 10 // (1 + (what == "clicked")) for n in (0, 1) for what in ("sent", "clicked")}


@pytest.mark.parametrize(
    ("numbers", "p"), [({}, None), ({"arm__0__sent": 100, "arm__1__sent": 50}, None), (EQUAL, 1.0)]
)
def test_of_those_who_did_equally_well_the_first_in_the_file_is_taken(numbers, p):
    won = decide_by("click_rate", **numbers)

    assert (won.variant, won.tied, won.p) == (0, bool(numbers), p)


def test_a_variant_that_was_not_tried_cannot_win():
    assert decide_by("click_rate", arm__2__sent=1, arm__2__clicked=1, arm__1__sent=10, arm__1__clicked=1).variant == 1


def test_everyone_claimed_of_an_arm_is_its_audience():
    won = decide_by("click_rate", arm__0__sent=5, arm__0__failed=2, arm__0__unknown=1, arm__0__held_out=9)

    assert won.arms[0] == Tried(8, 5, 0)


def test_a_winner_is_stored_and_read_again():
    won = decide_by("click_rate", arm__0__sent=3, arm__0__clicked=1)

    assert Winner.read(won.told()) == won


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"variants": [{"name": "A"}, {"name": "B", "weight": 0}]}, "a test needs two variants with a weight"),
        ({"test": {"share": "0%", "decide_after": "4h"}}, "greater than 0"),
        ({"test": {"share": "100%", "decide_after": "4h"}}, "less than 1"),
        ({"test": {"share": "20%", "decide_after": "4h", "by": "luck"}}, "click_rate"),
        ({"test": {"share": "20%", "decide_after": "4h", "by": "conversion_rate"}}, "there is none"),
        ({"limits": {"expires": "4h"}}, "expires before the winner is decided"),
        ({"assign_by": {"trait": "arm"}}, "assign_by draws the split elsewhere"),
    ],
)
def test_a_test_that_cannot_be_decided_is_refused(changes, problem):
    with pytest.raises(ValidationError, match=problem):
        trying(**changes)


def test_a_campaign_with_a_test_is_stored_as_it_was_written():
    written = trying(limits={"expires": "6h"})

    stored = written.model_dump(mode="json", by_alias=True, exclude_unset=True)

    assert stored["test"] == {"share": "20%", "decide_after": "4h"}
    assert Campaign.model_validate(stored) == written


def result(winner: Winner | None) -> RunResult:
    found = counted(arm__0__sent=500, arm__1__sent=9_500, arm__1__clicked=900, arm__0__clicked=40)
    return RunResult("r", "sale", trying(), project(), NOW, found, None, NOW, winner)


def test_the_report_has_the_rule_before_it_has_the_winner():
    assert report(result(None))["test"] == {
        "share": 0.2,
        "by": "click_rate",
        "decides_at": (NOW + FOUR_HOURS).isoformat(),
        "decided_at": None,
        "winner": None,
        "tied": None,
        "p": None,
        "variants": [],
    }


def test_the_report_keeps_the_numbers_that_decided_and_judges_the_split_by_them():
    won = Winner(1, NOW + FOUR_HOURS, (Tried(510, 500, 40), Tried(490, 480, 60), Tried(0, 0, 0)))

    told = report(result(won))

    assert told["test"]["winner"] == "B"
    assert told["test"]["decided_at"] == (NOW + FOUR_HOURS).isoformat()
    assert told["test"]["variants"] == [
        {"name": "A", "sent": 500, "clicked": 40, "rate": 0.08},
        {"name": "B", "sent": 480, "clicked": 60, "rate": 0.125},
        {"name": "off", "sent": 0, "clicked": 0, "rate": None},
    ]
    assert told["sample_ratio"]["chi2"] == pytest.approx(0.4)
    assert report(RunResult("r", "sale", campaign(), project(), NOW, {}, None, NOW))["test"] is None


def world() -> World:
    variants = [{"name": "A"}, {"name": "B"}]
    return World(definition(of=shop_campaign(variants=variants, test={"share": "50%", "decide_after": "5m"})))


def test_a_run_is_tried_decided_once_and_sent_to_the_end():
    shop = world()
    people = shop.people(*(f"u{n}" for n in range(40)))
    shop.dispatcher().dispatch(chunk(people))
    tried = [message.user_id for message in shop.channel.taken]
    test = shop.definition.campaign.test
    assert test is not None
    assert tried == [r.user_id for r in people if in_test(r.user_id, "launch", test)]
    assert shop.runs.get(RUN).winner is None

    shop.runs.add(RUN, {"arm:1:clicked": 1})
    shop.clock.pass_by(minutes=5)
    shop.drain()

    won = shop.runs.get(RUN).winner
    assert won is not None
    assert (won.variant, won.arms[1].hits) == (1, 1)
    assert Counter(m.user_id for m in shop.channel.taken) == Counter(r.user_id for r in people)
    rest = [r.user_id for r in people if r.user_id not in tried]
    number = shop.runs.get(RUN).number
    assert {entry.variant for user in rest if (entry := shop.ledgers.ledgers[user].entry(number))} == {1}


def test_what_was_decided_is_not_decided_again():
    shop = world()
    first = Winner(0, THEN, (Tried(1, 1, 0), Tried(1, 1, 0)))

    assert [shop.runs.settle(RUN, first), shop.runs.settle(RUN, replace(first, variant=1))] == [True, False]
    shop.clock.pass_by(minutes=6)
    shop.dispatcher().dispatch(chunk(shop.people(*(f"u{n}" for n in range(20)))))

    assert shop.runs.get(RUN).winner == first


def test_a_cancelled_run_decides_nothing():
    shop = world()
    piece = chunk(shop.people("u1", "u2", "u3", "u4"))
    shop.runs.runs[RUN] = replace(shop.runs.runs[RUN], state="cancelled")
    shop.clock.pass_by(minutes=6)

    shop.dispatcher().dispatch(piece)

    assert (shop.runs.get(RUN).winner, shop.channel.taken) == (None, [])
