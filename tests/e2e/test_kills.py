"""Twenty thousand people, workers killed at random, every tenth message twice: nobody twice, nobody missing."""

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cli.local_cloud import LocalCloud
from cli.running import start
from cli.stack import Stack
from dangol.domain.ledger import State
from dangol.pipeline.steps import chunks_of, read_step, steps_prefix
from tests.e2e.audience import apply_to, consenting, ended, entries, queue_with, times_mailed, worked_off
from tests.e2e.conftest import eventually, recorded, status
from tests.e2e.test_robustness import adds_up, dispatch_workers

pytestmark = pytest.mark.full
PEOPLE = 20_000
KILLS = 12
SEED = 20_261_123


@contextmanager
def dying(cloud: LocalCloud) -> Iterator[list[int]]:
    """Kill a worker of dispatch every second or so, at random; who was killed."""
    rng, over, killed = random.Random(SEED), threading.Event(), list[int]()

    def kill() -> None:
        while len(killed) < KILLS and not over.wait(rng.uniform(0.5, 2.5)):
            for worker in rng.sample(workers := dispatch_workers(cloud), k=min(1, len(workers))):
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def every_tenth_again(stack: Stack, run: str) -> int:
    """Queue every tenth chunk of a run once more; how many."""
    keys = stack.objects.keys(steps_prefix(run), None, 1_000)
    chunks = [chunk for key in keys for chunk in chunks_of(run, key, read_step(stack.objects.get(key)))][::10]
    for chunk in chunks:
        stack.client("sqs").send_message(QueueUrl=stack.settings.send_queue_url, MessageBody=chunk.model_dump_json())
    return len(chunks)


def test_a_run_of_twenty_thousand_survives_kills_and_duplicates(stack: Stack, cloud: LocalCloud):
    people = consenting(stack, "hard", PEOPLE)
    apply_to(stack, "hard", rate="1000/s", holdout="10%")

    # Longer than the dead worker's lease of 15 seconds, and more tries than a worker is killed.
    dead = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["SendDeadLetterQueueUrl"], AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    patient = f'{{"deadLetterTargetArn": "{dead}", "maxReceiveCount": 50}}'
    with queue_with(stack, "SendQueueUrl", VisibilityTimeout="18", RedrivePolicy=patient):
        run = start(stack, "hard", None)["run"]
        eventually(lambda: stack.runs.get(run).state == "running", "it is released", 240)
        with dying(cloud) as killed:
            doubled = every_tenth_again(stack, run)
            told = eventually(lambda: (now := status(stack, run))["state"] == "finished" and now, "it ends", 600)
        worked_off(stack)
        recorded(stack)

    assert killed
    assert doubled >= PEOPLE // 1_000
    assert adds_up(told)
    assert told["audience"] == PEOPLE
    assert told["pending"] == 0
    assert status(stack, run) == told == ended(stack, run)
    found = entries(stack, people, run)
    by_state = Counter(entry.state for entry in found.values() if entry)
    assert (by_state[State.SENT], by_state[State.HELD_OUT]) == (told["sent"], told["held_out"])
    assert by_state[State.UNKNOWN] == told["unknown"]
    mailed = times_mailed(stack, people)
    assert set(mailed.values()) == {1}
    sent = {user for user, entry in found.items() if entry and entry.state is State.SENT}
    unknown = {user for user, entry in found.items() if entry and entry.state is State.UNKNOWN}
    assert sent <= mailed.keys() <= sent | unknown
    print(f"{len(killed)} workers killed, {doubled} chunks doubled: {told}, {len(mailed)} in the provider's log")
