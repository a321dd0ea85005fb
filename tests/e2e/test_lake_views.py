"""The lake's views say what the report says of the same run, though everything is stored twice."""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.lake_views import VIEWS, make, views
from cli.stack import Stack
from dangol import bootstrap
from dangol.adapters.athena_queries import AthenaQueries
from dangol.adapters.lake_files import LakeFiles
from dangol.domain.ledger import Entry, State
from dangol.domain.tracking import HIDDEN_LINK
from tests.e2e.audience import PHONE, apply_to, consenting, entries, run_to_end
from tests.e2e.conftest import eventually, recorded

GROUP = "viewed"
STEPS = (
    *("audience", "sent", "delivered", "shown", "opened", "clicked", "unsubscribed", "bot_clicked", "machine_opened"),
    "converted",
)
MINUTE = 60_000
PAGE = (Path(__file__).parents[2] / "docs" / "lake.md").read_text(encoding="utf-8")


class Lake:
    """Asks the stack's Athena, with each view in the place of its name."""

    def __init__(self, stack: Stack) -> None:
        self._athena, self._settings = stack.client("athena"), stack.settings
        self._views = views(stack.settings.need("glue_database"))

    def ask(self, select: str, run: "Run") -> list[dict[str, str | None]]:
        select = select.replace(":run", f"'{run.name}'")
        select = re.sub(rf"\bFROM ({'|'.join(VIEWS)})\b", self._viewed, select)
        name = self._athena.start_query_execution(
            QueryString=select,
            QueryExecutionContext={"Database": self._settings.glue_database},
            WorkGroup=self._settings.athena_workgroup,
        )["QueryExecutionId"]
        state = eventually(lambda: self._ended(name), "Athena answers")
        assert state["State"] == "SUCCEEDED", state
        head, *rows = self._athena.get_query_results(QueryExecutionId=name)["ResultSet"]["Rows"]
        columns = [cell["VarCharValue"] for cell in head["Data"]]
        return [dict(zip(columns, (cell.get("VarCharValue") for cell in row["Data"]), strict=True)) for row in rows]

    def _viewed(self, match: re.Match[str]) -> str:
        return f"FROM ({self._views[match[1]]}) AS {match[1]}"

    def _ended(self, name: str) -> Any:
        status = self._athena.get_query_execution(QueryExecutionId=name)["QueryExecution"]["Status"]
        return status if status["State"] not in ("QUEUED", "RUNNING") else None


class Run:
    """One run of which everything happened that a report tells of."""

    def __init__(self, stack: Stack) -> None:
        self.people = consenting(stack, GROUP, 24)
        silent = consenting(stack, GROUP + "-silent", 1)
        stack.profiles.put_many(list(_moved(stack, silent)))
        apply_to(stack, GROUP, holdout="30%", also=["view_item"])
        self.status = run_to_end(stack, GROUP)
        self.name = self.status["run"]
        self.number = stack.runs.get(self.name).number
        found = entries(stack, self.people, self.name)
        self.entries: dict[str, Entry] = {user: entry for user, entry in found.items() if entry}
        sent = [user for user, entry in self.entries.items() if entry.state is State.SENT]
        held = [user for user, entry in self.entries.items() if entry.state is State.HELD_OUT]
        first = list(self._happenings(sent, held))
        self._tell(stack, first)
        # Told again among others, everything lands in other objects.
        late = [self._did("clicked", sent[0], 8 * MINUTE), self._bought("view_item", sent[7], 11 * MINUTE, 1)]
        self._tell(stack, [*first, *late])
        self.report = bootstrap.build_reporter(stack.settings).report(self.name)

    def arms(self) -> dict[str, dict[str, Any]]:
        return {arm["name"]: arm for arm in self.report["variants"]}

    def _tell(self, stack: Stack, happenings: list[dict[str, Any]]) -> None:
        body = json.dumps(happenings)
        stack.client("sqs").send_message(QueueUrl=stack.settings.event_queue_url, MessageBody=body)
        recorded(stack)

    def _happenings(self, sent: list[str], held: list[str]) -> Iterator[dict[str, Any]]:
        for user in sent[:8]:
            yield self._got("delivered", user)
        yield self._got("bounced", sent[8])
        yield self._got("complained", sent[9])
        yield self._did("clicked", sent[0], 5 * MINUTE)
        # A gateway follows two links at once, another is quicker than anybody reads, a third takes the hidden link.
        yield self._did("clicked", sent[1], 5 * MINUTE)
        yield self._did("clicked", sent[1], 5 * MINUTE + 1_500, link=1)
        yield self._did("clicked", sent[2], 9_999)
        yield self._did("clicked", sent[3], 5 * MINUTE, link=HIDDEN_LINK, verdict="bot", reason="hidden_link")
        yield self._did("clicked", sent[3], 5 * MINUTE + 59_000)
        # Three links in ten seconds, and after a while a person.
        for link in range(3):
            yield self._did("clicked", sent[4], 5 * MINUTE + link * 4_000, link=link)
        yield self._did("clicked", sent[4], 60 * MINUTE)
        yield self._did("clicked", sent[5], 10_000)
        yield self._did("opened", sent[0], 4 * MINUTE)
        yield self._did("opened", sent[6], 4 * MINUTE, verdict="machine", reason="apple")
        yield self._did("shown", sent[7], MINUTE)
        yield self._did("unsubscribed", sent[6], 6 * MINUTE)
        yield self._bought("purchase", sent[0], 10 * MINUTE, 79_000)
        yield self._bought("purchase", sent[0], 30 * 24 * 60 * MINUTE, 1_000_000)
        yield self._bought("purchase", sent[0], 25 * 60 * MINUTE, 0.1)
        yield self._bought("purchase", sent[1], 26 * 60 * MINUTE, 0.2)
        yield self._bought("purchase", held[0], 10 * MINUTE, 5_000)
        yield self._bought("view_item", held[1], 10 * MINUTE, 0)
        yield self._bought("view_item", sent[0], 10 * MINUTE, 0)

    def _did(self, kind: str, user: str, after_ms: int, link: int = 0, **more: Any) -> dict[str, Any]:
        at, shared = self.entries[user].claimed_at * 1000 + after_ms, {"run": self.number, "user_id": user}
        named = {"id": f"{user}-{kind}-{after_ms}", "kind": kind, "at": at, "variant": 0, "link": link}
        return {**shared, **named, "user_agent": PHONE["user-agent"], **more}

    def _got(self, kind: str, user: str) -> dict[str, Any]:
        at, shared = self.entries[user].claimed_at * 1000, {"run": self.number, "user_id": user}
        return {**shared, "id": f"{user}-{kind}", "kind": kind, "channel": "email", "at": at}

    def _bought(self, event: str, user: str, after_ms: int, value: float) -> dict[str, Any]:
        at = self.entries[user].claimed_at * 1000 + after_ms
        told = {"kind": "event", "id": f"{user}-{event}-{after_ms}", "user_id": user, "event": event}
        return {**told, "at": at, "received_at": at, "properties": {"item_id": "new", "value": value}}


def _moved(stack: Stack, silent: list[str]) -> Iterator[Any]:
    """The same people, in the group, without an address: they are skipped."""
    for profile in stack.profiles.get_many(silent).values():
        profile.traits = {"group": GROUP, "name": "지은"}
        yield profile


@pytest.fixture(scope="module")
def lake(stack: Stack) -> Lake:
    return Lake(stack)


@pytest.fixture(scope="module")
def run(stack: Stack) -> Run:
    return Run(stack)


def test_everything_is_stored_twice(stack: Stack, run: Run):
    files = LakeFiles(stack.objects)
    rows = [row for row in files._rows("conversions/") if row["run"] == run.name]

    times = Counter((row["id"], row["counts_as"]) for row in rows)

    assert sorted(times.values()) == [1, *[2] * 6]


def test_the_funnel_is_the_report(lake: Lake, run: Run):
    rows = lake.ask("SELECT * FROM funnel WHERE run = :run", run)

    funnel = {
        row["arm"]: {step: int(row[step] or 0) for step in STEPS} | {"revenue": float(row["value"] or 0)}
        for row in rows
    }
    arms = run.arms()
    told = {
        # What an e-mail cannot tell of itself is null in the report.
        name: {step: funnel[name][step] if arm[step] is None else arm[step] for step in STEPS}
        | {"revenue": arm["revenue"]}
        for name, arm in arms.items()
    }
    assert funnel == told
    treated = [arm for arm in arms.values() if not arm["holdout"]]
    # What the rules are for has happened, so that they were asked.
    assert sum(arm["clicked"] for arm in treated) == 3
    assert sum(arm["bot_clicked"] for arm in treated) == 4
    assert sum(arm["unsubscribed"] for arm in treated) == 2
    assert sum(arm["converted"] for arm in arms.values()) == 3


def test_the_sends_are_the_status(lake: Lake, run: Run):
    rows = lake.ask("SELECT outcome, reason, COUNT(*) AS people FROM sends WHERE run = :run GROUP BY 1, 2", run)

    found = {(row["outcome"], row["reason"]): int(row["people"] or 0) for row in rows}
    skipped = {("skipped", reason): n for reason, n in run.status["skipped"].items()}
    assert found == {("sent", None): run.status["sent"], ("held_out", None): run.status["held_out"], **skipped}
    assert sum(found.values()) == run.status["audience"] == 25


def test_the_engagement_is_the_reports_totals(lake: Lake, run: Run):
    rows = lake.ask("SELECT kind, COUNT(*) AS times FROM engagement WHERE run = :run GROUP BY kind", run)

    times = {row["kind"]: int(row["times"] or 0) for row in rows}
    assert {kind: times[kind] for kind in run.report["totals"]} == run.report["totals"]


def test_the_conversions_are_the_reports(lake: Lake, run: Run):
    rows = lake.ask(
        "SELECT arm, counts_as, event, COUNT(DISTINCT user_id) AS people, SUM(value) AS value "
        "FROM conversions WHERE run = :run GROUP BY 1, 2, 3",
        run,
    )

    found = {
        (row["arm"], row["counts_as"], row["event"]): (int(row["people"] or 0), float(row["value"] or 0))
        for row in rows
    }
    told = {
        **{(name, "goal", "purchase"): (arm["converted"], arm["revenue"]) for name, arm in run.arms().items()},
        **{
            (name, "also", "view_item"): (arm["also"]["view_item"]["people"], arm["also"]["view_item"]["value"])
            for name, arm in run.arms().items()
        },
    }
    assert found == {key: counted for key, counted in told.items() if counted[0]}


def test_the_days_add_up_to_the_report(lake: Lake, run: Run):
    rows = lake.ask("SELECT * FROM daily WHERE run = :run ORDER BY day_utc", run)

    for step in ("sent", "opened", "clicked", "unsubscribed", "converted"):
        told = {(name, step): arm[step] or 0 for name, arm in run.arms().items()}
        assert {(n, s): sum(int(r[s] or 0) for r in rows if r["arm"] == n) for n, s in told} == told
    for name, arm in run.arms().items():
        assert sum(float(r["value"] or 0) for r in rows if r["arm"] == name) == pytest.approx(arm["revenue"])
    # What was bought a day later stands on its day.
    assert len({row["day_utc"] for row in rows}) >= 2


def test_each_view_has_the_columns_that_the_page_tells(lake: Lake, run: Run):
    told = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| (.+) \|$", PAGE.partition("## Three")[0], re.MULTILINE))

    assert tuple(told) == VIEWS
    for name, columns in told.items():
        (row, *_) = lake.ask("SELECT * FROM :view".replace(":view", name), run)
        assert list(row) == re.findall(r"`(\w+)`", columns), name


def test_the_questions_of_the_page_are_answered(lake: Lake, run: Run):
    per_person, why, hours = (lake.ask(question, run) for question in re.findall(r"```sql\n(.+?)```", PAGE, re.DOTALL))

    found = {row["arm"]: float(row["value_per_person"] or 0) for row in per_person if row["run"] == run.name}
    assert found == pytest.approx({name: arm["revenue_per_person"] for name, arm in run.arms().items()})
    skipped = {row["reason"]: int(row["people"] or 0) for row in why if row["campaign"] == GROUP}
    assert skipped == run.status["skipped"]
    clicked = sum(arm["clicked"] or 0 for arm in run.arms().values())
    assert sum(int(row["people"] or 0) for row in hours) >= clicked


def test_athena_takes_the_statements_that_make_the_views(stack: Stack, lake: Lake, run: Run):
    settings = stack.settings
    queries = AthenaQueries(
        stack.client("athena"), database=stack.outputs["ViewsDatabase"], workgroup=settings.need("athena_workgroup")
    )

    make(queries, settings.need("glue_database"), time.sleep)

    asked = [lake.ask("SELECT COUNT(*) AS n FROM :view ".replace(":view", name), run) for name in VIEWS]
    assert all(int(row["n"] or 0) > 0 for (row,) in asked)
