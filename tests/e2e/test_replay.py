"""The queue is gone, clicks are not: `dangol replay` brings them back from the function's own log, once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from cli.local_cloud import LocalCloud
from cli.main import dangol
from cli.stack import Stack, clock_file
from dangol.domain.ledger import Flag
from tests.e2e.audience import LINK, PHONE, apply_to, consenting, entries, found, mails_of, run_to_end
from tests.e2e.conftest import Api, eventually, recorded

PEOPLE = 3


@contextmanager
def queue_gone(stack: Stack) -> Iterator[None]:
    """`track` sends to a queue that is not there."""
    client = stack.client("lambda")
    pages = stack.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack.name)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    (name,) = [r["PhysicalResourceId"] for r in resources if r["LogicalResourceId"] == "TrackFunction"]
    told = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**told, "EVENT_QUEUE_URL": f"{told['EVENT_QUEUE_URL']}-gone"}}
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": told})


@pytest.fixture
def mails(stack: Stack, cloud: LocalCloud) -> Iterator[tuple[str, dict[str, Any]]]:
    people = consenting(stack, "replayed", PEOPLE)
    apply_to(stack, "replayed")
    told = run_to_end(stack, "replayed")
    recorded(stack)
    # Whoever clicks within seconds of the send is a bot.
    clock_file(cloud.folder).write_text("60")
    yield told["run"], mails_of(stack, people)
    clock_file(cloud.folder).unlink(missing_ok=True)


def replayed(cloud: LocalCloud) -> Any:
    sender = "{name: shop, email: hello@shop.example}"
    written = f"project: shop\nstack: {cloud.stack}\ntimezone: Asia/Seoul\nsender: {sender}\n"
    (cloud.folder / "dangol.yaml").write_text(written)
    result = CliRunner().invoke(dangol, ["--local", "--project", str(cloud.folder), "replay", "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_clicks_without_a_queue_lead_on_and_count_once_after_two_replays(
    stack: Stack, api: Api, cloud: LocalCloud, mails: tuple[str, dict[str, Any]]
):
    run, sent = mails
    links = [found(LINK, mail["BodyText"]) for mail in sent.values()]

    with queue_gone(stack):
        answers = [api.request("GET", link, headers=PHONE) for link in links]
    told = eventually(lambda: (t := replayed(cloud))["queued"] >= PEOPLE and t, "the clicks stand in the log")
    replayed(cloud)
    recorded(stack)

    assert [answer.status for answer in answers] == [302] * PEOPLE
    assert (told["events"], told["unreadable"]) == (PEOPLE, 0)
    assert {entry and entry.flags for entry in entries(stack, list(sent), run).values()} == {Flag.CLICKED}
