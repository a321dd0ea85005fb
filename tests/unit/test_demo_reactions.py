import pytest

from demo.reactions import BUYS, CLICKS, OPTS_OUT, SCANNED, UNTOUCHED, buys, draw, reactions, true_uplift

PEOPLE = [f"u-{number:05d}" for number in range(1, 9_001)]
# Three standard errors of a share of about 5% to 25% among 9,000 people.
NEAR = 0.014


def share(kind: str, variant: str | None) -> float:
    return sum(any(act.kind == kind for act in reactions(who, variant)) for who in PEOPLE) / len(PEOPLE)


@pytest.mark.parametrize(("variant", "rate"), [(None, UNTOUCHED), *BUYS.items()])
def test_people_buy_at_the_stated_rate(variant, rate):
    assert share("buy", variant) == pytest.approx(rate, abs=NEAR)


@pytest.mark.parametrize(("variant", "rate"), CLICKS.items())
def test_people_click_at_the_stated_rate(variant, rate):
    assert share("click", variant) == pytest.approx(rate, abs=NEAR)


def test_few_opt_out_and_some_mail_is_scanned():
    assert share("opt_out", "혜택") == pytest.approx(OPTS_OUT, abs=0.002)
    assert share("scan", "혜택") == pytest.approx(SCANNED, abs=NEAR)


def test_the_true_uplift_is_the_mean_of_both_variants_over_the_untouched():
    assert true_uplift() == pytest.approx(0.05)


def test_whoever_buys_untouched_buys_with_any_message_and_the_better_one_loses_nobody():
    outcomes = {(buys(who, None), buys(who, "혜택"), buys(who, "결과")) for who in PEOPLE}

    assert outcomes == {(False, False, False), (False, False, True), (False, True, True), (True, True, True)}


def test_what_people_do_agrees_with_what_they_would_do():
    for who in PEOPLE[:500]:
        for variant in (None, *BUYS):
            bought = any(act.kind == "buy" for act in reactions(who, variant))

            assert bought == buys(who, variant)


def test_who_gets_nothing_neither_opens_nor_clicks_nor_opts_out():
    kinds = {act.kind for who in PEOPLE for act in reactions(who, None)}

    assert kinds == {"view", "buy"}


def test_whom_the_message_convinced_clicked_before_buying():
    convinced = [who for who in PEOPLE if buys(who, "결과") and not buys(who, None)]

    for who in convinced:
        at = {act.kind: act.hours for act in reactions(who, "결과")}

        assert at["open"] < at["click"] < at["view"] < at["buy"]


def test_everything_happens_within_the_seven_days():
    hours = [act.hours for who in PEOPLE for act in reactions(who, "혜택")]

    assert min(hours) > 0
    assert max(hours) < 24 * 7


def test_a_scanner_comes_within_two_seconds():
    seconds = [act.hours * 3_600 for who in PEOPLE for act in reactions(who, "혜택") if act.kind == "scan"]

    assert max(seconds) <= 2


def test_a_person_answers_the_same_every_time():
    assert list(reactions("u-00042", "결과")) == list(reactions("u-00042", "결과"))
    assert draw("u-00042", "buys") != draw("u-00043", "buys")
