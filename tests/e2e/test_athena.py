"""What Athena reads from the lake is what its files hold."""

import json

from cli.stack import Stack
from dangol import bootstrap
from dangol.adapters.lake_files import LakeFiles
from tests.e2e.audience import LINK, PHONE, PIXEL, WAY_OUT, apply_to, consenting, found, mails_of, run_to_end
from tests.e2e.conftest import Api, recorded


def test_athena_counts_every_event_once_as_the_files_do(stack: Stack, api: Api):
    people = consenting(stack, "asked", 4)
    apply_to(stack, "asked")
    run = run_to_end(stack, "asked")["run"]
    letters = mails_of(stack, people)
    for user in people[:3]:
        assert api.request("GET", found(LINK, letters[user]["BodyText"]), headers=PHONE).status == 302
    assert api.request("GET", found(LINK, letters[people[0]]["BodyText"]), headers=PHONE).status == 302
    assert api.request("GET", found(PIXEL, letters[people[1]]["BodyHtml"]), headers=PHONE).status == 200
    assert api.request("POST", found(WAY_OUT, letters[people[3]]["BodyText"]), headers=PHONE).status == 200
    recorded(stack)
    number = stack.runs.get(run).number
    twice = {"kind": "clicked", "id": "again", "run": number, "user_id": people[0], "variant": 0, "link": 0, "at": 1}
    for _ in range(2):
        stack.client("sqs").send_message(QueueUrl=stack.settings.event_queue_url, MessageBody=json.dumps(twice))
        recorded(stack)

    totals = bootstrap.athena_lake(stack.settings).totals(run)

    assert totals == LakeFiles(stack.objects).totals(run)
    assert totals == {"clicked": 5, "opened": 1, "unsubscribed": 1}
    since = stack.runs.get(run).scheduled_at.date()
    for person in people:
        traces = bootstrap.athena_lake(stack.settings).of_person(person, run, since)
        assert list(traces) == LakeFiles(stack.objects).of_person(person, run, since)
        assert "decided" in [trace["kind"] for trace in traces]
    assert bootstrap.athena_lake(stack.settings).totals(f"{run}0") == {"clicked": 0, "opened": 0, "unsubscribed": 0}
