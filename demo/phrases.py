"""The demo's sentences, in both languages; figures come in as numbers."""

from collections.abc import Mapping
from typing import Final

PHRASES: Final[Mapping[str, Mapping[str, str]]] = {
    "ko": {
        "who": "누구에게",
        "result": "결과",
        "goal": "목표",
        "meaning": "이 숫자의 뜻",
        "variants": "A안/B안",
        "truth": "정답",
        "next": "다음",
        "matching": "조건에 맞는 사람 {people:,}명  =  {branches}",
        "saved": " (아낀 발송비 {won})",
        "reachable": "도달 가능 {people:,}명",
        "skipped": " → {listed} 제외",
        "arms": " → 대조군 {held_out:,} / 발송 {sent:,}",
        "sent": "발송 {sent:,.0f}",
        "delivered": " → 도달 {delivered:,.0f}",
        "answers": (
            " → 오픈 {opened:,.0f} → 클릭 {clicked:,.0f} (클릭률 {clicked_rate})"
            "  → 전환 {converted:,.0f} ({converted_rate})"
            "      수신거부 {unsubscribed:,.0f} ({unsubscribed_rate})   봇 클릭 {bot_clicked:,.0f} 따로"
        ),
        "target": "대조군보다 {target}",
        "actual": "실제 {actual}",
        "between": " (실제로는 {low}~{high} 사이)",
        "anyway": "발송하지 않았어도 샀을 사람이 약 {people:,.0f}명, ",
        "more": "이 메일로 더 산 사람이 약 {people:,.0f}명 (매출 {worth})",
        "no_more": "이 메일로 더 산 사람은 보이지 않음",
        "no_effect": "대조군이 없어 순증을 말할 수 없음",
        "unclear": "{name} 소구가 {gap} 높지만 이 모수로는 판단할 수 없음",
        "higher": "{name} 소구가 {gap} 높음",
        "same": "두 소구의 전환율이 같음",
        "one_variant": "비교할 안이 없음",
        "true": "(데모가 만든 사람들이라 정답이 있습니다) 실제 효과 {uplift}: ",
        "inside": "구간 안",
        "outside": "구간 밖 (스무 번에 한 번은 그렇습니다)",
        "no_interval": "구간을 낼 수 없음",
        "try": (
            "dangol --local preview {campaign} --user {user}   ·   dangol --local report {campaign}"
            "   ·   campaigns/cart-coupon.yaml 열어 보기"
        ),
    },
    "en": {
        "who": "who",
        "result": "result",
        "goal": "goal",
        "meaning": "meaning",
        "variants": "A/B",
        "truth": "truth",
        "next": "next",
        "matching": "{people:,} people match  =  {branches}",
        "saved": " (saved {won})",
        "reachable": "{people:,} reachable",
        "skipped": " → without {listed}",
        "arms": " → held out {held_out:,} / sent {sent:,}",
        "sent": "sent {sent:,.0f}",
        "delivered": " → delivered {delivered:,.0f}",
        "answers": (
            " → opened {opened:,.0f} → clicked {clicked:,.0f} ({clicked_rate})"
            "  → converted {converted:,.0f} ({converted_rate})"
            "      opted out {unsubscribed:,.0f} ({unsubscribed_rate})   bot clicks {bot_clicked:,.0f} apart"
        ),
        "target": "{target} over the holdout",
        "actual": "measured {actual}",
        "between": " (in truth between {low} and {high})",
        "anyway": "about {people:,.0f} would have bought anyway, ",
        "more": "about {people:,.0f} bought because of this mail (revenue {worth})",
        "no_more": "nobody more is seen to have bought because of this mail",
        "no_effect": "without a holdout the uplift cannot be told",
        "unclear": "{name} is {gap} higher, too few people to judge",
        "higher": "{name} is {gap} higher",
        "same": "both variants convert alike",
        "one_variant": "no second variant to compare",
        "true": "(these people are made up, so it is known) the true effect is {uplift}: ",
        "inside": "inside the interval",
        "outside": "outside the interval (one time in twenty it is)",
        "no_interval": "there is no interval",
        "try": (
            "dangol --local preview {campaign} --user {user}   ·   dangol --local report {campaign}"
            "   ·   open campaigns/cart-coupon.yaml"
        ),
    },
}
