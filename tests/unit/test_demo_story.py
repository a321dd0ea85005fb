from typing import Any
from unicodedata import east_asian_width

import pytest

from demo.phrases import PHRASES
from demo.story import Story, lines

COUNTED = {
    "count": 4_321,
    "steps": [
        {"step": "상세 조회", "alone": 4_000, "added": 4_000},
        {"step": "찜", "alone": 700, "added": 456},
    ],
    "excluded": [{"segment": "dormant", "taken": 135}],
}
STATUS = {
    "audience": 4_321,
    "sent": 2_000,
    "held_out": 500,
    "skipped": {"no_consent": 1_700, "unreachable": 100, "frequency_cap": 15, "same_address": 6},
    "failed": {},
    "unknown": 0,
    "pending": 0,
}


def arm(name: str, converted: int, audience: int = 1_000, **more) -> dict[str, Any]:
    figures = {
        "name": name,
        "holdout": False,
        "audience": audience,
        "sent": audience,
        "delivered": None,
        "opened": 400,
        "clicked": 200,
        "unsubscribed": 3,
        "bot_clicked": 40,
        "converted": converted,
        "conversion_rate": converted / audience if audience else None,
        "revenue": converted * 10_000,
    }
    return figures | more


def held_out(converted: int = 20, audience: int = 500) -> dict[str, Any]:
    return arm("holdout", converted, audience, holdout=True, sent=0, opened=None, clicked=None)


def story(*arms: dict[str, Any], **more) -> Story:
    report = {
        "title": "새 강의",
        "campaign": "launch",
        "currency": "KRW",
        "goal": {"target": 0.03, "actual": 0.051, "verdict": "met"},
        "variants": list(arms or (arm("혜택", 85), arm("결과", 97), held_out())),
    }
    told: dict[str, Any] = {
        "shop": "가게 데모",
        "locale": "ko",
        "counted": COUNTED,
        "status": STATUS,
        "report": report,
        "true_uplift": 0.05,
        "price": None,
        "someone": "u-00007",
        "titles": {"dormant": "휴면 (1년 동안 오지 않은 사람)"},
    }
    return Story(**(told | more))


def told(story: Story) -> list[str]:
    return list(lines(story))


def line(head: str, story: Story) -> str:
    return next(each for each in told(story) if each.startswith(head))


def cells(text: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def test_the_whole_story_in_korean():
    assert told(story()) == [
        "가게 데모  ·  새 강의",
        "",
        "누구에게      조건에 맞는 사람 4,321명  =  상세 조회 4,000 ∪ 찜 700 (+456)  −  휴면 135",
        "              도달 가능 2,521명 → 피로도 제한 15, 같은 연락처 중복 6 제외 → 대조군 500 / 발송 2,000",
        (
            "결과          발송 2,000 → 오픈 800 → 클릭 400 (클릭률 20.0%)  → 전환 182 (9.1%)"
            "      수신거부 6 (0.3%)   봇 클릭 80 따로"
        ),
        "목표          대조군보다 +3.0%p  |  실제 +5.1%p (실제로는 +3.0%p~+7.2%p 사이)  |  목표 달성",
        "이 숫자의 뜻  발송하지 않았어도 샀을 사람이 약 80명, 이 메일로 더 산 사람이 약 102명 (매출 1,020,000원)",
        "A안/B안       결과 소구가 1.2%p 높지만 이 모수로는 판단할 수 없음",
        "정답          (데모가 만든 사람들이라 정답이 있습니다) 실제 효과 +5.0%p: 구간 안",
        (
            "다음          dangol --local preview launch --user u-00007   ·   dangol --local report launch"
            "   ·   campaigns/cart-coupon.yaml 열어 보기"
        ),
    ]


def test_the_whole_story_in_english():
    assert told(story(locale="en", shop="shop demo"))[2:] == [
        "who           4,321 people match  =  상세 조회 4,000 ∪ 찜 700 (+456)  −  휴면 135",
        "              2,521 reachable → without frequency cap 15, same address 6 → held out 500 / sent 2,000",
        (
            "result        sent 2,000 → opened 800 → clicked 400 (20.0%)  → converted 182 (9.1%)"
            "      opted out 6 (0.3%)   bot clicks 80 apart"
        ),
        "goal          +3.0%p over the holdout  |  measured +5.1%p (in truth between +3.0%p and +7.2%p)  |  goal met",
        "meaning       about 80 would have bought anyway, about 102 bought because of this mail (revenue 1,020,000원)",
        "A/B           결과 is 1.2%p higher, too few people to judge",
        "truth         (these people are made up, so it is known) the true effect is +5.0%p: inside the interval",
        (
            "next          dangol --local preview launch --user u-00007   ·   dangol --local report launch"
            "   ·   open campaigns/cart-coupon.yaml"
        ),
    ]


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_what_is_told_begins_in_the_same_cell_of_every_line(locale):
    for head in ("who", "result", "goal", "meaning", "variants", "truth", "next"):
        word = PHRASES[locale][head]
        found = line(word, story(locale=locale))

        assert cells(word) < 14
        assert cells(found[: len(word) + 14 - cells(word)]) == 14
        assert found[len(word) + 14 - cells(word)] != " "


def test_both_languages_say_the_same_things():
    assert set(PHRASES["ko"]) == set(PHRASES["en"])


def test_an_exclusion_saves_money_where_messages_have_a_price():
    assert line("누구에게", story(price=12)).endswith("−  휴면 135 (아낀 발송비 1,620원)")


def test_an_exclusion_without_a_title_goes_by_its_name():
    assert line("누구에게", story(titles={})).endswith("−  dormant 135")


def test_delivered_is_told_only_where_every_arm_has_receipts():
    some = story(arm("혜택", 85, delivered=990), arm("결과", 97), held_out())
    every = story(arm("혜택", 85, delivered=990), arm("결과", 97, delivered=985), held_out())

    assert "도달" not in line("결과", some)
    assert "발송 2,000 → 도달 1,975 → 오픈" in line("결과", every)


def test_what_failed_is_told_so_that_the_figures_add_up():
    status = STATUS | {"sent": 1_990, "failed": {"rejected": 7}, "unknown": 3}

    assert told(story(status=status))[3].endswith("대조군 500 / 발송 1,990 / 실패 7 / 확인 불가 3")


def test_a_clear_difference_between_variants_is_said_without_a_but():
    assert line("A안/B안", story(arm("혜택", 50), arm("결과", 110), held_out())).endswith("결과 소구가 6.0%p 높음")


def test_the_better_variant_may_be_the_first():
    assert "혜택 소구가 1.0%p 높지만" in line("A안/B안", story(arm("혜택", 80), arm("결과", 70), held_out()))


def test_variants_that_convert_alike_are_called_so():
    assert line("A안/B안", story(arm("혜택", 80), arm("결과", 80), held_out())).endswith("두 소구의 전환율이 같음")


def test_a_single_variant_has_nothing_to_be_compared_with():
    assert line("A안/B안", story(arm("혜택", 80), held_out())).endswith("비교할 안이 없음")


def test_no_effect_is_not_told_as_a_negative_number_of_people():
    meaning = line("이 숫자의 뜻", story(arm("혜택", 30), arm("결과", 30), held_out(20)))

    assert meaning.endswith("샀을 사람이 약 80명, 이 메일로 더 산 사람은 보이지 않음")


def test_a_truth_outside_the_interval_is_told():
    assert line("정답", story(true_uplift=0.09)).endswith("실제 효과 +9.0%p: 구간 밖 (스무 번에 한 번은 그렇습니다)")


@pytest.mark.parametrize("arms", [(arm("혜택", 80),), (arm("혜택", 80), held_out(0, 0))])
def test_without_people_held_out_nothing_is_claimed(arms):
    nothing = story(*arms)

    assert "사이" not in line("목표", nothing)
    assert line("이 숫자의 뜻", nothing).endswith("대조군이 없어 순증을 말할 수 없음")
    assert line("정답", nothing).endswith("구간을 낼 수 없음")


def test_a_run_that_sent_nothing_has_no_rates():
    assert "클릭 0 (클릭률 -)" in line("결과", story(arm("혜택", 0, 0, clicked=0), held_out()))
