"""What the demo tells at its end: who, result, goal, meaning, the two variants, truth, what next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

from cli.words import money, percent, words
from dangol.domain.statistics import shares

_HEADS = 14


@dataclass(frozen=True, slots=True)
class Story:
    """What is told, as the commands printed it: `counted` with its steps, `status` and `report` of the run."""

    shop: str
    locale: str
    counted: Mapping[str, Any]
    status: Mapping[str, Any]
    report: Mapping[str, Any]
    true_uplift: float
    price: float | None
    someone: str

    @property
    def treated(self) -> list[Mapping[str, Any]]:
        """The arms that got a message."""
        return [arm for arm in self.report["variants"] if not arm["holdout"]]

    @property
    def holdout(self) -> Mapping[str, Any]:
        """The arm that got nothing."""
        return next(arm for arm in self.report["variants"] if arm["holdout"])

    def total(self, what: str) -> float:
        """A figure summed over the treated arms."""
        return sum(arm[what] or 0 for arm in self.treated)


def lines(story: Story) -> Iterator[str]:
    """The story, line by line, in the project's language."""
    yield f"{story.shop}  ·  {story.report['title']}"
    yield ""
    tell = _korean if story.locale == "ko" else _english
    for head, text in tell(story):
        yield f"{_padded(head)}{text}"


def _padded(head: str) -> str:
    """The head of a line, as wide as the others: a Korean letter takes two cells."""
    cells = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in head)
    return head + " " * max(1, _HEADS - cells)


def _korean(story: Story) -> Iterator[tuple[str, str]]:
    currency, steps = story.report["currency"], story.counted["steps"]
    first, *others = [
        f"{s['step']} {s['alone']:,}" + ("" if n == 0 else f" (+{s['added']:,})") for n, s in enumerate(steps)
    ]
    taken = " ".join(_exclusion(e, story, "ko") for e in story.counted["excluded"])
    yield "누구에게", f"조건에 맞는 사람 {story.counted['count']:,}명  =  {' ∪ '.join([first, *others])}  {taken}"
    yield "", _reached(story)
    yield "결과", _result(story)
    yield "목표", _goal(story)
    extra, untouched = _effect(story)
    worth = extra * story.total("revenue") / max(1.0, story.total("converted"))
    meaning = f"발송하지 않았어도 샀을 사람이 약 {untouched:,.0f}명, 이 메일로 더 산 사람이 약 {extra:,.0f}명"
    yield "이 숫자의 뜻", f"{meaning} (매출 {money(worth, currency)})"
    yield "A안/B안", _between_variants(story)
    where = "구간 안" if _holds_truth(story) else "구간 밖 (스무 번에 한 번은 그렇습니다)"
    truth = percent(story.true_uplift, points=True)
    yield "정답", f"(데모가 만든 사람들이라 정답이 있습니다) 실제 효과 {truth}: {where}"
    commands = f"dangol --local preview course-launch --user {story.someone}   ·   dangol --local report course-launch"
    yield "다음", f"{commands}   ·   campaigns/cart-coupon.yaml 열어 보기"


def _exclusion(excluded: Mapping[str, Any], story: Story, locale: str) -> str:
    if story.price is None:
        return f"−  {excluded['segment']} {excluded['taken']:,}"
    saved = money(story.price * excluded["taken"], story.report["currency"])
    return f"−  {excluded['segment']} {excluded['taken']:,} ({'아낀 발송비' if locale == 'ko' else 'saved'} {saved})"


def _reached(story: Story) -> str:
    say, status = words("ko"), story.status
    without = status["skipped"].get("no_consent", 0) + status["skipped"].get("unreachable", 0)
    others = {r: n for r, n in status["skipped"].items() if r not in ("no_consent", "unreachable")}
    listed = ", ".join(f"{say[reason]} {number:,}" for reason, number in others.items())
    between = f" → {listed} 제외" if listed else ""
    reachable = status["audience"] - without
    return f"도달 가능 {reachable:,}명{between} → 대조군 {status['held_out']:,} / 발송 {status['sent']:,}"


def _result(story: Story) -> str:
    total, sent = story.total, story.total("sent")
    delivered = "" if any(arm["delivered"] is None for arm in story.treated) else f" → 도달 {total('delivered'):,.0f}"
    return (
        f"발송 {sent:,.0f}{delivered} → 오픈 {total('opened'):,.0f}"
        f" → 클릭 {total('clicked'):,.0f} (클릭률 {percent(total('clicked') / sent)})"
        f"  → 전환 {total('converted'):,.0f} ({percent(total('converted') / sent)})"
        f"      수신거부 {total('unsubscribed'):,.0f} ({percent(total('unsubscribed') / sent)})"
        f"   봇 클릭 {total('bot_clicked'):,.0f} 따로"
    )


def _goal(story: Story) -> str:
    goal, (low, high) = story.report["goal"], _interval(story)
    between = f"{percent(low, points=True)}~{percent(high, points=True)}"
    target, actual = percent(goal["target"], points=True), percent(goal["actual"], points=True)
    return f"대조군보다 {target}  |  실제 {actual} (실제로는 {between} 사이)  |  {words('ko')[goal['verdict']]}"


def _interval(story: Story) -> tuple[float, float]:
    """The 95% interval of all treated together, from the arms' own counts."""
    people, converted = int(story.total("audience")), int(story.total("converted"))
    found = shares(converted, people, story.holdout["converted"], story.holdout["audience"])
    return (found.low, found.high) if found else (0.0, 0.0)


def _effect(story: Story) -> tuple[float, float]:
    """How many bought because of the message, and how many of the treated would have bought anyway."""
    untouched = story.holdout["conversion_rate"] * story.total("audience")
    return story.total("converted") - untouched, untouched


def _between_variants(story: Story) -> str:
    worse, better = sorted(story.treated, key=lambda arm: arm["conversion_rate"])[-2:]
    found = shares(better["converted"], better["audience"], worse["converted"], worse["audience"])
    gap = percent(better["conversion_rate"] - worse["conversion_rate"]).replace("%", "%p")
    if found is None or found.low <= 0:
        return f"{better['name']} 소구가 {gap} 높지만 이 모수로는 판단할 수 없음"
    return f"{better['name']} 소구가 {gap} 높음"


def _holds_truth(story: Story) -> bool:
    low, high = _interval(story)
    return low <= story.true_uplift <= high


def _english(story: Story) -> Iterator[tuple[str, str]]:
    steps = " ∪ ".join(f"{s['step']} {s['alone']:,} (+{s['added']:,})" for s in story.counted["steps"])
    taken = " ".join(_exclusion(e, story, "en") for e in story.counted["excluded"])
    yield "who", f"{story.counted['count']:,} people  =  {steps}  {taken}"
    yield "", f"held out {story.status['held_out']:,} / sent {story.status['sent']:,}"
    sent, clicked, bought = story.total("sent"), story.total("clicked"), story.total("converted")
    rates = f"({percent(clicked / sent)}) → converted {bought:,.0f} ({percent(bought / sent)})"
    yield "result", f"sent {sent:,.0f} → opened {story.total('opened'):,.0f} → clicked {clicked:,.0f} {rates}"
    goal, (low, high) = story.report["goal"], _interval(story)
    between = f"in truth between {percent(low, points=True)} and {percent(high, points=True)}"
    target, actual = percent(goal["target"], points=True), percent(goal["actual"], points=True)
    yield "goal", f"{target} over the holdout  |  {actual} ({between})  |  {words('en')[goal['verdict']]}"
    extra, untouched = _effect(story)
    yield "meaning", f"about {untouched:,.0f} would have bought anyway, about {extra:,.0f} bought because of this mail"
    yield (
        "truth",
        f"{percent(story.true_uplift, points=True)}: {'inside' if _holds_truth(story) else 'outside'} the interval",
    )
    yield (
        "next",
        f"dangol --local preview course-launch --user {story.someone}   ·   dangol --local report course-launch",
    )
