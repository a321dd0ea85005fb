"""Runs, journals, rates, queues and objects: the fakes and the adapters keep the same promises."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from dangol import bootstrap
from dangol.adapters.athena_queries import AthenaQueries
from dangol.adapters.catalogue import DynamoCatalogue
from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.lake_files import LakeFiles
from dangol.adapters.objects import S3Objects
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.queues import DeadLetters, SqsQueue
from dangol.adapters.runs import DynamoRuns
from dangol.adapters.schedules import SchedulerTimer, Target
from dangol.adapters.throttle import DynamoThrottle
from dangol.contracts import Decided, Decisions
from dangol.domain.errors import ConflictError, DefinitionError, NotFoundError, UnavailableError
from dangol.domain.stopping import Tally
from dangol.domain.winner import Tried, Winner
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.lake import LakeWriter
from dangol.ports import Journal, Standing, Verdict
from tests.dispatching import RUN, running
from tests.fakes import (
    FakeClock,
    FakeDefinitions,
    FakeJournals,
    FakeObjects,
    FakeQueries,
    FakeRuns,
    FakeThrottle,
    FakeTimer,
)
from tests.fakes.world import NOW
from tests.shop_campaign import campaign, definition, project
from tests.unit.test_pipeline_record import did

FRESH = Journal(RUN, "chunk", "one", 0, "...")


@pytest.fixture(params=["fake", "dynamodb"])
def kept(request: pytest.FixtureRequest) -> Any:
    """Runs and journals over the same counters."""
    if request.param == "fake":
        runs = FakeRuns()
        return runs, FakeJournals(runs)
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("new_table")("pk", "sk")
    return DynamoRuns(client, table), DynamoJournals(client, table)


def test_a_run_is_created_once_and_numbered(kept):
    runs, _ = kept

    first = runs.create(running(0, state="scanning"))
    again = runs.create(running(0, state="scanning", tasks=9))
    other = runs.create(running(0, "second", "other"))

    assert first == again == runs.get(RUN) == runs.by_number(first.number)
    assert other.number != first.number
    assert [run.run for run in runs.of_campaign("launch")] == [RUN]


def test_what_was_never_created_is_not_found(kept):
    runs, _ = kept

    with pytest.raises(NotFoundError):
        runs.get("nothing")
    with pytest.raises(NotFoundError):
        runs.by_number(99)


def test_a_step_counts_once_however_often_it_is_closed(kept):
    runs, _ = kept
    runs.create(running(0, state="scanning"))

    for _time in range(2):
        closed = runs.close_step(RUN, "0-0", scanned=10, selected=4, inexact=1, last=False)
    closed = runs.close_step(RUN, "0-1", scanned=5, selected=1, inexact=0, last=True)

    assert (closed.scanned, closed.audience, closed.inexact, closed.tasks_closed) == (15, 5, 1, 1)


def test_a_state_changes_only_from_the_one_that_is_expected(kept):
    runs, _ = kept
    runs.create(running(0, state="scanning"))

    assert runs.set_state(RUN, "cancelled", expected="scanning", because="inexact")
    assert not runs.set_state(RUN, "running", expected="scanning")

    assert (runs.get(RUN).state, runs.get(RUN).stopped_because) == ("cancelled", "inexact")


def test_a_chunk_is_in_one_pair_of_hands(kept):
    _, journals = kept

    assert journals.take(FRESH, lease_until=100, now=10) == (Verdict.TAKEN, FRESH)
    assert journals.take(replace(FRESH, owner="two"), lease_until=100, now=20) == (Verdict.BUSY, None)


def test_a_chunk_is_taken_over_with_its_states_when_the_lease_has_run_out(kept):
    _, journals = kept
    _, mine = journals.take(FRESH, lease_until=100, now=10)
    journals.mark(replace(mine, states="fx.", why={1: "bad"}))

    verdict, theirs = journals.take(replace(FRESH, owner="two"), lease_until=300, now=200)

    assert (verdict, theirs.states, theirs.why, theirs.owner) == (Verdict.TAKEN, "fx.", {1: "bad"}, "two")
    with pytest.raises(ConflictError):
        journals.mark(replace(mine, states="ss."))
    with pytest.raises(ConflictError):
        journals.finish(mine, done=True, deltas={"arm:0:sent": 3})


def test_a_chunk_that_is_done_is_done_and_counted_once(kept):
    runs, journals = kept
    _, mine = journals.take(FRESH, lease_until=100, now=10)

    journals.finish(replace(mine, states="SSS"), done=True, deltas={"arm:0:sent": 3})

    assert journals.take(replace(FRESH, owner="two"), lease_until=300, now=200) == (Verdict.DONE, None)
    assert runs.counts(RUN) == {"arm:0:sent": 3}


def test_a_chunk_that_goes_on_is_taken_by_its_new_message_alone(kept):
    _, journals = kept
    _, mine = journals.take(FRESH, lease_until=100, now=10)
    early = replace(FRESH, owner="two", generation=1)
    assert journals.take(early, lease_until=100, now=11)[0] is Verdict.BUSY

    journals.finish(replace(mine, states="S.."), done=False, deltas={})

    assert journals.take(replace(FRESH, owner="three"), lease_until=100, now=12)[0] is Verdict.DONE
    verdict, taken = journals.take(early, lease_until=100, now=13)
    assert (verdict, taken.states) == (Verdict.TAKEN, "S..")


def test_a_run_is_paused_and_goes_on_once(kept):
    runs, _ = kept
    runs.create(running(0))

    assert [runs.pause(RUN, "by_hand"), runs.pause(RUN, "too_many_failed")] == [True, False]
    assert (runs.get(RUN).state, runs.get(RUN).paused) == ("running", "by_hand")
    marks = [Tally(1_200, 70, 3)]
    assert [runs.resume(RUN, marks), runs.resume(RUN, [Tally()])] == [True, False]
    assert (runs.get(RUN).paused, runs.get(RUN).marks) == (None, (Tally(1_200, 70, 3),))


def test_marks_are_replaced_by_who_knows_them(kept):
    runs, _ = kept
    first = runs.create(running(0))
    assert first.marks == (Tally(),)

    assert runs.mark(first, [Tally(), Tally(60, 2, 1)])
    assert not runs.mark(first, [Tally(9)])

    assert runs.get(RUN).marks == (Tally(), Tally(60, 2, 1))


def test_the_winner_of_a_run_is_decided_once(kept):
    runs, _ = kept
    assert runs.create(running(0)).winner is None
    won = Winner(1, NOW, (Tried(12, 10, 1), Tried(11, 9, 3)))

    assert [runs.settle(RUN, won), runs.settle(RUN, replace(won, variant=0))] == [True, False]

    assert runs.get(RUN).winner == won


def test_a_cancelled_run_is_not_paused(kept):
    runs, _ = kept
    runs.create(running(0))
    runs.set_state(RUN, "cancelled", expected="running")

    assert not runs.pause(RUN, "by_hand")


def test_a_chunk_is_parked_while_its_run_is_paused(kept):
    runs, journals = kept
    runs.create(running(0))
    _, mine = journals.take(FRESH, lease_until=100, now=10)
    left = replace(mine, states="S..")

    assert not journals.park(left, deltas={"arm:0:sent": 1}, until=None)
    assert runs.counts(RUN) == {}
    runs.pause(RUN, "by_hand")
    assert journals.park(left, deltas={"arm:0:sent": 1}, until=None)

    assert runs.counts(RUN) == {"arm:0:sent": 1}
    assert list(journals.of_step(RUN, "chunk")) == []
    with pytest.raises(ConflictError):
        journals.park(left, deltas={}, until=None)


def test_no_chunk_of_a_cancelled_run_is_parked_until_later(kept):
    runs, journals = kept
    runs.create(running(0))
    _, mine = journals.take(FRESH, lease_until=100, now=10)
    runs.set_state(RUN, "cancelled", expected="running")

    assert not journals.park(mine, deltas={"arm:0:sent": 1}, until=5_000.5)
    assert runs.counts(RUN) == {}
    journals.finish(mine, done=True, deltas={})


def test_a_parked_chunk_is_found_by_its_step_and_taken_two_generations_later(kept):
    runs, journals = kept
    runs.create(running(0))
    first, second = (replace(FRESH, chunk=f"00000-00001-{n}") for n in (0, 1))
    for wanted in (first, second, replace(FRESH, chunk="00000-00002-0")):
        journals.take(wanted, lease_until=100, now=10)
    assert journals.park(replace(first, states="S.."), deltas={}, until=5_000.5)
    journals.finish(replace(second, states="SSS"), done=True, deltas={})

    found = list(journals.of_step(RUN, "00000-00001"))

    assert found == [
        Standing("00000-00001-0", 2, "S..", done=False, parked=5_000.5),
        Standing("00000-00001-1", 0, "SSS", done=True, parked=None),
    ]
    stale = replace(first, generation=1)
    assert journals.take(stale, lease_until=200, now=20) == (Verdict.DONE, None)
    verdict, again = journals.take(replace(first, generation=2), lease_until=200, now=20)
    assert (verdict, again.states) == (Verdict.TAKEN, "S..")
    assert journals.of_step(RUN, "00000-00001")[0].parked is None


@pytest.fixture(params=["fake", "dynamodb"])
def throttle(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeThrottle(10.0)
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("new_table")("pk", "sk")
    return DynamoThrottle(client, table, horizon=10.0)


def test_slots_follow_each_other_at_the_rate(throttle):
    starts = [throttle.reserve("ses", 10, 50, 1_000.0) for _ in range(3)]

    assert starts == pytest.approx([1_000.0, 1_005.0, 1_010.0])


def test_a_slot_too_far_ahead_is_not_given(throttle):
    throttle.reserve("ses", 1, 11, 1_000.0)

    assert throttle.reserve("ses", 1, 1, 1_000.0) is None
    assert throttle.reserve("other", 1, 1, 1_000.0) == 1_000.0


def test_time_that_was_not_used_cannot_be_saved_up(throttle):
    throttle.reserve("ses", 10, 10, 1_000.0)

    assert throttle.reserve("ses", 10, 10, 2_000.0) == 2_000.0
    assert throttle.reserve("ses", 10, 10, 2_000.0) == pytest.approx(2_001.0)


@pytest.fixture(params=["fake", "scheduler"])
def timer(request: pytest.FixtureRequest) -> Any:
    """A timer, and what tells its schedules: the name, the message and its time."""
    if request.param == "fake":
        fake = FakeTimer()
        return fake, lambda: [(name, body, f"at({clock_text(at)})") for name, (body, at) in fake.set.items()]
    client = bootstrap.client("scheduler", request.getfixturevalue("emulator"))
    group = f"group-{uuid4().hex[:12]}"
    client.create_schedule_group(Name=group)
    target = Target("arn:aws:sqs:ap-northeast-2:000000000000:queue", "arn:aws:iam::000000000000:role/r", group)

    def told() -> list[tuple[str, str, str]]:
        found = [
            client.get_schedule(Name=known["Name"], GroupName=group)
            for known in client.list_schedules(GroupName=group)["Schedules"]
        ]
        assert all(one["ActionAfterCompletion"] == "DELETE" for one in found)
        return [(one["Name"], one["Target"]["Input"], one["ScheduleExpression"]) for one in found]

    return SchedulerTimer(client, target), told


def clock_text(at: float) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%Y-%m-%dT%H:%M:%S}"


def test_a_timer_is_set_once_by_its_name(timer):
    clock, told = timer

    for body in ("first", "second"):
        clock.send("_7-33333333", body, at=33_333_333 * 60.0)

    assert told() == [("_7-33333333", "first", "at(2033-05-18T03:33:00)")]


@pytest.fixture(params=["fake", "s3"])
def objects(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeObjects()
    emulator = request.getfixturevalue("emulator")
    return S3Objects(bootstrap.client("s3", emulator), request.getfixturevalue("bucket"))


def test_an_object_is_stored_once(objects):
    assert objects.put_once("a/1", b"first")
    assert not objects.put_once("a/1", b"second")

    assert objects.get("a/1") == b"first"
    with pytest.raises(NotFoundError):
        objects.get("a/2")


def test_keys_come_in_order_and_in_pages(objects):
    for key in ("a/3", "a/1", "b/1", "a/2"):
        objects.put_once(key, b"")

    assert list(objects.keys("a/", None, 2)) == ["a/1", "a/2"]
    assert list(objects.keys("a/", "a/2", 2)) == ["a/3"]


FOUND = tuple(f"u{n:04d}" for n in range(1_500))
ASKED = "SELECT 'u' || lpad(CAST(n AS varchar), 4, '0') AS user_id FROM unnest(generate_series(0, 1499)) AS t(n)"


@pytest.fixture(params=["fake", "athena"])
def queries(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeQueries(*FOUND, page=1_000)
    emulator, bucket = request.getfixturevalue("emulator"), request.getfixturevalue("bucket")
    athena = bootstrap.client("athena", emulator)
    workgroup = f"group-{uuid4().hex[:12]}"
    where = {"ResultConfiguration": {"OutputLocation": f"s3://{bucket}/athena/"}}
    athena.create_work_group(Name=workgroup, Configuration=where)
    return AthenaQueries(athena, database="default", workgroup=workgroup)


def done(queries: Any, name: str) -> None:
    """Look until it is."""
    end = time.monotonic() + 30
    while not queries.done(name):
        assert time.monotonic() < end


def test_a_query_s_answer_comes_in_pages(queries):
    name = queries.start(ASKED, "t" * 32)
    done(queries, name)

    first, following = queries.page(name, None)
    rest, end = queries.page(name, following)

    assert (sorted([*first, *rest]), end) == (sorted(FOUND), None)
    assert len(first) >= 999
    assert queries.page(name, following) == (rest, None)


def test_a_query_that_fails_says_why(queries):
    queries.problem = "Athena: no such table"
    name = queries.start("SELECT user_id FROM nothing_of_the_kind", "u" * 32)

    with pytest.raises(DefinitionError, match="Athena: "):
        done(queries, name)


def test_an_object_is_rewritten_or_removed_and_its_old_versions_dropped(objects):
    objects.put_once("a/1", b"first")
    objects.put_once("a/2", b"second")

    objects.replace("a/1", b"other")
    objects.remove("a/2")
    objects.remove("a/2")
    objects.drop_old_versions("a/")
    objects.drop_old_versions("a/")

    assert objects.get("a/1") == b"other"
    assert list(objects.keys("a/", None, 9)) == ["a/1"]
    with pytest.raises(NotFoundError):
        objects.get("a/2")


def test_the_lakes_totals_count_each_event_once(objects):
    known = KnownRuns(FakeRuns(running()), FakeDefinitions(definition()), FakeClock())
    writer = LakeWriter(objects, known)
    writer.write([did("clicked"), did("opened", event_id="t2")], NOW)
    writer.write([did("clicked"), did("clicked", event_id="t3"), did("clicked", event_id="t4", run=99)], NOW)

    assert LakeFiles(objects).totals(RUN) == {"clicked": 2, "opened": 1, "unsubscribed": 0}


def decided(at: datetime, user_id: str, outcome: str, run: str = RUN, **more: Any) -> Decisions:
    told = [Decided(user_id=user_id, outcome=outcome, **more)]
    return Decisions(run=run, campaign="launch", channel="email", at=int(at.timestamp() * 1000), decided=told)


def test_the_lakes_traces_of_a_person_come_in_order_and_each_once(objects):
    writer = LakeWriter(objects, KnownRuns(FakeRuns(running()), FakeDefinitions(definition()), FakeClock()))
    skipped, clicked = decided(NOW, "u1", "skipped", reason="no_consent"), did("clicked")
    writer.write([clicked, decided(NOW, "u2", "sent")], NOW)
    writer.write([skipped], NOW)
    writer.write([skipped, clicked, did("clicked", event_id="t4", run=99)], NOW)
    writer.write([decided(NOW, "u1", "sent", run="other-20261201T010000Z")], NOW)
    writer.write([decided(NOW, "u1", "sent")], NOW - timedelta(days=1))

    traces = LakeFiles(objects).of_person("u1", RUN, NOW.date())

    at = datetime.fromtimestamp(clicked.at / 1000, tz=UTC).isoformat(timespec="milliseconds")
    told = [
        {
            "at": NOW.isoformat(timespec="milliseconds"),
            "kind": "decided",
            "outcome": "skipped",
            "reason": "no_consent",
            "channel": "email",
        },
        {"at": at, "kind": "clicked", "verdict": "human"},
    ]
    assert list(traces) == sorted(told, key=lambda trace: trace["at"])


def test_a_queue_takes_many_and_large_messages(emulator, queue_url):
    client = bootstrap.client("sqs", emulator)
    bodies = ["x" * 400_000, "y" * 400_000, "z" * 400_000, *(str(n) for n in range(25))]

    SqsQueue(client, queue_url).send(bodies)

    told = client.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["ApproximateNumberOfMessages"])
    assert int(told["Attributes"]["ApproximateNumberOfMessages"]) == 28


@pytest.fixture
def dead(emulator, queue_url):
    """A dead-letter queue with three messages, and the queue they came from."""
    client = bootstrap.client("sqs", emulator)
    back_to = client.create_queue(QueueName=f"queue-{uuid4().hex[:12]}")["QueueUrl"]
    SqsQueue(client, queue_url).send(["a", "b", "c"])
    return DeadLetters(client, queue_url, back_to), DeadLetters(client, back_to, queue_url), back_to


def test_dead_letters_go_back_in_steps(dead):
    letters, queue, _ = dead
    assert letters.waiting() == 3

    assert [letters.redrive(2), letters.redrive(10), letters.redrive(10)] == [2, 1, 0]

    assert (letters.waiting(), queue.waiting()) == (0, 3)


def test_a_dead_letter_that_the_queue_does_not_take_is_kept(emulator, dead):
    letters, _, back_to = dead
    client = bootstrap.client("sqs", emulator)
    client.delete_queue(QueueUrl=back_to)

    with pytest.raises(client.exceptions.QueueDoesNotExist):
        letters.redrive(10)

    told = client.get_queue_attributes(QueueUrl=letters._url, AttributeNames=["All"])["Attributes"]
    kept = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    assert sum(int(told[name]) for name in kept) == 3


class Refusing:
    """An SQS client that never takes the second message of a batch."""

    def __init__(self) -> None:
        self.calls = 0

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 - as AWS calls them
        self.calls += 1
        return {"Failed": [{"Id": entry["Id"]} for entry in Entries if entry["Id"] == "1"]}


def test_a_message_that_is_refused_again_and_again_is_an_error():
    client = Refusing()

    with pytest.raises(UnavailableError):
        SqsQueue(client, "url").send(["a", "b"])  # type: ignore[arg-type]

    assert client.calls == 3


def test_every_version_of_a_definition_is_kept(dynamodb, new_table):
    definitions = DynamoDefinitions(dynamodb, new_table("pk", "sk"))
    with pytest.raises(NotFoundError):
        definitions.project()
    with pytest.raises(NotFoundError):
        definitions.current("launch")
    first = definitions.save(definition(), NOW)
    same = definitions.save(definition(), NOW + timedelta(days=1))
    second = definitions.save(definition(of=campaign(title="다른 제목")), NOW)
    definitions.save_project(project(), NOW)

    assert (first.version, same.version, second.version) == (1, 1, 2)
    assert definitions.current("launch") == second
    assert definitions.version("launch", 1).campaign == campaign()
    assert definitions.project() == project()
    assert definitions.campaigns() == ["launch"]
    with pytest.raises(NotFoundError):
        definitions.version("launch", 9)


def test_names_in_use_are_gathered(dynamodb, new_table):
    catalogue = DynamoCatalogue(dynamodb, new_table("pk", "sk"))
    assert catalogue.names("traits") == frozenset()

    catalogue.add("traits", ["plan", "age", ""])
    catalogue.add("traits", ["age", "city"])
    catalogue.add("traits", [])

    assert catalogue.names("traits") == {"plan", "age", "city"}


def test_a_secret_is_made_once(emulator):
    parameters = SsmParameters(bootstrap.client("ssm", emulator), "/dangol/secrets")

    assert parameters.create("key", "first")
    assert not parameters.create("key", "second")

    assert parameters.secret("key") == "first"
