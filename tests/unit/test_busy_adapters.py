"""What emulators never answer: items that are busy, writers that race, queries that fail."""

from datetime import date
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dangol.adapters.athena import AthenaLake
from dangol.adapters.items import attribute
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.objects import S3Objects
from dangol.adapters.queues import SqsQueue
from dangol.adapters.runs import DynamoRuns, write_run
from dangol.adapters.transactions import read_all
from dangol.domain.errors import ConflictError, UnavailableError
from dangol.ports import Journal
from tests.dispatching import RUN, running

MINE = Journal(RUN, "chunk", "one", 0, "SSS")
STORED = {**write_run(running()), "pk": {"S": f"run#{RUN}"}, "sk": {"S": "run"}}


def cancelled(*codes: str) -> ClientError:
    """A transaction that was cancelled, with the code of each place."""
    told: Any = {
        "Error": {"Code": "TransactionCanceledException"},
        "CancellationReasons": [{"Code": code} for code in codes],
    }
    return ClientError(told, "TransactWriteItems")


def failed(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code}}, "Call")


class Told:
    """A client that answers each call, whatever it is, with the next of what it was told."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(**_: Any) -> Any:
            self.calls.append(name)
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def finish(client: Told) -> None:
    DynamoJournals(client, "t").finish(MINE, done=True, deltas={"arm:0:sent": 3})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "codes", [("None", "TransactionConflict"), ("TransactionConflict", "None"), ("ThrottlingError", "None")]
)
def test_a_chunk_whose_items_are_busy_is_finished_all_the_same(codes):
    client = Told(cancelled(*codes), {})

    finish(client)

    assert client.calls == ["transact_write_items"] * 2


def test_a_chunk_in_other_hands_is_not_finished():
    with pytest.raises(ConflictError):
        finish(Told(cancelled("ConditionalCheckFailed", "None")))


@pytest.mark.parametrize("error", [failed("AccessDeniedException"), cancelled("ValidationError", "None")])
def test_what_no_other_try_would_mend_is_an_error(error):
    with pytest.raises(ClientError):
        finish(Told(error))


def test_a_chunk_that_may_not_be_taken_is_an_error():
    with pytest.raises(ClientError):
        DynamoJournals(Told(failed("AccessDeniedException")), "t").take(MINE, lease_until=2, now=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("codes", [("None", "TransactionConflict"), ("TransactionConflict", "None")])
def test_a_step_whose_items_are_busy_is_counted_all_the_same(codes):
    client = Told(cancelled(*codes), {}, {"Item": STORED})

    DynamoRuns(client, "t").close_step(RUN, "0-0", scanned=1, selected=1, inexact=0, last=True)  # type: ignore[arg-type]

    assert client.calls == ["transact_write_items", "transact_write_items", "get_item"]


def test_a_run_whose_items_are_busy_is_created_all_the_same():
    number = {"Attributes": {"last": {"N": "1"}}}
    client = Told({}, number, cancelled("TransactionConflict", "None", "None"), {}, number, {}, {"Item": STORED})

    assert DynamoRuns(client, "t").create(running(0)).run == RUN  # type: ignore[arg-type]

    assert client.calls.count("transact_write_items") == 2


def test_a_run_that_somebody_else_created_meanwhile_is_theirs():
    number = {"Attributes": {"last": {"N": "1"}}}
    client = Told({}, number, cancelled("ConditionalCheckFailed", "None", "None"), {"Item": STORED})

    assert DynamoRuns(client, "t").create(running(0)) == running()  # type: ignore[arg-type]


def test_what_a_read_left_out_is_asked_for_again():
    key = {"user_id": {"S": "u1"}}
    client = Told({"Responses": {}, "UnprocessedKeys": {"t": {"Keys": [key]}}}, {"Responses": {"t": [key]}})

    assert list(read_all(client, "t", [key], consistent=True)) == [key]  # type: ignore[arg-type]


def test_an_object_that_two_write_at_once_is_asked_for_again():
    client = Told(failed("ConditionalRequestConflict"), failed("PreconditionFailed"))

    assert not S3Objects(client, "b").put_once("k", b"")  # type: ignore[arg-type]


def test_an_object_that_may_not_be_written_is_an_error():
    with pytest.raises(ClientError):
        S3Objects(Told(failed("AccessDenied")), "b").put_once("k", b"")  # type: ignore[arg-type]


def test_nothing_to_queue_is_no_call():
    client = Told()

    SqsQueue(client, "url").send([])  # type: ignore[arg-type]

    assert client.calls == []


def test_what_dynamodb_has_no_type_for_is_an_error():
    with pytest.raises(TypeError, match="object"):
        attribute(object())


def lake(*answers: Any) -> tuple[AthenaLake, list[float]]:
    waits: list[float] = []
    client: Any = Told({"QueryExecutionId": "q"}, *answers)
    return AthenaLake(client, database="d", workgroup="w", wait=waits.append), waits


def state(name: str) -> Any:
    return {"QueryExecution": {"Status": {"State": name}}}


def test_athena_is_waited_for():
    rows = [["kind", "times"], ["clicked", "3"]]
    results = {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": cell} for cell in row]} for row in rows]}}
    reader, waits = lake(state("QUEUED"), state("RUNNING"), state("SUCCEEDED"), results)

    assert reader.totals(RUN) == {"clicked": 3, "opened": 0, "unsubscribed": 0}
    assert len(waits) == 2


@pytest.mark.parametrize("states", [["FAILED"], ["RUNNING"] * 1_000])
def test_a_query_that_fails_or_never_ends_is_an_error(states):
    reader, _ = lake(*(state(name) for name in states))

    with pytest.raises(UnavailableError, match=states[0]):
        reader.totals(RUN)


def test_traces_of_a_person_leave_out_what_athena_says_nothing_of():
    cells = [
        ["at_ms", "kind"],
        ["1000", "decided", "skipped", "", "no_consent", "email", ""],
        ["2500", "clicked", "", "human", "", "", "e1"],
    ]
    results = {"ResultSet": {"Rows": [{"Data": [{"VarCharValue": cell} for cell in row]} for row in cells]}}
    reader, _ = lake(state("SUCCEEDED"), results)

    traces = reader.of_person("o'hara", RUN, date(2026, 12, 1))

    assert traces == [
        {
            "at": "1970-01-01T00:00:01.000+00:00",
            "kind": "decided",
            "outcome": "skipped",
            "reason": "no_consent",
            "channel": "email",
        },
        {"at": "1970-01-01T00:00:02.500+00:00", "kind": "clicked", "verdict": "human"},
    ]


class Asked(Told):
    """One that keeps what Athena was asked."""

    def start_query_execution(self, **asked: Any) -> Any:
        self.query = asked["QueryString"]
        return self.answers.pop(0)


def test_a_quote_in_a_user_id_stays_inside_its_quotes():
    client: Any = Asked({"QueryExecutionId": "q"}, state("SUCCEEDED"), {"ResultSet": {"Rows": []}})
    reader = AthenaLake(client, database="d", workgroup="w", wait=lambda _: None)

    reader.of_person("' OR 1=1 --", RUN, date(2026, 12, 1))

    assert client.query.count("user_id = ''' OR 1=1 --'") == 2
