"""A report for people: the arms side by side, then the goal."""

from collections.abc import Iterator
from typing import Any

from rich.console import Console

from cli.output import table
from cli.words import Words, money, percent

# Below this the arms' sizes are no chance any more.
_SAMPLE_RATIO_ALARM = 0.001
_SHARES = ("uplift", "click_rate", "conversion_rate")


def render_report(console: Console, report: dict[str, Any], say: Words) -> None:
    """Print a report."""
    console.print(f"{report['title']}  ·  {report['run']}", style="bold")
    _arms(console, report, say)
    for line in (*_goal(report, say), *_test(report["test"], say), *_notes(report, say)):
        console.print(line)


def _arms(console: Console, report: dict[str, Any], say: Words) -> None:
    columns = (
        "variant",
        "audience",
        "sent",
        "delivered",
        "bounced",
        "opened",
        "clicked",
        "click_rate",
        "converted",
        "conversion_rate",
    )
    heads = [*(say[c] for c in columns), say["revenue"], say["uplift"], say["unsubscribed"], say["bot_clicked"]]
    table(console, heads, [_arm(arm, report, say) for arm in report["variants"]], numbers=1)


def _arm(arm: dict[str, Any], report: dict[str, Any], say: Words) -> list[object]:
    compared = (arm["uplift"] or {}).get("converted")
    return [
        say["holdout"] if arm["holdout"] else arm["name"],
        arm["audience"],
        arm["sent"],
        "-" if arm["delivered"] is None else arm["delivered"],
        "-" if arm["bounced"] is None else arm["bounced"],
        arm["opened"],
        arm["clicked"],
        percent(arm["click_rate"]),
        arm["converted"],
        percent(arm["conversion_rate"]),
        money(arm["revenue"], report["currency"]),
        percent(compared["absolute"], points=True) if compared else "-",
        arm["unsubscribed"],
        arm["bot_clicked"],
    ]


def _goal(report: dict[str, Any], say: Words) -> Iterator[str]:
    goal = report["goal"]
    if goal is None or goal["target"] is None:
        yield say["no_goal"]
        return
    metric = goal["metric"]
    target, actual = figure(goal["target"], metric, report), figure(goal["actual"], metric, report)
    yield f"{say['goal']}  {say[f'{metric}_target']} {target}  |  {say['actual']} {actual}  |  {say[goal['verdict']]}"
    if goal["why"]:
        yield f"{say['why']}  {goal['why']}"


def _test(test: dict[str, Any] | None, say: Words) -> Iterator[str]:
    if test is None:
        return
    share = percent(test["share"])
    if test["winner"] is None:
        yield say["test_waits"].format(share=share, at=test["decides_at"], by=say[test["by"]])
        return
    rates = ", ".join(f"{arm['name']} {percent(arm['rate'])}" for arm in test["variants"])
    yield say["test_tied" if test["tied"] else "test_won"].format(
        share=share, winner=test["winner"], by=say[test["by"]], rates=rates, p=p_value(test["p"])
    )


def p_value(p: float | None) -> str:
    """A p in two digits; what cannot be told is a dash."""
    return "-" if p is None else f"{p:.2g}"


def figure(value: float | None, metric: str, report: dict[str, Any]) -> str:
    """A goal's figure in the form of its metric."""
    if metric in _SHARES:
        return percent(value, points=metric == "uplift")
    return money(value, report["currency"]) if metric == "revenue" else f"{value:,.0f}"


def _notes(report: dict[str, Any], say: Words) -> Iterator[str]:
    for arm in report["variants"]:
        compared = (arm["uplift"] or {}).get("converted")
        if compared:
            low, high = (percent(edge, points=True) for edge in compared["ci95"])
            yield f"{arm['name']}: {say['uplift']} {say['between'].format(low=low, high=high)}"
    if not any(arm["holdout"] for arm in report["variants"]):
        yield say["no_holdout"]
    elif report["smallest_visible_uplift"]:
        yield say["smallest"].format(n=percent(report["smallest_visible_uplift"], points=True))
    ratio = report["sample_ratio"]
    if ratio and ratio["p"] < _SAMPLE_RATIO_ALARM:
        yield say["sample_ratio_off"].format(p=f"{ratio['p']:.2g}")
