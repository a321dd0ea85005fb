"""A test goes the road of all messages and counts nowhere."""

from typing import Any

import pytest

from dangol.contracts import SendTest
from dangol.domain.errors import DoubtError, RejectedError
from dangol.domain.tracking import NO_RUN, verify
from dangol.pipeline.trial import Trial
from dangol.ports import Refused
from tests.actors import SENDER
from tests.dispatching import KEYS
from tests.fakes import FakeClock, FakeShortLinks, FakeThrottle, RecordingChannel
from tests.shop_campaign import LINK_BASE, campaign, project, recipient


class Desk:
    """Somebody who sends tests."""

    def __init__(self) -> None:
        self.channel, self.throttle, self.clock = RecordingChannel(), FakeThrottle(), FakeClock()
        self.short_links = FakeShortLinks()
        self.trial = Trial(lambda: KEYS, lambda *_: self.channel, self.throttle, self.short_links, self.clock)

    def send(self, traits: dict[str, Any] | None = None, within: Any = None, **changed: Any) -> dict[str, Any]:
        dumped = [m.model_dump(mode="json", by_alias=True) for m in (campaign(**changed), within or project())]
        told = recipient("u1", address="me@shop.example", traits=traits or {})
        order = SendTest(campaign=dumped[0], project=dumped[1], link_base=LINK_BASE, recipient=told, variant=0)
        return self.trial.send(SendTest.model_validate_json(order.model_dump_json()))


def test_a_test_is_rendered_labelled_marked_and_handed_over():
    desk = Desk()

    told = desk.send({"name": "지은"})

    assert told == {"outcome": "sent", "provider": "ses", "provider_id": "id-u1", "reason": None}
    (message,) = desk.channel.taken
    assert (message.address, message.subject) == ("me@shop.example", "(광고) [테스트] 지은님")
    assert "단골상점" in message.text
    assert message.headers["List-Unsubscribe-Post"]


def test_its_links_belong_to_no_run():
    desk = Desk()
    desk.send()

    (message,) = desk.channel.taken

    token = message.text.partition("/c/")[2].split()[0]
    mark, destination = verify(token, KEYS)
    assert (mark.run, destination) == (NO_RUN, "https://shop.example/new")
    assert message.reference == "0:u1"


def test_information_without_a_subject_is_marked_in_its_text():
    desk = Desk()

    plain: dict[str, Any] = {"channel": "console", "message": {"text": "글"}, "variants": []}
    desk.send(within=project(locale="en"), purpose="information", **plain)

    assert desk.channel.taken[0].text.startswith("[test] 글")


def test_a_text_message_is_marked_behind_its_label_and_its_length_counts_the_mark():
    desk = Desk()
    words: dict[str, Any] = {"channel": "sms", "variants": [], "message": {"text": "가" * 21}}

    desk.send(within=project(sender={**SENDER, "refusal_number": "080-000-0000"}), **words)

    (message,) = desk.channel.taken
    assert message.text.startswith("(광고) [테스트]단골상점\n가")
    assert (message.kind, message.advertising) == ("lms", True)


def test_a_test_of_an_lms_is_one_however_short():
    desk = Desk()

    desk.send(channel="lms", variants=[], message={"text": "짧은 글"}, purpose="information")

    assert desk.channel.taken[0].kind == "lms"


def test_information_is_marked_in_front():
    desk = Desk()

    desk.send(purpose="information")

    assert desk.channel.taken[0].subject == "[테스트] 고객님"


def test_a_value_that_nobody_gave_is_told():
    told = Desk().send(message={"subject": "{{ city }}", "text": "글"}, variants=[])

    assert (told["outcome"], told["reason"]) == ("skipped", "missing_variable")
    assert "city" in told["variable"]


def test_a_test_waits_for_its_place_in_the_rate():
    desk = Desk()
    desk.throttle.reserve("ses", 1, 5, desk.clock.seconds())
    before = desk.clock.seconds()

    assert desk.send()["outcome"] == "sent"
    assert desk.clock.seconds() == before + 5


def test_where_the_rate_is_taken_for_long_nothing_is_sent():
    desk = Desk()
    desk.throttle.reserve("ses", 1, 50, desk.clock.seconds())

    assert desk.send()["reason"] == "rate_taken"
    assert desk.channel.calls == 0


@pytest.mark.parametrize(
    ("error", "outcome"), [(DoubtError("cut off"), "unknown"), (RejectedError("not_verified"), "failed")]
)
def test_what_the_provider_answers_is_told(error, outcome):
    desk = Desk()
    desk.channel.errors = [error]

    told = desk.send()

    assert (told["outcome"], told["reason"]) == (outcome, str(error))


def test_a_refusal_is_told():
    desk = Desk()
    desk.channel.refusals = {"u1": Refused("message_rejected")}

    assert desk.send()["reason"] == "message_rejected"


def test_the_codes_of_a_test_lead_somewhere():
    desk = Desk()

    desk.send(channel="sms", message={"text": '오늘만 {{ link("https://shop.example/sale") }}'}, variants=[])

    (sent,) = desk.channel.taken
    assert sent.short_links
    assert all(code in sent.text and desk.short_links.path(code) == path for code, path in sent.short_links.items())
