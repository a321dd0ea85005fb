"""AUTH=true: the roles carry the stages, and no stage works without its right."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cli.applying import apply
from cli.running import start
from cli.stack import Stack
from dangol import bootstrap
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from tests.e2e.conftest import eventually, mails, status
from tests.shop_campaign import campaign, project

PEOPLE = [f"perm{n}" for n in range(20)]


@pytest.fixture(scope="module")
def shop(emptied: Stack) -> Stack:
    """Twenty people who consented, and a campaign for them."""
    people = [Profile(user, traits={"email": f"{user}@example.com", "name": "지은"}) for user in PEOPLE]
    assert emptied.profiles.put_many(people) == []
    assert emptied.ledgers.put_many([Ledger(user, 1, {"email": 1_700_000_000}) for user in PEOPLE]) == {}
    apply(emptied, project(), [("permitted", campaign()), ("forbidden", campaign())])
    return emptied


@contextmanager
def without(stack: Stack, role: str, action: str) -> Iterator[None]:
    """Take one action out of every statement of a role's policy, and put it back at the end."""
    iam = stack.client("iam")
    pages = iam.get_paginator("list_roles").paginate()
    name = next(
        r["RoleName"] for page in pages for r in page["Roles"] if r["RoleName"].startswith(f"{stack.name}-{role}")
    )
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    before = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(_taken(before, action)))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(before))


def _taken(document: dict[str, Any], action: str) -> dict[str, Any]:
    statements = []
    for statement in document["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        left = [a for a in actions if a != action]
        if left:
            statements.append({**statement, "Action": left})
    return {**document, "Statement": statements}


def test_without_the_right_to_send_nobody_has_failed_and_with_it_the_run_goes_on(shop):
    with without(shop, "DispatchRole", "ses:SendBulkEmail"):
        run = start(shop, "forbidden", None)["run"]
        paused = eventually(lambda: (s := status(shop, run))["state"] == "paused" and s, "the run pauses")

    assert "AccessDenied" in paused["stopped_because"]
    assert (paused["sent"], paused["failed"], paused["pending"]) == (0, {}, len(PEOPLE))
    assert not [mail for mail in mails(shop) if mail["To"][0].startswith("perm")]
    bootstrap.build_controller(shop.settings).resume(shop.runs.get(run))
    ended = eventually(lambda: (s := status(shop, run))["state"] == "finished" and s, "the run ends")
    assert ended["sent"] == len(PEOPLE)


def test_with_its_rights_the_same_campaign_reaches_everybody(shop):
    run = start(shop, "permitted", None)["run"]

    ended = eventually(lambda: (s := status(shop, run))["state"] == "finished" and s, "the run ends")

    assert ended["sent"] == len(PEOPLE)
    mailed = Counter(m["To"][0] for m in mails(shop) if m["To"][0].startswith("perm"))
    # The other campaign reached them before.
    assert mailed == {f"{user}@example.com": 2 for user in PEOPLE}
