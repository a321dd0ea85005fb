"""What the demo tells at its end: who, result, goal, meaning, the two variants, truth, what next."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unicodedata import east_asian_width

from cli.words import money, percent, words
from dangol.domain.statistics import Difference, shares
from demo.phrases import PHRASES

_HEADS = 14
_NOT_REACHABLE = ("no_consent", "unreachable")


@dataclass(frozen=True, slots=True)
class Story:
    """What is told of a campaign whose goal is an uplift, as the commands printed it.

    Args:
        shop: the first words.
        locale: `ko` for Korean, anything else for English.
        counted: what `segment count --steps` printed.
        status: what `status` printed of the run.
        report: what `report` printed of the run.
        true_uplift: the difference that the made-up people were made with.
        price: of one message, where the project states it.
        someone: a person that got the mail, to look at next.
        titles: of the excluded segments, by name; what stands in brackets is left out.
    """

    shop: str
    locale: str
    counted: Mapping[str, Any]
    status: Mapping[str, Any]
    report: Mapping[str, Any]
    true_uplift: float
    price: float | None
    someone: str
    titles: Mapping[str, str] = field(default_factory=dict)

    @property
    def treated(self) -> list[Mapping[str, Any]]:
        """The arms that got a message."""
        return [arm for arm in self.report["variants"] if not arm["holdout"]]

    @property
    def holdout(self) -> Mapping[str, Any] | None:
        """The arm that got nothing, if there is one."""
        return next((arm for arm in self.report["variants"] if arm["holdout"]), None)

    def total(self, what: str) -> float:
        """A figure summed over the treated arms."""
        return sum(arm[what] or 0 for arm in self.treated)

    def effect(self) -> Difference | None:
        """All treated together against the holdout; None where one of them is empty."""
        people, converted, base = int(self.total("audience")), int(self.total("converted")), self.holdout
        return shares(converted, people, base["converted"], base["audience"]) if base else None

    def say(self, phrase: str, **figures: object) -> str:
        """A phrase in the project's language."""
        return PHRASES["ko" if self.locale == "ko" else "en"][phrase].format(**figures)


def lines(story: Story) -> Iterator[str]:
    """The story, line by line, in the project's language."""
    yield f"{story.shop}  ·  {story.report['title']}"
    yield ""
    for head, text in _told(story):
        yield f"{_padded(head)}{text}"


def _told(story: Story) -> Iterator[tuple[str, str]]:
    yield story.say("who"), _who(story)
    yield "", _reached(story)
    yield story.say("result"), _result(story)
    yield story.say("goal"), _goal(story)
    yield story.say("meaning"), _meaning(story)
    yield story.say("variants"), _between_variants(story)
    yield story.say("truth"), _truth(story)
    yield story.say("next"), story.say("try", user=story.someone, campaign=story.report["campaign"])


def _padded(head: str) -> str:
    """The head of a line, as wide as the others: a Korean letter takes two cells."""
    cells = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in head)
    return head + " " * max(1, _HEADS - cells)


def _who(story: Story) -> str:
    branches = " ∪ ".join(
        f"{step['step']} {step['alone']:,}" + (f" (+{step['added']:,})" if place else "")
        for place, step in enumerate(story.counted["steps"])
    )
    taken = "".join(f"  −  {_exclusion(each, story)}" for each in story.counted["excluded"])
    return story.say("matching", people=story.counted["count"], branches=branches) + taken


def _exclusion(excluded: Mapping[str, Any], story: Story) -> str:
    name, taken = excluded["segment"], excluded["taken"]
    told = f"{story.titles.get(name, name).split(' (')[0]} {taken:,}"
    if story.price is None:
        return told
    return told + story.say("saved", won=money(story.price * taken, story.report["currency"]))


def _reached(story: Story) -> str:
    """The way from the audience to those sent to; whatever is not zero stands there, so that it adds up."""
    status, skipped = story.status, story.status["skipped"]
    reachable = status["audience"] - sum(skipped.get(reason, 0) for reason in _NOT_REACHABLE)
    others = {reason: number for reason, number in skipped.items() if reason not in _NOT_REACHABLE and number}
    text = story.say("reachable", people=reachable)
    if others:
        text += story.say("skipped", listed=_listed(others, story))
    text += story.say("arms", held_out=status["held_out"], sent=status["sent"])
    failed = sum(status["failed"].values())
    rest = {"failed": failed, "unknown": status["unknown"], "pending": status["pending"]}
    left = {state: number for state, number in rest.items() if number}
    return text + (f" / {_listed(left, story, ' / ')}" if left else "")


def _listed(numbers: Mapping[str, int], story: Story, between: str = ", ") -> str:
    word = words(story.locale)
    return between.join(f"{word[what]} {number:,}" for what, number in numbers.items())


def _result(story: Story) -> str:
    sent = story.total("sent")
    delivered = None if any(arm["delivered"] is None for arm in story.treated) else story.total("delivered")
    figures = {what: story.total(what) for what in ("opened", "clicked", "converted", "unsubscribed", "bot_clicked")}
    rates = {f"{what}_rate": _rate(figure, sent) for what, figure in figures.items()}
    return (
        story.say("sent", sent=sent)
        + (story.say("delivered", delivered=delivered) if delivered is not None else "")
        + story.say("answers", **figures, **rates)
    )


def _rate(part: float, whole: float) -> str:
    return percent(part / whole if whole else None)


def _goal(story: Story) -> str:
    goal, effect, word = story.report["goal"], story.effect(), words(story.locale)
    target, actual = percent(goal["target"], points=True), percent(goal["actual"], points=True)
    told = story.say("target", target=target) + "  |  " + story.say("actual", actual=actual)
    if effect:
        told += story.say("between", low=percent(effect.low, points=True), high=percent(effect.high, points=True))
    return f"{told}  |  {word[goal['verdict']]}"


def _meaning(story: Story) -> str:
    """How many would have bought anyway, and how many more bought because of the message."""
    effect = story.effect()
    if effect is None:
        return story.say("no_effect")
    converted = story.total("converted")
    extra = effect.absolute * story.total("audience")
    told = story.say("anyway", people=converted - extra)
    if extra <= 0:
        return told + story.say("no_more")
    worth = money(extra * story.total("revenue") / converted, story.report["currency"])
    return told + story.say("more", people=extra, worth=worth)


def _between_variants(story: Story) -> str:
    ranked = sorted(story.treated, key=lambda arm: arm["conversion_rate"] or 0.0, reverse=True)
    if len(ranked) < 2:  # noqa: PLR2004 - nothing to compare
        return story.say("one_variant")
    better, worse = ranked[:2]
    found = shares(better["converted"], better["audience"], worse["converted"], worse["audience"])
    if found is None or not found.absolute:
        return story.say("same")
    gap = percent(found.absolute, points=True).removeprefix("+")
    return story.say("higher" if found.low > 0 else "unclear", name=better["name"], gap=gap)


def _truth(story: Story) -> str:
    effect = story.effect()
    if effect is None:
        where = "no_interval"
    else:
        where = "inside" if effect.low <= story.true_uplift <= effect.high else "outside"
    return story.say("true", uplift=percent(story.true_uplift, points=True)) + story.say(where)
