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
from dangol.domain.ledger import Entry, Ledger, State
from dangol.domain.schedule import run_id
from dangol.ports import RunItem
from tests.e2e.audience import CONSENTED_AT, queue_with
from tests.e2e.conftest import eventually, queue_is_dry
from tests.e2e.test_robustness import workers_of
from tests.shop_campaign import campaign, project

pytestmark = pytest.mark.full
PEOPLE = 10_000
EVENTS = {"clicked": 12_000, "opened": 13_000, "purchase": 12_000, "view_item": 13_000}
LIMIT = 360.0
KILLS = 8
# The emulator hands a function ten messages at a time, whatever its batch size.
ALONE, TOGETHER = 2_000, 50
CAMPAIGN = "counted"
GOAL_ITEM = "new"


def make_run(stack: Stack, people: Sequence[str], rng: random.Random) -> tuple[RunItem, dict[str, int]]:
    """A run that was handed over to everybody, as the ledger says; the variant of each."""
    apply(stack, project(), [(CAMPAIGN, campaign())])
    now = stack.clock.now()
    run = stack.runs.create(RunItem(run_id(CAMPAIGN, now), 0, CAMPAIGN, 1, now, "running", tasks=1, tasks_closed=1))
    variants = {user: rng.randrange(2) for user in people}
    claimed = int(now.timestamp())
    ledgers = [
        Ledger(user, 1, {"email": CONSENTED_AT}, entries=(Entry(run.number, claimed, v, "email", "marketing"),))
        for user, v in variants.items()
    ]
    for position in range(0, len(ledgers), 100):
        assert stack.ledgers.put_many(ledgers[position : position + 100]) == {}
    return run, variants


def make_events(run: RunItem, variants: dict[str, int], rng: random.Random) -> list[dict[str, Any]]:
    """What the people did, each event under an id of its own."""
    people, at = list(variants), int(run.scheduled_at.timestamp() * 1000)
    events = []
    for kind, number in EVENTS.items():
        for n in range(number):
            user, moment = rng.choice(people), at + rng.randrange(1_000, 86_400_000)
            entry = {"run": run.number, "variant": variants[user]}
            told = {"user_id": user, "at": moment}
            events.append(event(kind, f"{kind}-{n}", told, entry, rng.randrange(1, 90_000)))
    return events


def event(kind: str, event_id: str, told: dict[str, Any], entry: dict[str, int], value: int) -> dict[str, Any]:
    if kind in ("clicked", "opened"):
        return {"kind": kind, "id": event_id, **told, **entry, "link": 0}
    properties = {"item_id": GOAL_ITEM, "value": value} if kind == "purchase" else {"item_id": GOAL_ITEM}
    performed = {"id": event_id, **told, "event": kind, "received_at": told["at"]}
    return {"kind": "event", **performed, "properties": properties}


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
def dying(cloud: LocalCloud) -> Iterator[list[int]]:
    """Kill the recorder every few seconds, at random; who was killed."""
    rng, over, killed = random.Random(7), threading.Event(), list[int]()

    def kill() -> None:
        while len(killed) < KILLS and not over.wait(rng.uniform(2, 8)):
            for worker in workers_of(cloud, "Record")[:1]:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def truth(events: Sequence[dict[str, Any]], variants: dict[str, int]) -> dict[int, dict[str, Any]]:
    """What must be counted, per variant."""
    found: dict[int, dict[str, Any]] = {}
    for variant in (0, 1):
        mine = [e for e in events if variants[e["user_id"]] == variant]
        people = defaultdict(set)
        for each in mine:
            people[each.get("event", each["kind"])].add(each["user_id"])
        found[variant] = {
            "sent": sum(v == variant for v in variants.values()),
            "clicked": len(people["clicked"]),
            "opened": len(people["opened"]),
            "converted": len(people["purchase"]),
            "revenue": sum(e["properties"]["value"] for e in mine if e.get("event") == "purchase"),
            "view_item": len(people["view_item"]),
        }
    return found


def test_every_count_and_every_sum_is_exact(stack: Stack, cloud: LocalCloud):
    rng = random.Random(20_261_123)
    people = [f"counted-{n}" for n in range(PEOPLE)]
    run, variants = make_run(stack, people, rng)
    events = make_events(run, variants, rng)
    # Handed over, as dispatch would have counted it.
    by_variant = Counter(variants.values())
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

    with queue_with(stack, "EventQueueUrl", VisibilityTimeout="30", RedrivePolicy=patient), dying(cloud) as killed:
        delivered = deliver(stack, events, rng)
        eventually(lambda: queue_is_dry(stack, "EventQueueUrl"), "all of it is recorded", LIMIT)
    took = time.monotonic() - began

    told = bootstrap.build_reporter(stack.settings).report(run.run)
    counted = {
        n: {
            **{key: arm[key] for key in ("sent", "clicked", "opened", "converted", "revenue")},
            "view_item": arm["also"]["view_item"]["people"],
        }
        for n, arm in enumerate(arm for arm in told["variants"] if not arm["holdout"])
    }
    assert killed
    assert counted == truth(events, variants)
    assert {entry.state for u in people[:100] if (entry := stack.ledgers.get_many([u])[u].entry(run.number))} == {
        State.SENT
    }
    print(f"{len(events):,} events delivered {delivered:,} times, {len(killed)} recorders killed: {took:.0f} s")
    assert took <= LIMIT
