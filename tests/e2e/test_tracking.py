"""Clicks, opt-outs and events through the deployed HTTP API, from the addresses in the mails that were sent."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from cli.local_cloud import LocalCloud
from cli.stack import Stack, clock_file
from dangol import bootstrap
from dangol.domain.ledger import Flag
from tests.e2e.audience import (
    LINK,
    PHONE,
    PIXEL,
    WAY_OUT,
    apply_to,
    consenting,
    entries,
    found,
    mails_of,
    run_to_end,
)
from tests.e2e.conftest import Api, recorded

DESTINATION = "https://shop.example/new"


@dataclass(frozen=True)
class Sent:
    """A run that has ended, with the mails that it sent."""

    stack: Stack
    api: Api
    run: str
    mails: dict[str, dict[str, Any]]

    def ask(self, method: str, url: str, headers: Any = PHONE) -> Any:
        """Make a request as a person's phone would; see that it is recorded."""
        answer = self.api.request(method, url, headers=headers)
        recorded(self.stack)
        return answer

    def link(self, user: str) -> str:
        return found(LINK, self.mails[user]["BodyText"])

    def flags(self, user: str) -> Flag:
        entry = entries(self.stack, [user], self.run)[user]
        assert entry
        return entry.flags

    def counted(self) -> dict[str, int]:
        """What the report counts of engagement: people, and times in all."""
        report = bootstrap.build_reporter(self.stack.settings).report(self.run)
        kinds = ("opened", "clicked", "unsubscribed", "bot_clicked", "machine_opened")
        people = {kind: sum(arm[kind] for arm in report["variants"]) for kind in kinds}
        return {**people, **{f"{kind}_times": times for kind, times in report["totals"].items()}}

    def added(self, before: dict[str, int]) -> dict[str, int]:
        """What is counted now and was not before."""
        return {kind: n - before[kind] for kind, n in self.counted().items() if n != before[kind]}


@pytest.fixture(scope="module")
def sent(stack: Stack, api: Api, cloud: LocalCloud) -> Iterator[Sent]:
    people = consenting(stack, "reader", 8)
    apply_to(stack, "reader")
    told = run_to_end(stack, "reader")
    recorded(stack)
    # Whoever clicks within seconds of the send is a bot.
    clock_file(cloud.folder).write_text("60")
    yield Sent(stack, api, told["run"], mails_of(stack, people))
    clock_file(cloud.folder).unlink(missing_ok=True)


def test_a_click_leads_to_its_destination_and_counts_the_person_once(sent: Sent):
    before = sent.counted()

    answers = [sent.ask("GET", sent.link("reader0")) for _ in range(3)]

    assert [(answer.status, answer.headers["location"]) for answer in answers] == [(302, DESTINATION)] * 3
    assert sent.added(before) == {"clicked": 1, "clicked_times": 3}
    assert sent.flags("reader0") == Flag.CLICKED


def test_an_open_counts_the_person_once(sent: Sent):
    before = sent.counted()
    pixel = found(PIXEL, sent.mails["reader1"]["BodyHtml"])

    answers = [sent.ask("GET", pixel) for _ in range(2)]

    assert [(answer.status, answer.headers["content-type"]) for answer in answers] == [(200, "image/gif")] * 2
    assert sent.added(before) == {"opened": 1, "opened_times": 2}


def test_head_is_answered_and_counts_nothing(sent: Sent):
    before = sent.counted()

    answer = sent.ask("HEAD", sent.link("reader2"))

    assert (answer.status, answer.headers["location"]) == (302, DESTINATION)
    assert sent.added(before) == {}
    assert sent.flags("reader2") == Flag(0)


def tampered(link: str, how: str, other: str) -> str:
    base, _, token = link.rpartition("/")
    mark, _, destination = token.partition(".")
    changed = {
        "one letter": f"{mark[:14]}{'A' if mark[14] != 'A' else 'B'}{mark[15:]}.{destination}",
        "no destination": mark,
        "another destination": f"{mark}.aHR0cHM6Ly9ldmlsLmV4YW1wbGU",
        "another's way out": other.rpartition("/")[2],
        "cut off": token[:20],
    }
    return f"{base}/{changed[how]}"


@pytest.mark.parametrize("how", ["one letter", "no destination", "another destination", "another's way out", "cut off"])
def test_a_link_that_was_tampered_with_leads_nowhere_and_counts_nothing(sent: Sent, how: str):
    before = sent.counted()
    way_out = found(WAY_OUT, sent.mails["reader4"]["BodyText"])

    answer = sent.ask("GET", tampered(sent.link("reader3"), how, way_out))

    assert answer.status == 404
    assert answer.headers["location"] is None
    assert sent.added(before) == {}
    assert sent.flags("reader3") == sent.flags("reader4") == Flag(0)


def test_looking_at_the_way_out_changes_nothing(sent: Sent):
    before, ledger = sent.counted(), sent.stack.ledgers.get_many(["reader5"])["reader5"]

    answer = sent.ask("GET", found(WAY_OUT, sent.mails["reader5"]["BodyText"]))

    assert (answer.status, "수신거부하기" in answer.text) == (200, True)
    assert sent.stack.ledgers.get_many(["reader5"])["reader5"] == ledger
    assert sent.added(before) == {}


def test_an_opt_out_is_in_effect_before_its_answer_and_the_next_run_leaves_the_person_out(sent: Sent):
    before = sent.counted()
    way_out = found(WAY_OUT, sent.mails["reader6"]["BodyText"])

    answer = sent.api.request("POST", way_out, headers=PHONE)
    ledger = sent.stack.ledgers.get_many(["reader6"])["reader6"]
    assert (answer.status, ledger.consented("email")) == (200, False)
    again = sent.ask("POST", way_out)

    assert again.status == 200
    assert sent.added(before) == {"unsubscribed": 1, "unsubscribed_times": 2}
    told = run_to_end(sent.stack, "reader")
    assert (told["audience"], told["sent"], told["skipped"]) == (8, 7, {"no_consent": 1})


def test_what_is_chosen_on_the_page_stands_at_once_with_its_evidence_and_is_told_to_the_person(sent: Sent):
    way_out = found(WAY_OUT, sent.mails["reader5"]["BodyText"])
    form = {**PHONE, "content-type": "application/x-www-form-urlencoded"}

    answer = sent.api.request("POST", way_out, b"action=save&shown=email&want=email&pace=7", form)

    ledger = sent.stack.ledgers.get_many(["reader5"])["reader5"]
    assert (answer.status, ledger.consented("email"), ledger.pace) == (200, True, 7)
    sent.api.request("POST", way_out, b"List-Unsubscribe=One-Click", form)
    back = sent.api.request("POST", way_out, b"action=back", form)
    assert back.status == 200
    assert sent.stack.ledgers.get_many(["reader5"])["reader5"].consented("email")
    recorded(sent.stack)
    said = evidence_of(sent.stack, "reader5")
    assert [(told["method"], told["consents"].get("email"), told.get("pace")) for told in said] == [
        ("page", None, 7),
        ("one_click", False, None),
        ("page", True, None),
    ]
    # Two notices wait: of the refusal, which will be overtaken, and of the consent.
    asked = {"QueueUrl": sent.stack.outputs["SendQueueUrl"], "AttributeNames": ["ApproximateNumberOfMessagesDelayed"]}
    queue = sent.stack.client("sqs").get_queue_attributes(**asked)
    assert int(queue["Attributes"]["ApproximateNumberOfMessagesDelayed"]) >= 2


def test_consent_that_an_app_tells_of_is_in_the_ledger_unless_something_newer_was_said(sent: Sent):
    preferences = {"context": {"consent": {"categoryPreferences": {"push": True}, "wording": "v1"}}}
    call = {"type": "identify", "userId": "app-user", "traits": {"plan": "pro"}, **preferences}

    sent.api.batch({**call, "timestamp": "2026-01-01T00:00:00Z"})
    recorded(sent.stack)
    first = sent.stack.ledgers.get_many(["app-user"])["app-user"]
    no = {"context": {"consent": {"categoryPreferences": {"push": False}}}}
    sent.api.batch({**call, **no, "timestamp": "2025-01-01T00:00:00Z"})
    recorded(sent.stack)

    assert first.consents == {"push": 1_767_225_600}
    assert sent.stack.ledgers.get_many(["app-user"])["app-user"] == first
    assert [told["source"] for told in evidence_of(sent.stack, "app-user")] == ["app", "app"]


def evidence_of(stack: Stack, user_id: str) -> list[dict[str, Any]]:
    """What the lake holds of somebody's statements, the oldest first."""
    keys = stack.objects.keys("events/", None, 1_000)
    rows = [json.loads(line) for key in keys for line in gzip.decompress(stack.objects.get(key)).splitlines()]
    theirs = {row["id"]: row for row in rows if row["kind"] == "consent" and row["user_id"] == user_id}
    told = sorted(theirs.values(), key=lambda row: str(row["received_at"]))
    return [{"source": row["source"], **json.loads(row["properties"])} for row in told]


def test_a_batch_keeps_the_good_events_and_names_the_bad(sent: Sent):
    bought = {"event": "purchase", "properties": {"item_id": "new", "value": 990}}
    good = [{"type": "track", "userId": "reader7", "messageId": f"order-{n}", **bought} for n in range(2)]
    bad: list[Any] = [{"type": "track", "event": "purchase"}, {"type": "track", "userId": "reader7"}, "purchase"]

    told = sent.api.batch(good[0], *bad, good[1], good[0])
    recorded(sent.stack)

    assert (told["success"], told["accepted"]) == (False, 3)
    assert [(r["index"], r["field"]) for r in told["rejected"]] == [(1, "userId"), (2, "event"), (3, "batch[3]")]
    history = sent.stack.profiles.get_many(["reader7"])["reader7"].histories["purchase"]
    assert (history.count, history.total) == (2, 2 * 990 * 10_000)


def test_a_batch_without_the_write_key_is_refused(sent: Sent):
    body = {"batch": [{"type": "track", "userId": "reader0", "event": "stolen"}]}

    answer = sent.api.request("POST", "/v1/batch", body, {"authorization": "Basic d3Jvbmc6"})
    recorded(sent.stack)

    assert answer.status == 401
    assert "stolen" not in sent.stack.profiles.get_many(["reader0"])["reader0"].histories


def test_the_report_is_for_those_with_its_key(sent: Sent):
    recorded(sent.stack)
    path, key = f"/v1/reports/{sent.run}", sent.stack.parameters.secret("report-key")

    answer = sent.ask("GET", path, {"authorization": f"Bearer {key}"})
    refused = [sent.ask("GET", path, headers) for headers in ({}, {"authorization": f"Bearer {key[:-1]}"})]
    missing = sent.ask("GET", "/v1/reports/nothing", {"authorization": f"Bearer {key}"})

    told, expected = json.loads(answer.text), bootstrap.build_reporter(sent.stack.settings).report(sent.run)
    assert answer.status == 200
    assert moment_apart(told) == moment_apart(expected)
    assert [each.status for each in (*refused, missing)] == [401, 401, 404]
    assert sent.run not in "".join(each.text for each in refused)


def moment_apart(report: dict[str, Any]) -> dict[str, Any]:
    """A report without the moment at which it was asked for."""
    goal = {name: value for name, value in report["goal"].items() if name != "data_until"}
    return {**report, "goal": goal}
