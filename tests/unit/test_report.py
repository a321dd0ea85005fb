"""Reports of Hillstrom's three arms, whose result is published."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from dangol.domain.report import RunResult, report
from tests.actors import NOW, campaign, project

ARMS = {"0": (21_307, 3_894, 267, "30311.69"), "1": (21_387, 3_238, 189, "23038.11")}
HELD_OUT = (21_306, 2_262, 122, "13908.33")
GOAL: dict[str, Any] = {"event": "purchase", "within": "14d", "target": {"uplift": "0.4%p"}, "why": "겨울 매출"}
HILLSTROM: dict[str, Any] = {
    "goal": GOAL,
    "also": ["visited"],
    "variants": [{"name": "Mens E-Mail"}, {"name": "Womens E-Mail"}],
    "assign_by": {"trait": "arm", "holdout": "No E-Mail"},
}
SHOP: dict[str, Any] = {"events": {"purchase": {"value": "spend"}}, "prices": {"email": 0.5}, "currency": "USD"}
LABELLED = {"any": [{"did": "like", "as": "찜"}, {"did": "view"}, {"did": "cart", "as": "장바구니"}]}
RESULT_KEYS = ["run", "campaign", "title", "scheduled_at", "goal", "totals", "sample_ratio"]
COUNTED = ["audience", "sent", "delivered", "bounced", "shown", "opened", "clicked", "unsubscribed"]
RATED = ["bot_clicked", "machine_opened", "cost", "click_rate", "click_rate_shown", "converted", "conversion_rate"]
VARIANT_KEYS = ["name", "holdout", *COUNTED, *RATED, "revenue", "revenue_per_person", "also", "uplift"]


def counts() -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for key, (people, visits, conversions, spend) in {**ARMS, "holdout": HELD_OUT}.items():
        found[f"arm:{key}:{'held_out' if key == 'holdout' else 'sent'}"] = Decimal(people)
        found[f"arm:{key}:goal:people"] = Decimal(conversions)
        found[f"arm:{key}:goal:sum"] = Decimal(spend)
        found[f"arm:{key}:goal:squares"] = Decimal(spend) * 200
        found[f"arm:{key}:also:visited:people"] = Decimal(visits)
        found |= {f"arm:{key}:clicked": Decimal(visits)} if key != "holdout" else {}
    return found


def result(found: dict[str, Decimal] | None = None, /, shop: dict[str, Any] = SHOP, **changes: Any) -> RunResult:
    return RunResult(
        run="hillstrom-20261201T030000Z",
        campaign_id="hillstrom",
        campaign=campaign(**HILLSTROM | changes),
        project=project(**shop),
        scheduled_at=NOW,
        counts=counts() if found is None else found,
        totals={"clicked": 9_000},
        data_until=NOW + timedelta(days=14),
    )


def small(**found: int) -> dict[str, Decimal]:
    """Counters of one arm and its holdout, by their short names."""
    return {f"arm:{name.replace('__', ':')}": Decimal(number) for name, number in found.items()}


def alone(found: dict[str, Decimal], **changes: Any) -> dict[str, Any]:
    """The report of a campaign with one arm."""
    return report(result(found, **{"variants": [], "assign_by": None, "also": []} | changes))


def verdict(found: dict[str, Decimal], target: object, **changes: Any) -> str:
    told: str = alone(found, goal=GOAL | {"target": target}, **changes)["goal"]["verdict"]
    return told


def test_a_report_has_the_shape_that_is_documented():
    told = report(result())

    assert list(told) == [*RESULT_KEYS, "test", "currency", "variants", "labels", "smallest_visible_uplift"]
    assert [list(variant) for variant in told["variants"]] == [VARIANT_KEYS] * 3
    assert list(told["goal"]) == ["metric", "target", "actual", "gap", "verdict", "why", "data_until"]
    assert list(told["sample_ratio"]) == ["chi2", "p"]
    mens = told["variants"][0]
    assert list(mens["uplift"]) == ["converted", "visited", "revenue_per_person"]
    assert list(mens["uplift"]["converted"]) == ["absolute", "relative", "z", "p", "ci95"]
    assert list(mens["uplift"]["revenue_per_person"]) == ["absolute", "p", "ci95"]
    assert list(mens["also"]["visited"]) == ["people", "rate", "value"]


def test_a_report_says_what_run_it_is_of():
    told = report(result())

    assert (told["run"], told["campaign"], told["title"]) == ("hillstrom-20261201T030000Z", "hillstrom", "오픈")
    assert told["scheduled_at"] == "2026-12-01T03:00:00+00:00"
    assert told["goal"]["data_until"] == "2026-12-15T03:00:00+00:00"
    assert (told["currency"], told["totals"]) == ("USD", {"clicked": 9_000})


def test_hillstroms_arms_are_reported_as_published():
    mens, womens, none = report(result())["variants"]

    assert [v["name"] for v in (mens, womens, none)] == ["Mens E-Mail", "Womens E-Mail", "holdout"]
    assert [v["audience"] for v in (mens, womens, none)] == [21_307, 21_387, 21_306]
    assert [v["converted"] for v in (mens, womens, none)] == [267, 189, 122]
    assert [v["conversion_rate"] for v in (mens, womens, none)] == pytest.approx([0.01253, 0.00884, 0.00573], abs=5e-6)
    assert [v["also"]["visited"]["rate"] for v in (mens, womens, none)] == pytest.approx(
        [0.18276, 0.15140, 0.10617], abs=5e-6
    )
    assert [v["revenue_per_person"] for v in (mens, womens, none)] == pytest.approx([1.4226, 1.0772, 0.6528], abs=5e-5)
    assert [v["revenue"] for v in (mens, womens, none)] == [30311.69, 23038.11, 13908.33]


def test_hillstroms_uplifts_are_reported_as_published():
    mens, womens, none = (v["uplift"] for v in report(result())["variants"])

    assert mens["visited"]["absolute"] == pytest.approx(0.0765896, abs=5e-8)
    assert womens["visited"]["absolute"] == pytest.approx(0.0452331, abs=5e-8)
    assert mens["visited"]["z"] == pytest.approx(22.486, abs=5e-4)
    assert mens["converted"]["absolute"] == pytest.approx(0.0068050, abs=5e-8)
    assert womens["converted"]["absolute"] == pytest.approx(0.0031111, abs=5e-8)
    assert mens["revenue_per_person"]["absolute"] == pytest.approx(0.76983, abs=5e-6)
    assert womens["revenue_per_person"]["absolute"] == pytest.approx(0.42441, abs=5e-6)
    assert none is None


def test_hillstroms_split_is_as_it_was_drawn():
    assert report(result())["sample_ratio"] == pytest.approx({"chi2": 0.2025, "p": 0.904}, abs=5e-4)


def test_a_split_of_ours_is_held_against_its_weights():
    found = small(**{"0__sent": 810, "holdout__held_out": 190})

    assert alone(found, holdout="20%")["sample_ratio"]["chi2"] == pytest.approx(0.625)
    assert alone(found, holdout=None)["sample_ratio"] is None


def test_a_split_drawn_elsewhere_without_holdout_compares_the_variants_alone():
    found = small(**{"0__sent": 60, "1__sent": 40})

    told = report(result(found, assign_by={"trait": "arm"}))

    assert told["sample_ratio"]["chi2"] == pytest.approx(4)


def test_what_the_channel_cannot_report_is_null_never_nought():
    mens, _, none = report(result())["variants"]

    assert (mens["delivered"], mens["shown"], mens["click_rate_shown"]) == (None, None, None)
    assert (none["opened"], none["clicked"], none["click_rate"]) == (None, None, None)
    assert (mens["opened"], mens["unsubscribed"]) == (0, 0)


def test_receipts_are_told_once_they_come():
    found = counts() | {"arm:0:delivered": Decimal(21_000), "arm:0:shown": Decimal(20_000)}

    mens = report(result(found))["variants"][0]

    assert (mens["delivered"], mens["shown"]) == (21_000, 20_000)
    assert mens["click_rate_shown"] == 3_894 / 20_000


def test_bots_and_mail_programs_stand_apart():
    found = counts() | {"arm:0:bot_clicked": Decimal(900), "arm:0:machine_opened": Decimal(700)}

    mens = report(result(found))["variants"][0]

    assert (mens["bot_clicked"], mens["machine_opened"]) == (900, 700)
    assert mens["clicked"] == 3_894
    assert mens["click_rate"] == 3_894 / 21_307


def test_the_arms_are_everyone_claimed_also_where_the_hand_over_failed():
    arm = alone(small(**{"0__sent": 90, "0__failed": 7, "0__unknown": 3, "0__cancelled": 5, "0__goal__people": 10}))

    assert (arm["variants"][0]["audience"], arm["variants"][0]["sent"]) == (100, 90)
    assert arm["variants"][0]["conversion_rate"] == 0.1


@pytest.mark.parametrize(
    ("prices", "cost"),
    [
        ({"sms": 12, "lms": 39}, 3 * 12 + 5 * 39 + 2 * 12),
        ({"sms": 12}, None),
        ({"lms": 39}, None),
        ({}, None),
    ],
)
def test_text_messages_cost_by_their_kind_and_whose_kind_nobody_counted_by_the_channel(prices, cost):
    words = {"channel": "sms", "message": {"text": "세일"}}
    found = small(**{"0__sent": 10, "0__kind:sms": 3, "0__kind:lms": 5})

    told = report(result(found, {**SHOP, "prices": prices}, variants=[], assign_by=None, **words))["variants"][0]

    assert told["cost"] == cost


@pytest.mark.parametrize(("channel", "cost"), [("sms", 12), ("lms", 39), ("mms", 90), ("brand_message", 25)])
def test_each_channel_pays_its_own_price_and_an_mms_that_of_an_mms(channel, cost):
    message = {"text": "세일", "image": "images/a.jpg"} if channel == "mms" else {"text": "세일"}
    prices = {"sms": 12, "lms": 39, "mms": 90, "brand_message": 25}
    found = small(**{"0__sent": 10, "0__kind:mms": 4})

    campaign: dict[str, Any] = {"channel": channel, "message": message, "variants": [], "assign_by": None}
    told = report(result(found, {**SHOP, "prices": prices}, **campaign))["variants"][0]

    assert told["cost"] == 4 * 90 + 6 * cost


def test_nothing_costs_nothing_where_the_price_is_known():
    found = small(**{"0__sent": 0, "0__failed": 2})

    assert report(result(found, variants=[], assign_by=None))["variants"][0]["cost"] == 0


def test_a_message_costs_what_the_contract_says():
    assert report(result())["variants"][0]["cost"] == 21_307 * 0.5
    assert report(result(shop={}))["variants"][0]["cost"] is None


def test_without_a_holdout_nothing_is_compared():
    told = alone(small(**{"0__sent": 100, "0__goal__people": 10}))

    assert [v["holdout"] for v in told["variants"]] == [False]
    assert told["variants"][0]["uplift"] is None
    assert told["smallest_visible_uplift"] is None
    assert (told["goal"]["actual"], told["goal"]["gap"], told["goal"]["verdict"]) == (None, None, "too_few")


def test_an_arm_that_nobody_got_is_not_compared():
    uplift = report(result(small(**{"0__sent": 100, "holdout__held_out": 100})))["variants"][1]["uplift"]

    assert uplift == {"converted": None, "visited": None, "revenue_per_person": None}


def test_without_a_goal_there_is_no_verdict_and_no_revenue():
    told = report(result(goal=None, audience=LABELLED))

    assert told["goal"] is None
    assert told["variants"][0]["converted"] is None
    assert told["variants"][0]["conversion_rate"] is None
    assert told["variants"][0]["revenue"] is None
    assert told["variants"][0]["revenue_per_person"] is None
    assert list(told["variants"][0]["uplift"]) == ["visited"]
    assert told["labels"][0]["converted"] is None


def test_a_goal_without_a_target_has_no_verdict():
    told = report(result(goal={"event": "purchase", "within": "14d"}))["goal"]

    assert [told[key] for key in ("metric", "target", "actual", "gap", "verdict", "why")] == [None] * 6


def test_a_run_that_reached_nobody_has_no_rates():
    told = alone({})

    assert told["variants"][0]["click_rate"] is None
    assert told["variants"][0]["conversion_rate"] is None
    assert told["variants"][0]["revenue_per_person"] is None
    assert told["sample_ratio"] is None


def test_the_worth_of_a_conversion_stands_in_for_a_value_the_event_does_not_have():
    found = small(**{"0__sent": 100, "0__goal__people": 10, "holdout__held_out": 100, "holdout__goal__people": 5})
    worth = GOAL | {"worth": 50}

    ours, base = alone(found, shop={}, goal=worth)["variants"]

    assert (ours["revenue"], base["revenue"]) == (500, 250)
    assert ours["uplift"]["revenue_per_person"]["absolute"] == pytest.approx(2.5)
    assert ours["uplift"]["revenue_per_person"]["p"] == pytest.approx(0.17971, abs=1e-5)
    assert alone(found, goal=worth)["variants"][0]["revenue"] == 0


def test_labelled_branches_are_counted_each():
    found = {f"label:{i}:{what}": Decimal(10 * i + 1) for i in (0, 1) for what in ("audience", "sent", "clicked")}

    told = report(result(counts() | found | {"label:1:converted": Decimal(4)}, audience=LABELLED))["labels"]

    assert told == [
        {"label": "찜", "audience": 1, "sent": 1, "clicked": 1, "converted": 0},
        {"label": "장바구니", "audience": 11, "sent": 11, "clicked": 11, "converted": 4},
    ]
    assert report(result())["labels"] == []


def test_the_smallest_visible_uplift_is_of_all_arms_against_the_holdout():
    assert report(result())["smallest_visible_uplift"] == pytest.approx(0.00177, abs=1e-5)


def test_until_the_window_ends_the_verdict_is_open():
    soon = replace(result(), data_until=NOW + timedelta(days=14, seconds=-1))

    assert report(soon)["goal"]["verdict"] == "open"
    assert report(result())["goal"]["verdict"] == "met"


@pytest.mark.parametrize(
    ("target", "actual", "told"),
    [
        ({"uplift": "0.4%p"}, 0.0049547, "met"),
        ({"uplift": "0.6%p"}, 0.0049547, "missed"),
        ({"uplift": "2%p"}, 0.0049547, "missed"),
        ({"click_rate": "16%"}, 0.1670492, "met"),
        ({"click_rate": "17%"}, 0.1670492, "missed"),
        ("1%", 0.0106806, "met"),
        ({"conversion_rate": "2%"}, 0.0106806, "missed"),
        ({"people": 456}, 456, "met"),
        ({"people": 457}, 456, "missed"),
        ({"revenue": 53_349}, 53_349.80, "met"),
        ({"revenue": 53_350}, 53_349.80, "missed"),
    ],
)
def test_the_goal_is_met_or_missed_by_its_own_metric(target, actual, told):
    goal = report(result(goal=GOAL | {"target": target}))["goal"]

    assert goal["actual"] == pytest.approx(actual, abs=5e-7)
    assert goal["gap"] == pytest.approx(actual - goal["target"], abs=5e-7)
    assert goal["verdict"] == told


def test_groups_too_small_to_tell_do_not_meet_a_goal_by_luck():
    lucky = small(**{"0__sent": 20, "0__goal__people": 3, "holdout__held_out": 20, "holdout__goal__people": 1})

    assert verdict(lucky, {"uplift": "3%p"}, holdout="50%") == "too_few"


def test_nobody_sent_to_is_too_few():
    assert verdict({}, {"click_rate": "3%"}) == "too_few"
    assert verdict({}, {"uplift": "3%p"}) == "too_few"
