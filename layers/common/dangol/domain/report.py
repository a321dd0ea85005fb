"""The result of a run against its goal, from its counters; the shape is documented and never renamed."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from dangol.domain.arm_counts import ArmCounts, Counts, arm_counts
from dangol.domain.campaign import Campaign, Goal, Target
from dangol.domain.project import Project
from dangol.domain.statistics import Difference, means, sample_ratio, shares, smallest_visible
from dangol.domain.variant import arms, holdout_share
from dangol.domain.winner import Winner, outcome

ENGAGEMENT: Final = ("opened", "clicked", "unsubscribed", "bot_clicked", "machine_opened")
# What carriers call text messages.
KINDS: Final = ("sms", "lms", "mms")
# What the channel itself must confirm; None until a receipt of that kind can come.
RECEIPTS: Final = ("delivered", "bounced", "shown")


@dataclass(frozen=True, slots=True)
class RunResult:
    """What a report is made from: who ran what when, and the counters of the run."""

    run: str
    campaign_id: str
    campaign: Campaign
    project: Project
    scheduled_at: datetime
    counts: Counts
    totals: Mapping[str, int] | None
    data_until: datetime
    winner: Winner | None = None


def report(result: RunResult) -> dict[str, Any]:
    """The report of a run, in the shape that `--json` prints."""
    treated, holdout = arm_counts(result.campaign, result.counts)
    return {
        "run": result.run,
        "campaign": result.campaign_id,
        "title": result.campaign.title,
        "scheduled_at": result.scheduled_at.isoformat(),
        "goal": _goal(result, treated, holdout),
        "totals": result.totals,
        "sample_ratio": _sample_ratio(result, treated, holdout),
        "test": _test(result),
        "currency": result.project.currency,
        "variants": [_variant(result, arm, holdout) for arm in (*treated, *_present(holdout))],
        "labels": _labels(result),
        "smallest_visible_uplift": _smallest(treated, holdout),
    }


def _test(result: RunResult) -> dict[str, Any] | None:
    test, names = result.campaign.test, [variant.name for variant in result.campaign.variants]
    return outcome(test, names, result.scheduled_at, result.winner) if test else None


def _present(holdout: ArmCounts) -> list[ArmCounts]:
    return [holdout] if holdout.audience else []


def _rate(part: float, whole: int) -> float | None:
    return part / whole if whole else None


def _revenue(result: RunResult, arm: ArmCounts) -> float | None:
    goal = result.campaign.goal
    return None if goal is None else arm.revenue(goal, result.project).total


def _variant(result: RunResult, arm: ArmCounts, holdout: ArmCounts) -> dict[str, Any]:
    goal = result.campaign.goal
    revenue, sent = _revenue(result, arm), arm["sent"]
    engaged = {what: None if arm.held_out else arm[what] for what in ENGAGEMENT}
    receipts = {what: arm[what] or None for what in RECEIPTS}
    return {
        "name": arm.name,
        "holdout": arm.held_out,
        "audience": arm.audience,
        "sent": sent,
        **receipts,
        **engaged,
        "cost": _cost(result, arm),
        "click_rate": None if arm.held_out else _rate(arm["clicked"], sent),
        "click_rate_shown": _rate(arm["clicked"], arm["shown"]),
        "converted": arm["goal:people"] if goal else None,
        "conversion_rate": _rate(arm["goal:people"], arm.audience) if goal else None,
        "revenue": revenue,
        "revenue_per_person": None if revenue is None else _rate(revenue, arm.audience),
        "also": {event: _also(arm, event) for event in result.campaign.also},
        "uplift": None if arm.held_out else _uplift(result, arm, holdout),
    }


def _cost(result: RunResult, arm: ArmCounts) -> float | None:
    """What the messages cost, each kind at its own price; None where a price is not known.

    Whose kind nobody counted, because the worker died, pays the channel's price.
    """
    channel, prices = result.campaign.channel, result.project.prices
    paid = Counter({kind: arm[f"kind:{kind}"] for kind in {*KINDS, *result.campaign.channels}})
    paid[channel] += max(0, arm["sent"] - paid.total())
    kinds = [kind for kind, number in paid.items() if number] or [channel]
    return sum(prices[kind] * paid[kind] for kind in kinds) if all(kind in prices for kind in kinds) else None


def _also(arm: ArmCounts, event: str) -> dict[str, Any]:
    people = arm[f"also:{event}:people"]
    value = arm.counts.get(f"arm:{arm.key}:also:{event}:sum", 0)
    return {"people": people, "rate": _rate(people, arm.audience), "value": float(value)}


def _uplift(result: RunResult, arm: ArmCounts, holdout: ArmCounts) -> dict[str, Any] | None:
    if not holdout.audience:
        return None
    compared = {event: _compare(arm, holdout, f"also:{event}") for event in result.campaign.also}
    if (goal := result.campaign.goal) is not None:
        revenue = means(arm.revenue(goal, result.project), holdout.revenue(goal, result.project))
        compared = {"converted": _compare(arm, holdout, "goal"), **compared}
        compared["revenue_per_person"] = _spelled(revenue, ("absolute", "p"))
    return compared


def _compare(arm: ArmCounts, holdout: ArmCounts, event: str) -> dict[str, Any] | None:
    hits = f"{event}:people"
    found = shares(arm[hits], arm.audience, holdout[hits], holdout.audience)
    return _spelled(found, ("absolute", "relative", "z", "p"))


def _spelled(difference: Difference | None, names: tuple[str, ...]) -> dict[str, Any] | None:
    if difference is None:
        return None
    figures = asdict(difference)
    return {**{name: figures[name] for name in names}, "ci95": [difference.low, difference.high]}


def _sample_ratio(result: RunResult, treated: list[ArmCounts], holdout: ArmCounts) -> dict[str, float] | None:
    weights = [float(v.weight) for v in arms(result.campaign)]
    if result.winner is not None:
        # With the rest behind it, one arm is larger by design: what was drawn by weight is the test.
        found = sample_ratio([arm.audience for arm in result.winner.arms], weights)
        return None if found is None else {"chi2": found[0], "p": found[1]}
    # A split that was drawn elsewhere is taken to have equal arms.
    held = 1.0
    if result.campaign.assign_by is None:
        share = holdout_share(result.campaign, result.project.holdout)
        held, weights = share, [w / sum(weights) * (1 - share) for w in weights]
    elif result.campaign.assign_by.holdout is None:
        held = 0.0
    found = sample_ratio([arm.audience for arm in (*treated, holdout)], [*weights, held])
    return None if found is None else {"chi2": found[0], "p": found[1]}


def _labels(result: RunResult) -> list[dict[str, Any]]:
    return [
        {
            "label": branch.label,
            **{what: _label_count(result, i, what) for what in ("audience", "sent", "clicked")},
            "converted": _label_count(result, i, "converted") if result.campaign.goal else None,
        }
        for i, branch in enumerate(result.campaign.audience.branches())
    ]


def _label_count(result: RunResult, index: int, what: str) -> int:
    return int(result.counts.get(f"label:{index}:{what}", 0))


def _smallest(treated: list[ArmCounts], holdout: ArmCounts) -> float | None:
    people = sum(arm.audience for arm in treated)
    base = _rate(holdout["goal:people"], holdout.audience)
    return None if base is None else smallest_visible(base, people, holdout.audience)


def _goal(result: RunResult, treated: list[ArmCounts], holdout: ArmCounts) -> dict[str, Any] | None:
    goal = result.campaign.goal
    if goal is None:
        return None
    target = goal.target
    actual = _actual(target, result, treated, holdout) if target else None
    return {
        "metric": target.metric if target else None,
        "target": target.figure if target else None,
        "actual": actual,
        "gap": actual - target.figure if target and actual is not None else None,
        "verdict": _verdict(goal, result, treated, holdout),
        "why": goal.why,
        "data_until": result.data_until.isoformat(),
    }


def _actual(target: Target, result: RunResult, treated: list[ArmCounts], holdout: ArmCounts) -> float | None:
    converted = sum(arm["goal:people"] for arm in treated)
    match target.metric:
        case "uplift":
            difference = _overall(treated, holdout)
            return difference.absolute if difference else None
        case "click_rate":
            return _rate(sum(arm["clicked"] for arm in treated), sum(arm["sent"] for arm in treated))
        case "conversion_rate":
            return _rate(converted, sum(arm["sent"] for arm in treated))
        case "people":
            return converted
        case _:
            return sum(_revenue(result, arm) or 0 for arm in treated)


def _verdict(goal: Goal, result: RunResult, treated: list[ArmCounts], holdout: ArmCounts) -> str | None:
    """`open` until the window has ended; `too_few` where the groups cannot tell; else `met` or `missed`."""
    if goal.target is None:
        return None
    if result.data_until < result.scheduled_at + goal.within:
        return "open"
    if goal.target.metric == "uplift":
        return _uplift_verdict(goal.target.figure, _overall(treated, holdout))
    actual = _actual(goal.target, result, treated, holdout)
    if actual is None:
        return "too_few"
    return "met" if actual >= goal.target.figure else "missed"


def _overall(treated: list[ArmCounts], holdout: ArmCounts) -> Difference | None:
    people, converted = sum(a.audience for a in treated), sum(a["goal:people"] for a in treated)
    return shares(converted, people, holdout["goal:people"], holdout.audience)


def _uplift_verdict(target: float, found: Difference | None) -> str:
    if found is None:
        return "too_few"
    if found.high < target:
        return "missed"
    if found.low <= 0:
        return "too_few"
    return "met" if found.absolute >= target else "missed"
