"""What results are called, in the project's language; the keys are those of `--json`."""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

_KO: Final = {
    "run": "실행",
    "campaign": "캠페인",
    "state": "상태",
    "audience": "모수",
    "sent": "발송",
    "delivered": "도달",
    "opened": "오픈",
    "clicked": "클릭",
    "click_rate": "클릭률",
    "converted": "전환",
    "conversion_rate": "전환율",
    "revenue": "매출",
    "uplift": "순증",
    "unsubscribed": "수신거부",
    "bot_clicked": "봇 클릭",
    "machine_opened": "기계 오픈",
    "held_out": "대조군",
    "holdout": "대조군 (미발송)",
    "skipped": "제외",
    "failed": "실패",
    "unknown": "확인 불가",
    "pending": "남음",
    "variant": "안",
    "goal": "목표",
    "actual": "실제",
    "gap": "목표 대비",
    "verdict": "판정",
    "met": "목표 달성",
    "missed": "목표 미달",
    "too_few": "판단하기엔 모수 부족",
    "open": "아직 전환 기간 중",
    "between": "실제로는 {low}~{high} 사이",
    "scheduled": "예약",
    "running": "발송 중",
    "paused": "일시중지",
    "finished": "완료",
    "cancelled": "취소",
    "count": "모수",
    "reachable": "도달 가능",
    "alone": "혼자",
    "added": "더함",
    "taken": "제외",
    "step": "조건",
    "people": "{n}명",
    "no_consent": "수신동의 없음",
    "unreachable": "연락처 없음",
    "suppressed": "수신거부·반송",
    "frequency_cap": "피로도 제한",
    "already_sent": "이미 받음",
    "quiet_hours": "야간 제한",
    "missing_variable": "개인화 값 없음",
    "campaign_stopped": "중지됨",
    "expired": "발송 기한 지남",
    "not_assigned": "배정된 안 없음",
    "same_address": "같은 연락처 중복",
    "inexact": "남아 있는 이력으로 판단할 수 없는 사람이 있어 발송 전에 멈춤",
    "audience_too_small": "모수가 limits.audience.min 보다 작아 발송 전에 멈춤",
    "audience_too_large": "모수가 limits.audience.max 보다 커서 발송 전에 멈춤",
    "by_hand": "사람이 멈춤",
    "too_many_failed": "실패가 limits.stop_when.failed 를 넘어 멈춤",
    "too_many_unsubscribed": "수신거부가 limits.stop_when.unsubscribed 를 넘어 멈춤",
    "click_rate_target": "클릭률",
    "conversion_rate_target": "전환율",
    "people_target": "전환한 사람",
    "revenue_target": "매출",
    "uplift_target": "대조군보다",
    "no_goal": "목표가 없는 캠페인이라 달성 여부를 말할 수 없음",
    "no_holdout": "대조군이 없어 순증을 말할 수 없음",
    "sample_ratio_off": "주의: 안별 인원이 정한 비율과 다름 (p {p})",
    "smallest": "이 모수로 볼 수 있는 가장 작은 차이 {n}",
    "why": "이유",
    "rate_taken": "다른 발송이 지금 속도 한도를 다 쓰고 있음; 잠시 뒤 다시 시도하세요",
    "redriven": "{queue}: 메시지 {moved}건을 다시 처리하도록 보냈고 {left}건이 남아 있음",
}
_EN: Final = {
    "run": "run",
    "campaign": "campaign",
    "state": "state",
    "audience": "audience",
    "sent": "sent",
    "delivered": "delivered",
    "opened": "opened",
    "clicked": "clicked",
    "click_rate": "click rate",
    "converted": "converted",
    "conversion_rate": "conversion rate",
    "revenue": "revenue",
    "uplift": "uplift",
    "unsubscribed": "unsubscribed",
    "bot_clicked": "bot clicks",
    "machine_opened": "machine opens",
    "held_out": "held out",
    "holdout": "holdout",
    "skipped": "skipped",
    "failed": "failed",
    "unknown": "unknown",
    "pending": "pending",
    "variant": "variant",
    "goal": "goal",
    "actual": "actual",
    "gap": "gap",
    "verdict": "verdict",
    "met": "goal met",
    "missed": "goal missed",
    "too_few": "too few people to judge",
    "open": "the conversion window is still open",
    "between": "in truth between {low} and {high}",
    "people": "{n}",
    "no_consent": "no consent",
    "unreachable": "no address",
    "suppressed": "opted out or bounced",
    "frequency_cap": "frequency cap",
    "already_sent": "already sent",
    "quiet_hours": "quiet hours",
    "missing_variable": "missing value",
    "campaign_stopped": "stopped",
    "expired": "expired",
    "not_assigned": "no arm assigned",
    "same_address": "same address",
    "inexact": "the kept history cannot tell of everybody: stopped before anything was sent",
    "audience_too_small": "the audience is below limits.audience.min: stopped before anything was sent",
    "audience_too_large": "the audience is above limits.audience.max: stopped before anything was sent",
    "by_hand": "stopped by hand",
    "too_many_failed": "more failed than limits.stop_when.failed allows: stopped",
    "too_many_unsubscribed": "more opted out than limits.stop_when.unsubscribed allows: stopped",
    "click_rate_target": "click rate",
    "conversion_rate_target": "conversion rate",
    "people_target": "people converted",
    "revenue_target": "revenue",
    "uplift_target": "over the holdout",
    "no_goal": "a campaign without a goal: whether it was met cannot be told",
    "no_holdout": "without a holdout the uplift cannot be told",
    "sample_ratio_off": "note: the arms' sizes are not as planned (p {p})",
    "smallest": "the smallest difference that this audience shows: {n}",
    "why": "why",
    "rate_taken": "other sends take all of the rate just now: try again in a moment",
    "redriven": "{queue}: {moved} messages sent back to be tried again, {left} left",
}


def words(locale: str) -> Words:
    """The words of a language; a key without one stands for itself."""
    return _Words(_KO if locale == "ko" else _EN)


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key


def percent(share: float | None, *, points: bool = False, digits: int = 1) -> str:
    """A share as `12.3%`, or a difference as `+1.2%p`."""
    if share is None:
        return "-"
    return f"{share * 100:+.{digits}f}%p" if points else f"{share * 100:.{digits}f}%"


def money(amount: float | None, currency: str) -> str:
    """An amount with its currency; won have no cents."""
    if amount is None:
        return "-"
    return f"{amount:,.0f}원" if currency == "KRW" else f"{amount:,.2f} {currency}"
