"""What cannot be queued stands in the log, whole, and comes back out of it however the log was exported."""

import csv
import gzip
import io
import json
import logging

import pytest
from hypothesis import given, strategies as st

from cli.replaying import file_lines, replay
from dangol.contracts import Tracked
from dangol.domain.errors import InputError
from dangol.pipeline.passing_on import NOT_QUEUED, PassingOn, left_over
from tests.fakes import FakeClock, FakeQueue

AGENT = 'Mozilla/5.0 "quoted" \\ {brace} event not queued (x): {"kind": "clicked"} 한글, comma'


def click(event_id: str = "r1", agent: str = AGENT) -> dict[str, object]:
    shared = {"run": 7, "user_id": "u1", "variant": 1, "link": 0, "at": 1_796_000_000_000}
    return {"kind": "clicked", "id": event_id, **shared, "verdict": "human", "reason": None, "user_agent": agent}


class SlowQueue(FakeQueue):
    """A queue that takes its time before it refuses."""

    def __init__(self, clock: FakeClock, takes: float) -> None:
        super().__init__()
        self.clock, self.takes, self.asked = clock, takes, 0

    def send(self, bodies, *, delay=0):
        self.asked += 1
        self.clock.pass_by(seconds=self.takes)
        super().send(bodies, delay=delay)


def logged(caplog) -> list[str]:
    return [body for record in caplog.records if (body := left_over(record.getMessage()))]


def line(event: dict[str, object], why: str = "AmazonSQS.SendMessage: 503") -> str:
    return f"[ERROR]\t2026-12-01T01:00:00.123Z\t8f9c\t{NOT_QUEUED} ({why}): {json.dumps(event)}"


def test_what_the_queue_takes_is_not_logged(caplog):
    queue, clock = FakeQueue(), FakeClock()

    PassingOn(queue, clock.seconds)(click())

    assert [json.loads(body) for body in queue.bodies] == [click()]
    assert caplog.records == []


def test_a_queue_that_refuses_at_once_is_asked_every_time(caplog):
    clock = FakeClock()
    queue = SlowQueue(clock, takes=0)
    queue.error = OSError("AmazonSQS.SendMessage: 503")
    pass_on = PassingOn(queue, clock.seconds)

    for n in range(5):
        pass_on(click(f"r{n}"))

    assert (queue.asked, len(logged(caplog))) == (5, 5)


def test_a_queue_that_hangs_is_left_alone_ten_times_as_long(caplog):
    clock = FakeClock()
    queue = SlowQueue(clock, takes=1)
    queue.error = OSError("sqs: TimeoutError")
    pass_on = PassingOn(queue, clock.seconds)

    for n in range(100):
        pass_on(click(f"r{n}"))
        clock.pass_by(seconds=0.1)
    assert queue.asked == 1

    clock.pass_by(seconds=1)
    queue.error = None
    pass_on(click("again"))
    assert queue.asked == 2
    assert [json.loads(body)["id"] for body in queue.bodies] == ["again"]
    assert [json.loads(body) for body in logged(caplog)] == [click(f"r{n}") for n in range(100)]
    assert all(record.levelno == logging.ERROR for record in caplog.records)


@given(st.text(), st.sampled_from(["AmazonSQS.SendMessage: 503", "sqs: TimeoutError", "left alone"]))
def test_an_event_comes_back_out_of_every_spelling_of_its_line(agent, why):
    event = click(agent=agent)
    written = line(event, why)
    told = io.StringIO()
    csv.writer(told, quoting=csv.QUOTE_ALL).writerow([1, f"{written}\n"])

    for spelling in (written, json.dumps({"timestamp": 1, "message": f"{written}\n", "eventId": "x"}), told.getvalue()):
        found = left_over(spelling)
        assert found is not None
        assert json.loads(found) == event


@pytest.mark.parametrize("text", ["", "START RequestId: 8f9c", "event not queued", "event not queued (a{b): {}"])
def test_other_lines_hold_no_event(text):
    assert left_over(text) is None


def test_an_event_that_is_cut_off_is_told():
    with pytest.raises(ValueError, match="cut off"):
        left_over(line(click())[:-20])


def test_events_are_queued_once_and_in_steps():
    queue = FakeQueue()
    seen: list[int] = []
    lines = [line(click(f"r{n % 250}")) for n in range(500)] + ["REPORT", line(click("z"))[:-3]]
    other = {"kind": "event", "id": "e", "user_id": "u1", "event": "purchase", "at": 1, "received_at": 1}
    lines += [line(other), line({"kind": "consent", "id": "broken"})]

    told = replay(lines, queue, seen.append)

    assert told == {"lines": 504, "events": 500, "duplicates": 250, "unreadable": 3, "queued": 250}
    assert seen == [100, 200, 250]
    assert {Tracked.model_validate_json(body).id for body in queue.bodies} == {f"r{n}" for n in range(250)}


def test_consent_comes_back_with_its_evidence():
    queue = FakeQueue()
    shared = {"user_id": "u1", "at": 1, "received_at": 1, "consents": {"email": False}, "method": "page"}
    consent = {"kind": "consent", "id": "r1:consent", **shared, "source": "opt-out page", "ip": "198.51.100.7"}

    replay([line(consent)], queue, lambda _: None)

    (told,) = [json.loads(body) for body in queue.bodies]
    assert consent.items() <= told.items()


def test_a_file_is_read_as_text_gzipped_or_not(tmp_path):
    plain, packed = tmp_path / "a.log", tmp_path / "a.gz"
    plain.write_text(f"{line(click())}\nx\n")
    packed.write_bytes(gzip.compress(plain.read_bytes()))

    assert list(file_lines(plain)) == list(file_lines(packed)) == [line(click()), "x"]


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"\x1f\x8bnothing"])
def test_what_is_no_text_says_so(tmp_path, raw):
    path = tmp_path / "a.log"
    path.write_bytes(raw)

    with pytest.raises(InputError, match="is no text"):
        list(file_lines(path))
