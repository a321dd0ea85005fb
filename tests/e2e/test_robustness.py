"""Workers die, messages come twice, messages are poison: nobody gets two mails, and nobody is lost."""

import json
import os
import re
import signal
import subprocess
from collections import Counter
from typing import Any

import pytest

from cli.local_cloud import LocalCloud
from cli.running import start
from cli.stack import Stack
from dangol.adapters.throttle import DynamoThrottle
from dangol.contracts import Release, ScanStep
from dangol.domain.ledger import State
from dangol.pipeline.segment import READS
from dangol.pipeline.steps import chunks_of, read_step, steps_prefix
from tests.e2e.audience import apply_to, consenting, ended, entries, queue_with, run_to_end, times_mailed, worked_off
from tests.e2e.conftest import eventually, queue_is_dry, recorded, status

SUMMED = ("sent", "held_out", "unknown", "pending")
POISON = {
    "Send": ["{", json.dumps({"run": "nothing", "chunk": "0", "size": 0, "indexes": [], "recipients": []})],
    "Event": ["{", json.dumps({"kind": "performance"})],
}


def adds_up(told: dict[str, Any]) -> bool:
    """Whether the states of a run come to its audience."""
    reasoned = sum(sum(told[what].values()) for what in ("skipped", "failed"))
    return bool(told["audience"] == sum(told[what] for what in SUMMED) + reasoned)


def dispatch_workers(cloud: LocalCloud) -> list[int]:
    """The processes in which this cloud's emulator runs dispatch."""
    return workers_of(cloud, "Dispatch")


def workers_of(cloud: LocalCloud, function: str) -> list[int]:
    """The processes in which this cloud's emulator runs a function."""
    state = cloud.state()
    assert state
    told = subprocess.run(["ps", "-ww", "-eo", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(maxsplit=2) for line in told.splitlines()]
    worker = re.compile(rf"/ministack-lambda-{cloud.stack}-{function}Function")
    return [int(pid) for pid, parent, words in rows if int(parent) == state["pid"] and worker.search(words)]


def journal(stack: Stack, run: str) -> str:
    """The states of all recipients in the chunks that have been taken; a capital is counted."""
    rows = stack.dynamodb.query(
        TableName=stack.settings.campaigns_table,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :chunk)",
        ExpressionAttributeValues={":pk": {"S": f"run#{run}"}, ":chunk": {"S": "chunk#"}},
        ConsistentRead=True,
    )["Items"]
    return "".join(row["states"]["S"] for row in rows)


def test_a_worker_that_dies_leaves_nobody_out_and_mails_nobody_twice(stack: Stack, cloud: LocalCloud):
    people = consenting(stack, "killed", 60)
    # Two a call, fifty in two and a half seconds.
    apply_to(stack, "killed", rate="20/s")

    # Longer than the dead worker's lease of 15 seconds.
    with queue_with(stack, "SendQueueUrl", VisibilityTimeout="18"):
        run = start(stack, "killed", None)["run"]
        eventually(lambda: journal(stack, run).count("s") >= 10, "some are sent to", 30)
        workers = workers_of(cloud, "Dispatch")
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        told = ended(stack, run)

    assert workers
    assert adds_up(told)
    # Those of the call that was under way: nobody can know, so nobody tries again.
    assert (told["sent"], told["unknown"]) == (len(people) - 2, 2)
    assert Counter(journal(stack, run)) == {"S": len(people) - 2, "U": 2}
    states = Counter(entry.state for entry in entries(stack, people, run).values() if entry)
    assert states == {State.SENT: len(people) - 2, State.UNKNOWN: 2}
    mailed = times_mailed(stack, people)
    assert set(mailed.values()) == {1}
    assert len(mailed) >= told["sent"]


def test_a_scan_that_dies_and_tasks_that_come_twice_give_the_same_audience(stack: Stack, cloud: LocalCloud):
    people = consenting(stack, "scanned", 60)
    apply_to(stack, "scanned")
    throttle = DynamoThrottle(stack.dynamodb, stack.settings.campaigns_table, horizon=3.0)

    with queue_with(stack, "SegmentQueueUrl", VisibilityTimeout="5"):
        # The table is taken for a moment, so that the scan is waiting in the midst of its step.
        taken_until = throttle.reserve(READS, 100, 180, stack.clock.seconds())
        assert taken_until
        run = start(stack, "scanned", None)["run"]
        eventually(lambda: reads_taken(stack) > taken_until + 1.8, "the scan has a slot", 30)
        workers = workers_of(cloud, "Segment")
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        for _ in range(2):
            again = ScanStep(run=run, task=0, tasks=stack.runs.get(run).tasks).model_dump_json()
            stack.client("sqs").send_message(QueueUrl=stack.settings.segment_queue_url, MessageBody=again)
        told = ended(stack, run)
        worked_off(stack)

    assert workers
    assert (told["audience"], told["sent"]) == (len(people), len(people))
    assert status(stack, run) == told
    assert times_mailed(stack, people) == dict.fromkeys(people, 1)


def reads_taken(stack: Stack) -> float:
    """Up to when slots for reading the people are taken, in epoch seconds."""
    key = {"pk": {"S": f"throttle#{READS}"}, "sk": {"S": "lease"}}
    found = stack.dynamodb.get_item(TableName=stack.settings.campaigns_table, Key=key, ConsistentRead=True)
    return float(found["Item"]["tat"]["N"])


def test_chunks_that_come_again_and_again_are_sent_once(stack: Stack):
    people = consenting(stack, "repeated", 130)
    apply_to(stack, "repeated")

    with queue_with(stack, "SendQueueUrl", VisibilityTimeout="5"):
        run = start(stack, "repeated", None)["run"]
        eventually(lambda: status(stack, run)["audience"] and stack.runs.get(run).state == "running", "it is released")
        send_again(stack, run, times=2)
        told = ended(stack, run)
        send_again(stack, run, times=1)
        worked_off(stack)

    assert status(stack, run) == status(stack, "repeated") == told
    assert (told["audience"], told["sent"]) == (len(people), len(people))
    assert times_mailed(stack, people) == dict.fromkeys(people, 1)


def send_again(stack: Stack, run: str, *, times: int) -> None:
    """Queue every chunk of a run again, and its release too, as a queue that delivers twice would."""
    keys = stack.objects.keys(steps_prefix(run), None, 100)
    chunks = [chunk for key in keys for chunk in chunks_of(run, key, read_step(stack.objects.get(key)))]
    sqs = stack.client("sqs")
    for _ in range(times):
        for chunk in chunks:
            sqs.send_message(QueueUrl=stack.settings.send_queue_url, MessageBody=chunk.model_dump_json())
        release = Release(run=run).model_dump_json()
        sqs.send_message(QueueUrl=stack.settings.segment_queue_url, MessageBody=release)


@pytest.mark.parametrize("queue", ["Send", "Event"])
def test_a_message_that_cannot_be_read_ends_in_the_dead_letter_queue(stack: Stack, queue: str):
    dead = stack.outputs[f"{queue}DeadLetterQueueUrl"]
    redrive = json.loads(attribute(stack, f"{queue}QueueUrl", "RedrivePolicy"))
    sooner = {"VisibilityTimeout": "3", "RedrivePolicy": json.dumps({**redrive, "maxReceiveCount": 2})}

    with queue_with(stack, f"{queue}QueueUrl", **sooner):
        send(stack, queue, POISON[queue])
        bodies: list[str] = []
        eventually(lambda: len(taken(stack, dead, bodies)) >= len(POISON[queue]), "the poison is put aside")
        eventually(lambda: queue_is_dry(stack, f"{queue}QueueUrl"), "the queue is free of it")

    assert sorted(bodies) == sorted(POISON[queue])


def test_poison_does_not_harm_what_comes_with_it(stack: Stack):
    people = consenting(stack, "beside", 3)
    apply_to(stack, "beside")
    bought = {"kind": "event", "id": "order-1", "user_id": people[0], "event": "purchase", "at": 1, "received_at": 1}

    with (
        queue_with(stack, "EventQueueUrl", VisibilityTimeout="3"),
        queue_with(stack, "SendQueueUrl", VisibilityTimeout="15"),
    ):
        send(stack, "Event", [*POISON["Event"], json.dumps(bought)])
        send(stack, "Send", POISON["Send"])
        told = run_to_end(stack, "beside")
        eventually(lambda: "purchase" in stack.profiles.get_many(people)[people[0]].histories, "the event is recorded")
        clear(stack)

    assert told["sent"] == len(people)
    assert stack.profiles.get_many(people)[people[0]].histories["purchase"].count == 1
    recorded(stack)


def attribute(stack: Stack, output: str, name: str) -> str:
    told = stack.client("sqs").get_queue_attributes(QueueUrl=stack.outputs[output], AttributeNames=[name])
    return str(told["Attributes"][name])


def send(stack: Stack, queue: str, bodies: list[str]) -> None:
    """Queue messages by one call, so that they come in one batch."""
    batch = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)]
    stack.client("sqs").send_message_batch(QueueUrl=stack.outputs[f"{queue}QueueUrl"], Entries=batch)


def taken(stack: Stack, url: str, bodies: list[str]) -> list[str]:
    """Take what waits out of a queue; `bodies` with that added."""
    sqs = stack.client("sqs")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    bodies += [message["Body"] for message in messages]
    return bodies


def clear(stack: Stack) -> None:
    """Take the poison away."""
    for output in ("SendQueueUrl", "EventQueueUrl"):
        stack.client("sqs").purge_queue(QueueUrl=stack.outputs[output])
