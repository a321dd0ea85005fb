"""People for a test, and what became of them."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from cli.applying import Applied, apply
from cli.running import start
from cli.stack import Stack
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.profile import Profile
from tests.e2e.conftest import eventually, mails, queue_is_dry, status
from tests.shop_campaign import campaign, project

CONSENTED_AT = 1_700_000_000
LINK = re.compile(r"https?://\S+/c/[\w.\-]+")
WAY_OUT = re.compile(r"https?://\S+/u/[\w\-]+")
PIXEL = re.compile(r'src="(https?://[^"]+/o/[^"]+)"')
PHONE = {"user-agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Mobile Safari/537.36 KAKAOTALK 11.0.0"}


def known(stack: Stack) -> None:
    """Remember the traits of the people here, as an import would: what nobody has, no campaign may ask for."""
    stack.catalogue.add("traits", ["email", "name", "group"])


def consenting(stack: Stack, group: str, count: int) -> list[str]:
    """People of a group, with an address and consent to e-mail."""
    known(stack)
    people = [f"{group}{n}" for n in range(count)]
    traits = [{"email": f"{user}@example.com", "name": "지은", "group": group} for user in people]
    profiles = [Profile(user, traits=told) for user, told in zip(people, traits, strict=True)]
    for position in range(0, count, 50):
        part = people[position : position + 50]
        assert stack.profiles.put_many(profiles[position : position + 50]) == []
        assert stack.ledgers.put_many([Ledger(user, 1, {"email": CONSENTED_AT}) for user in part]) == {}
    return people


def apply_to(
    stack: Stack, group: str, *, campaign_id: str | None = None, rate: str = "1000/s", **changed: Any
) -> Applied:
    """Apply a campaign at one group, under the group's name where no other is given."""
    known(stack)
    wanted = campaign(audience={"trait": "group", "is": group}, **changed)
    within = project(channels={"email": {"provider": "ses", "rate": rate}})
    (applied,) = apply(stack, within, [(campaign_id or group, wanted)])
    return applied


def ended(stack: Stack, run: str) -> dict[str, Any]:
    """Wait for a run's end; its status then."""
    told: dict[str, Any] = eventually(lambda: (now := status(stack, run))["state"] == "finished" and now, f"{run} ends")
    return told


def run_to_end(stack: Stack, campaign_id: str) -> dict[str, Any]:
    """Run a campaign; its status when everybody has been decided."""
    return ended(stack, start(stack, campaign_id, None)["run"])


def mails_of(stack: Stack, people: list[str]) -> dict[str, dict[str, Any]]:
    """The latest e-mail of each person."""
    known = {f"{user}@example.com": user for user in people}
    return {known[mail["To"][0]]: mail for mail in mails(stack) if mail["To"][0] in known}


def times_mailed(stack: Stack, people: list[str]) -> Counter[str]:
    """How many e-mails each person got."""
    known = {f"{user}@example.com": user for user in people}
    return Counter(known[mail["To"][0]] for mail in mails(stack) if mail["To"][0] in known)


def entries(stack: Stack, people: list[str], run: str) -> dict[str, Entry | None]:
    """Each person's ledger entry of a run."""
    number = stack.runs.get(run).number
    return {user: ledger.entry(number) for user, ledger in stack.ledgers.get_many(people).items()}


def found(pattern: re.Pattern[str], text: str) -> str:
    """The first address of its kind in a message."""
    match = pattern.search(text)
    assert match, "the message lacks an address that it must have"
    return match[match.re.groups]


def worked_off(stack: Stack) -> None:
    """Wait until no scan and no chunk is left to be worked."""
    for queue in ("SegmentQueueUrl", "SendQueueUrl"):
        eventually(partial(queue_is_dry, stack, queue), f"{queue} is worked off")


def timers(stack: Stack, run: str) -> list[dict[str, Any]]:
    """The schedules on which a run's chunks wait."""
    client, group = stack.client("scheduler"), stack.outputs["ScheduleGroup"]
    number = stack.runs.get(run).number
    names = [known["Name"] for known in client.list_schedules(GroupName=group)["Schedules"]]
    return [client.get_schedule(Name=n, GroupName=group) for n in names if n.startswith(f"_{number}-")]


def due_soon(stack: Stack, timer: dict[str, Any]) -> None:
    """Have a schedule fire within seconds: it knows real time alone."""
    soon = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + 2))
    kept = ("Name", "GroupName", "ScheduleExpressionTimezone", "FlexibleTimeWindow", "ActionAfterCompletion", "Target")
    stack.client("scheduler").update_schedule(ScheduleExpression=f"at({soon})", **{name: timer[name] for name in kept})


@contextmanager
def queue_with(stack: Stack, output: str, **attributes: str) -> Iterator[None]:
    """Give a queue other attributes for a while, so that a redelivery does not take minutes."""
    sqs, url = stack.client("sqs"), stack.outputs[output]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(attributes))["Attributes"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes=attributes)
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)
