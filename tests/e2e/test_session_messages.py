"""Messages inside a session on the local cloud: placed by dispatch, claimed at the edge, ended with their run."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.running import start
from cli.stack import Stack
from dangol import bootstrap
from dangol.contracts import Release
from dangol.domain.ledger import Flag, State
from dangol.domain.session_token import session_token
from dangol.ports import RunItem
from tests.e2e.audience import apply_to, consenting, ended, entries
from tests.e2e.conftest import Api, eventually, recorded, status

MESSAGE = {
    "title": "첫 강의는 반값으로",
    "text": "지금 받으세요.",
    "cta": {"label": "받기", "link": "https://shop.example/"},
}


class Site:
    """A site whose visitors are shown what waits for them."""

    def __init__(self, stack: Stack, api: Api) -> None:
        self.stack, self.api = stack, api
        self.secret = stack.parameters.secret("session-key")

    def visit(self, user_id: str, query: str = "page=/") -> Any:
        """What a person with a token is shown."""
        # The stack's clock may be ahead.
        until = self.stack.clock.now() + timedelta(days=1)
        headers = {"authorization": f"Bearer {session_token(user_id, self.secret, until)}"}
        answer = self.api.request("GET", f"/v1/messages?{query}", None, headers)
        assert answer.status == 200, answer.text  # type: ignore[attr-defined]
        return json.loads(answer.text)  # type: ignore[attr-defined]

    def tell(self, event: str, message: Any) -> None:
        """Say what became of a message."""
        told = {"event": f"message_{event}", "send_id": message["send_id"]}
        assert self.api.request("POST", "/v1/messages", told).status == 200


@pytest.fixture
def site(stack: Stack, api: Api, clock: Path) -> Iterator[Site]:
    site = Site(stack, api)
    yield site
    clock.unlink(missing_ok=True)


def waiting(stack: Stack) -> set[str]:
    """For whom something waits."""
    items = stack.dynamodb.scan(TableName=stack.settings.messages_table)["Items"]
    return {item["user_id"]["S"] for item in items}


def placed(stack: Stack, group: str, count: int, **changed: Any) -> tuple[list[str], str]:
    """People for whom a message waits, and its run."""
    people = consenting(stack, group, count)
    apply_to(stack, group, channel="in_web", message=MESSAGE, variants=None, **changed)
    run = start(stack, group, None)["run"]
    eventually(lambda: set(people) <= waiting(stack), "everybody's message waits")
    return people, run


def test_whoever_is_there_is_claimed_once_and_the_run_ends_with_everybody_in_one_state(stack: Stack, site: Site):
    people, run = placed(stack, "session", 6)
    assert status(stack, run)["pending"] == 6

    with ThreadPoolExecutor(3) as sessions:
        answers = list(sessions.map(site.visit, [people[0]] * 12))
    (message,) = answers[0]["messages"]
    assert {answer["messages"][0]["send_id"] for answer in answers} == {message["send_id"]}
    (second,) = site.visit(people[1])["messages"]
    for _ in range(2):
        site.tell("shown", message)
        site.tell("clicked", message)
    site.tell("dismissed", second)
    recorded(stack)

    assert site.visit(people[0])["messages"] == site.visit(people[1])["messages"] == []
    found = entries(stack, people, run)
    first = found[people[0]]
    assert first is not None
    assert (first.state, first.flags) == (State.SENT, Flag.SHOWN | Flag.CLICKED)
    assert [user for user, entry in found.items() if entry] == people[:2]
    item: RunItem = stack.runs.get(run)
    bootstrap.build_controller(stack.settings).cancel(item)
    eventually(lambda: not waiting(stack) & set(people), "nothing waits any longer")
    told = eventually(lambda: (now := status(stack, run))["skipped"] and now, "everybody has an end")
    assert (told["sent"], told["skipped"], told["pending"]) == (2, {"campaign_stopped": 4}, 0)
    assert site.visit(people[2]) == {"messages": [], "waiting": []}
    arms = {arm["name"]: arm for arm in bootstrap.build_reporter(stack.settings).report(run)["variants"]}
    assert [(arm["sent"], arm["shown"], arm["clicked"]) for arm in arms.values() if arm["sent"]] == [(2, 1, 1)]


def test_when_its_time_is_over_whoever_was_not_there_is_skipped(stack: Stack, site: Site, clock: Path):
    people, run = placed(stack, "late", 4, holdout="100%", limits={"expires": "2d"})
    assert site.visit(people[0])["messages"] == []

    clock.write_text(str(2 * 86_400 + 60))
    eventually(lambda: stack.clock.now() > datetime.now(UTC) + timedelta(days=1), "the clock has moved")
    assert site.visit(people[1])["messages"] == []
    tasks = stack.client("sqs")
    order = Release(run=run, again=True, due=stack.clock.now().timestamp()).model_dump_json()
    tasks.send_message(QueueUrl=stack.outputs["SegmentQueueUrl"], MessageBody=order)

    told = ended(stack, run)
    assert (told["sent"], told["held_out"], told["skipped"]) == (0, 1, {"expired": 3})
