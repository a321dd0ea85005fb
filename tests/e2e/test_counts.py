"""Fifty thousand events of ten thousand people, each one to four times, in any order, the recorder killed at random.

Put straight onto EventQueue; every unique count and every sum is exact.
"""

import json
import os
import random
import signal
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from cli.applying import apply
from cli.local_cloud import LocalCloud
from cli.stack import Stack
from dangol import bootstrap
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.schedule import run_id
from dangol.ports import RunItem
from tests.e2e.audience import CONSENTED_AT, queue_with
from tests.e2e.conftest import eventually, queue_is_dry
from tests.e2e.test_robustness import workers_of
from tests.shop_campaign import campaign, project

pytestmark = pytest.mark.full
PEOPLE = 10_000
EVENTS = {
    "clicked": 10_000,
    "opened": 11_000,
    "delivered": 6_000,
    "unsubscribed": 2_000,
    "purchase": 11_000,
    "view_item": 10_000,
}
LIMIT = 360.0
KILLS = 12
# The emulator hands a function ten messages at a time, whatever its batch size.
ALONE, TOGETHER = 2_000, 50
CAMPAIGN = "counted"
GOAL_ITEM = "new"


def make_run(stack: Stack, people: Sequence[str], rng: random.Random) -> tuple[RunItem, dict[str, Entry]]:
    """A run that was handed over to everybody, as the ledger says; the entry of each."""
    apply(stack, project(), [(CAMPAIGN, campaign())])
    now = stack.clock.now()
    run = stack.runs.create(RunItem(run_id(CAMPAIGN, now), 0, CAMPAIGN, 1, now, "running", tasks=1, tasks_closed=1))
    claimed = int(now.timestamp())
    entries = {
        user: Entry(run.number, claimed, rng.randrange(2), "email", "marketing", labels=rng.randrange(4))
        for user in people
    }
    ledgers = [Ledger(user, 1, {"email": CONSENTED_AT}, entries=(entry,)) for user, entry in entries.items()]
    for position in range(0, len(ledgers), 100):
        assert stack.ledgers.put_many(ledgers[position : position + 100]) == {}
    return run, entries


def make_events(run: RunItem, people: Sequence[str], rng: random.Random) -> list[dict[str, Any]]:
    """What the people did, each event under an id of its own, no click so soon that it would be a bot's."""
    at = int(run.scheduled_at.timestamp() * 1000)
    events = []
    for kind, number in EVENTS.items():
        for n in range(number):
            user, moment = rng.choice(people), at + rng.randrange(60_000, 86_400_000)
            told = {"id": f"{kind}-{n}", "user_id": user, "at": moment}
            events.append({**told, **event(kind, run.number, moment, rng.randrange(1, 90_000))})
    return events


def event(kind: str, run: int, at: int, value: int) -> dict[str, Any]:
    """What makes an event one of its kind."""
    if kind == "delivered":
        return {"kind": kind, "run": run, "channel": "email"}
    if kind in ("clicked", "opened", "unsubscribed"):
        return {"kind": kind, "run": run, "variant": 0, "link": 0}
    properties = {"item_id": GOAL_ITEM, **({"value": value} if kind == "purchase" else {})}
    return {"kind": "event", "event": kind, "received_at": at, "properties": properties}


def deliver(stack: Stack, events: list[dict[str, Any]], rng: random.Random) -> int:
    """Queue each event one to four times, shuffled: some by themselves, most in lists, as a batch of an app comes."""
    doubled = [each for each in events for _ in range(rng.randint(1, 4))]
    rng.shuffle(doubled)
    alone, told = doubled[:ALONE], doubled[ALONE:]
    bodies = [json.dumps(each) for each in alone]
    bodies += [json.dumps(told[n : n + TOGETHER]) for n in range(0, len(told), TOGETHER)]
    rng.shuffle(bodies)
    sqs, url = stack.client("sqs"), stack.settings.event_queue_url

    def send(some: list[str]) -> None:
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(some)]
        assert not sqs.send_message_batch(QueueUrl=url, Entries=entries).get("Failed")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(send, [bodies[n : n + 10] for n in range(0, len(bodies), 10)]))
    return len(doubled)


@contextmanager
def dying(cloud: LocalCloud, stack: Stack) -> Iterator[list[int]]:
    """Kill the recorder every few seconds, at random, while it has something in work; who was killed."""
    rng, over, killed = random.Random(7), threading.Event(), list[int]()

    def kill() -> None:
        while len(killed) < KILLS and not over.wait(rng.uniform(2, 8)):
            for worker in workers_of(cloud, "Record")[: in_work(stack)]:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def in_work(stack: Stack) -> int:
    """1 where a recorder holds messages just now, 0 where none does."""
    name = "ApproximateNumberOfMessagesNotVisible"
    told = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs["EventQueueUrl"], AttributeNames=[name])
    return min(1, int(told["Attributes"][name]))


def truth(events: Sequence[dict[str, Any]], entries: dict[str, Entry]) -> dict[str, int]:
    """Every counter of the run, from what each person did."""
    did: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for each in events:
        did[each["user_id"]][each.get("event", each["kind"])].append(each.get("properties", {}).get("value", 0))
    counted: Counter[str] = Counter()
    for user, entry in entries.items():
        arm, kinds = f"arm:{entry.variant}", did[user]
        counted[f"{arm}:sent"] += 1
        counted.update(f"{arm}:{kind}" for kind in ("clicked", "opened", "delivered", "unsubscribed") if kind in kinds)
        counted[f"{arm}:also:view_item:people"] += "view_item" in kinds
        counted[f"{arm}:goal:people"] += "purchase" in kinds
        counted[f"{arm}:goal:sum"] += sum(kinds["purchase"])
        counted[f"{arm}:goal:squares"] += sum(kinds["purchase"]) ** 2
        for label in (label for label in (0, 1) if entry.labels & 2**label):
            counted[f"label:{label}:clicked"] += "clicked" in kinds
            counted[f"label:{label}:converted"] += bool(kinds["purchase"])
    return dict(counted)


def folded(stack: Stack, people: Sequence[str]) -> Counter[str]:
    """How often events stand in the people's profiles."""
    found: Counter[str] = Counter()
    for position in range(0, len(people), 100):
        for profile in stack.profiles.get_many(people[position : position + 100]).values():
            found.update({key: history.count for key, history in profile.histories.items() if "[" not in key})
    return found


def test_every_count_and_every_sum_is_exact(stack: Stack, cloud: LocalCloud):
    rng = random.Random(20_261_123)
    people = [f"counted-{n}" for n in range(PEOPLE)]
    run, entries = make_run(stack, people, rng)
    events = make_events(run, people, rng)
    # Handed over, as dispatch would have counted it.
    by_variant = Counter(entry.variant for entry in entries.values())
    stack.dynamodb.put_item(
        TableName=stack.settings.campaigns_table,
        Item={
            "pk": {"S": f"run#{run.run}"},
            "sk": {"S": "count#0"},
            **{f"arm:{variant}:sent": {"N": str(number)} for variant, number in by_variant.items()},
        },
    )
    began = time.monotonic()
    dead = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["EventDeadLetterQueueUrl"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    patient = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 50})

    with (
        queue_with(stack, "EventQueueUrl", VisibilityTimeout="30", RedrivePolicy=patient),
        dying(cloud, stack) as killed,
    ):
        delivered = deliver(stack, events, rng)
        eventually(lambda: queue_is_dry(stack, "EventQueueUrl"), "all of it is recorded", LIMIT)
    took = time.monotonic() - began

    counted = {name: int(value) for name, value in stack.runs.counts(run.run).items() if value}
    told = bootstrap.build_reporter(stack.settings).report(run.run)
    revenue = [arm["revenue"] for arm in told["variants"] if not arm["holdout"]]
    print(f"{len(events):,} events delivered {delivered:,} times, {len(killed)} recorders killed: {took:.0f} s")
    assert len(killed) == KILLS
    assert counted == truth(events, entries)
    assert revenue == [counted[f"arm:{variant}:goal:sum"] for variant in (0, 1)]
    assert told["totals"] == {kind: EVENTS[kind] for kind in ("clicked", "opened", "unsubscribed")}
    assert folded(stack, people) == {kind: EVENTS[kind] for kind in ("purchase", "view_item")}
    assert took <= LIMIT
