"""A person on the local cloud: told of, then forgotten, from every table and from the lake with its old versions."""

import gzip
import json

from cli.importing import Origin, import_profiles
from cli.local_cloud import LocalCloud
from cli.reading.profiles import ProfileRow
from cli.stack import Stack, clock_file
from dangol import bootstrap
from dangol.domain.suppression import forgotten_key
from tests.e2e.audience import LINK, PHONE, apply_to, consenting, found, mails_of, run_to_end
from tests.e2e.conftest import Api, recorded


def mentions(stack: Stack, user: str) -> list[str]:
    """Everything in the bucket, old versions too, and every item of the tables that names a person."""
    s3, bucket = stack.client("s3"), stack.settings.lake_bucket
    named = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        for version in page.get("Versions", []):
            key, told = version["Key"], {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
            body = s3.get_object(**told)["Body"].read()
            text = gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body
            if f'"{user}"'.encode() in text or f"{user}@example.com".encode() in text:
                named.append(key)
    for table in (stack.settings.profiles_table, stack.settings.ledger_table, stack.settings.outcomes_table):
        for page in stack.dynamodb.get_paginator("scan").paginate(TableName=table):
            named += [table for item in page["Items"] if item["user_id"]["S"] == user]
    return named


def test_a_person_is_told_of_and_forgotten_and_does_not_come_back(stack: Stack, cloud: LocalCloud, api: Api):
    people = consenting(stack, "person", 4)
    apply_to(stack, "person")
    run_to_end(stack, "person")
    mails = mails_of(stack, people)
    # A click within seconds of the send is a bot's.
    clock_file(cloud.folder).write_text("60")
    for user in people:
        api.request("GET", found(LINK, mails[user]["BodyText"]), headers=PHONE)
    api.batch(*({"type": "track", "userId": u, "event": "purchase", "messageId": f"p-{u}"} for u in people))
    recorded(stack)
    clock_file(cloud.folder).unlink()
    keeper = bootstrap.build_person_keeper(stack.settings)

    told = keeper.export("person1")
    assert json.loads(json.dumps(told)) == told
    assert told["ledger"]["messages"][0]["did"] == ["clicked"]
    assert [len(told["lake"][kind]) for kind in ("events", "engagement", "decisions", "runs")] == [1, 1, 1, 1]
    assert mentions(stack, "person1")
    others = {user: keeper.export(user) for user in people if user != "person1"}

    forgotten = keeper.forget("person1")

    assert (forgotten["profile"], forgotten["ledger"], forgotten["lake_rows"]) == (True, True, 4)
    assert mentions(stack, "person1") == []
    assert {user: keeper.export(user) for user in others} == others
    assert keeper.forget("person1")["lake_rows"] == 0

    api.batch({"type": "track", "userId": "person1", "event": "purchase"})
    api.batch({"type": "identify", "userId": "person1", "traits": {"email": "person1@example.com", "group": "person"}})
    recorded(stack)
    traits = {"email": "person1@example.com", "group": "person"}
    row = ProfileRow("person1", traits, consents={"email": True}, consented_at=None, night=None, row=1)
    import_profiles(stack, [row], Origin("list.csv"), lambda _: None)
    # A campaign of its own: a second run of this one within the same second is the first run.
    apply_to(stack, "person", campaign_id="person-again")
    again = run_to_end(stack, "person-again")
    recorded(stack)

    assert mentions(stack, "person1") == []
    assert again["audience"] == 3
    assert stack.ledgers.get_many([forgotten_key("person1")])[forgotten_key("person1")].suppressed
