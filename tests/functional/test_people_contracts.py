"""Profiles, ledgers and outcomes: the fakes and the adapters keep the same promises."""

from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from botocore.exceptions import ClientError

from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.lists import DynamoLists
from dangol.adapters.outcomes import DynamoOutcomes, write_outcome
from dangol.adapters.people import DynamoPeople
from dangol.adapters.profiles import DynamoProfiles, write_profile
from dangol.adapters.runs import DynamoRuns
from dangol.domain.ledger import Click, Entry, Flag, Ledger, State
from dangol.domain.listing import MemberList
from dangol.domain.pending import Pending
from dangol.domain.profile import History, Profile
from dangol.domain.sieve import OPEN, Check, Columns, Sieve, Subject, Times
from dangol.ports import Outcome, Search
from tests.fakes import FakeLedgers, FakeLists, FakeOutcomes, FakePeople, FakeProfiles, FakeRuns
from tests.fakes.world import NOW

EVERYBODY = Search(OPEN, Columns(whole=True))
RUN = "launch-20261201T010000Z"
ENTRY = Entry(7, int(NOW.timestamp()), 1, "email", "marketing", State.SENT, Flag.CLICKED, 3)
RICH = Profile(
    "u1",
    traits={
        "name": "지은",
        "age": 30,
        "height": 1.75,
        "member": True,
        "tags": ["a", 1],
        "home": {"city": "서울"},
        "x": None,
    },
    trait_times={"name": 5},
    histories={
        "purchase": History(1, 9, 3, 30_000, (1, 5, 9), (10_000, 10_000, 10_000)),
        "view[category=dev]": History(2, 2, 1, 0, (2,), (0,)),
    },
    watermarks={"view": 1},
    consents={"email": 5, "sms": -6},
    lists={"vip": 7, "이탈위험": -8},
    seen={b"12345678": 20_000},
)


MERGED = Profile("anon:x", merged_into="u1")
GROWN = Profile("u2", {"age": 10}, absorbed=frozenset({b"visitor1", b"visitor2"}))


@dataclass
class Stores:
    """The four stores, and the runs whose counters they add to."""

    profiles: Any
    ledgers: Any
    outcomes: Any
    runs: Any
    lists: Any
    people: Any


@pytest.fixture(params=["fake", "dynamodb"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "fake":
        runs = FakeRuns()
        fakes = FakeProfiles(), FakeLedgers(runs), FakeOutcomes(runs)
        return Stores(*fakes, runs, FakeLists(), FakePeople(*fakes))
    client, table = request.getfixturevalue("dynamodb"), request.getfixturevalue("new_table")
    campaigns = table("pk", "sk")
    profiles, ledger, outcomes = table("user_id"), table("user_id"), table("user_id", "run")
    return Stores(
        DynamoProfiles(client, profiles),
        DynamoLedgers(client, ledger, campaigns),
        DynamoOutcomes(client, outcomes, campaigns),
        DynamoRuns(client, campaigns),
        DynamoLists(client, campaigns),
        DynamoPeople(client, profiles=profiles, ledger=ledger, outcomes=outcomes),
    )


def test_a_profile_is_read_as_it_was_written(stores):
    assert stores.profiles.put_many([RICH]) == []

    assert stores.profiles.get_many(["u1", "u2"]) == {"u1": replace(RICH, rev=1), "u2": Profile("u2")}


def test_a_profile_that_somebody_else_changed_is_not_overwritten(stores):
    stores.profiles.put_many([RICH])
    known = stores.profiles.get_many(["u1"])["u1"]
    stores.profiles.put_many([replace(known, traits={"name": "하은"})])

    assert stores.profiles.put_many([replace(known, traits={"name": "서연"}), Profile("u2")]) == ["u1"]

    stored = stores.profiles.get_many(["u1", "u2"])
    assert (stored["u1"].traits, stored["u1"].rev, stored["u2"].rev) == ({"name": "하은"}, 2, 1)


def test_a_trait_that_was_taken_away_is_gone(stores):
    stores.profiles.put_many([RICH])
    known = stores.profiles.get_many(["u1"])["u1"]

    stores.profiles.put_many([replace(known, traits={}, histories={})])

    assert stores.profiles.get_many(["u1"])["u1"].traits == {}


def test_what_a_visitor_did_that_may_count_is_kept_and_let_go(stores):
    odd = Pending(1_795_996_800_123, "id\n\u0000'", "구매 🛒", "79000.0000", {"item_id": "new", "n": 1.5, "yes": True})
    visitor = Profile("anon:x", pending=(odd, Pending(1_795_996_800_124, "b", "view")))
    stores.profiles.put_many([visitor])
    stored = stores.profiles.get_many(["anon:x"])["anon:x"]
    assert stored == replace(visitor, rev=1)

    stores.profiles.put_many([replace(stored, pending=(), merged_into="u1")])

    assert stores.profiles.get_many(["anon:x"])["anon:x"] == Profile("anon:x", merged_into="u1", rev=2)


def test_a_scan_gives_everybody_once_whatever_the_number_of_tasks(stores):
    people = [Profile(f"u{n:03d}") for n in range(40)]
    stores.profiles.put_many(people)

    pages = [page for task in range(3) for page in stores.profiles.scan(task, 3, None, EVERYBODY)]

    assert sorted(p.user_id for page in pages for p, _ in page.people) == [p.user_id for p in people]
    assert sum(page.scanned for page in pages) == 40
    assert stores.profiles.tasks() == 1


def test_a_scan_goes_on_after_the_key_it_stopped_at():
    profiles = FakeProfiles(*(Profile(f"u{n}") for n in range(5)))
    first, *_ = profiles.scan(0, 1, None, EVERYBODY)

    rest = [p.user_id for page in profiles.scan(0, 1, first.last, EVERYBODY) for p, _ in page.people]

    assert [p.user_id for p, _ in first.people] + rest == [f"u{n}" for n in range(5)]


def test_a_scan_gives_whom_the_sieve_lets_through_and_says_who_is_certain(stores):
    stores.profiles.put_many(
        [Profile("young", {"age": 10}), Profile("old", {"age": 70}), Profile("grown", {"age": 30})]
    )
    age = Subject("trait", "age")
    sieve = Sieve(may=Check(age, ">", 20), must=Check(age, ">", 60))

    (page,) = stores.profiles.scan(0, 1, None, Search(sieve, Columns(traits=frozenset({"age"}))))

    assert sorted((p.user_id, p.traits, certain) for p, certain in page.people) == [
        ("grown", {"age": 30}, False),
        ("old", {"age": 70}, True),
    ]
    assert page.scanned == 3


def test_a_scan_reads_what_it_was_asked_to_and_no_more(stores):
    stores.profiles.put_many([RICH])
    asked = Columns(
        traits=frozenset({"name", "none"}), events=frozenset({"purchase"}), watermarks=True, consents=True, lists=True
    )

    (page,) = stores.profiles.scan(0, 1, None, Search(OPEN, asked))

    ((found, _),) = page.people
    assert found == replace(
        RICH,
        traits={"name": "지은"},
        trait_times={},
        histories={"purchase": RICH.histories["purchase"]},
        seen={},
    )


def test_people_are_counted_without_reading_them(stores):
    stores.profiles.put_many([Profile(f"u{n}", {"age": n}) for n in range(9)])

    counts = [
        page for task in range(2) for page in stores.profiles.count(task, 2, Check(Subject("trait", "age"), "<", 4))
    ]

    assert (sum(found for found, _ in counts), sum(scanned for _, scanned in counts)) == (4, 9)


def ledger(user_id: str, rev: int = 1, **changed: Any) -> Ledger:
    clicks = frozenset({Click(7, 0, 1_796_086_900_123), Click(7, 253, 1_796_086_900_124)})
    rich = Ledger(user_id, rev, {"email": 5, "sms": -6}, -3, frozenset({"abc", "def"}), (ENTRY,), clicks, pace=7)
    return replace(rich, **changed)


def test_a_ledger_is_read_as_it_was_written(stores):
    assert stores.ledgers.put_many([ledger("u1"), Ledger("u2", 1)]) == {}

    assert stores.ledgers.get_many(["u1", "u2", "u3"]) == {
        "u1": ledger("u1"),
        "u2": Ledger("u2", 1),
        "u3": Ledger("u3"),
    }


@pytest.mark.parametrize("counted", [False, True])
def test_what_a_ledger_holds_no_more_is_gone(stores, counted):
    stores.ledgers.put_many([ledger("u1")])
    lifted = ledger("u1", 2, pace=0, clicks=frozenset())

    if counted:
        assert stores.ledgers.put_counted([lifted], RUN, {})
    else:
        assert stores.ledgers.put_many([lifted]) == {}

    assert stores.ledgers.get_many(["u1"])["u1"] == lifted


def test_a_claim_on_a_ledger_that_moved_on_is_lost_and_shows_what_stands(stores):
    stores.ledgers.put_many([ledger("u1"), ledger("u2")])
    stores.ledgers.put_many([ledger("u1", 2, night=9)])

    lost = stores.ledgers.put_many([ledger("u1", 2, night=7), ledger("u2", 2, night=7), ledger("u3")])

    assert lost == {"u1": ledger("u1", 2, night=9)}
    assert stores.ledgers.get_many(["u2"])["u2"].night == 7


def test_a_new_ledger_is_inserted_once(stores):
    stores.ledgers.put_many([ledger("u1")])

    assert set(stores.ledgers.put_many([ledger("u1", night=8)])) == {"u1"}


def test_a_claim_repeated_because_its_answer_was_lost_is_won(stores):
    stores.ledgers.put_many([ledger("u1")])

    assert stores.ledgers.put_many([ledger("u1")]) == {}


def test_more_claims_than_one_request_takes_are_all_stored(stores):
    stores.ledgers.put_many([ledger(f"u{n}") for n in range(120)])

    assert len(stores.ledgers.get_many([f"u{n}" for n in range(120)])) == 120
    assert stores.ledgers.get_many(["u119"])["u119"].rev == 1


@pytest.mark.parametrize("code", ["ValidationError", "AccessDenied", "ItemCollectionSizeLimitExceeded"])
def test_a_write_that_no_other_try_would_mend_is_an_error(code):
    answers = Answering({"Error": {"Code": code, "Message": "no"}})

    with pytest.raises(ClientError, match=code):
        DynamoProfiles(answers, "people").put_many([Profile("u1")])  # type: ignore[arg-type]


def test_a_throttled_write_is_lost_and_may_be_tried_again():
    answers = Answering({"Error": {"Code": "ThrottlingError"}})

    assert DynamoLedgers(answers, "people", "runs").put_many([ledger("u1")]) == {"u1": Ledger("u1")}  # type: ignore[arg-type]


class Answering:
    """A DynamoDB that has nobody, and answers each statement as it was told."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def batch_execute_statement(self, Statements: list[Any]) -> dict[str, Any]:  # noqa: N803 - as AWS calls them
        return {"Responses": [self.answer for _ in Statements]}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - as AWS calls them
        return {"Responses": {table: [] for table in RequestItems}}


def test_a_flag_and_its_counter_change_together_or_not_at_all(stores):
    stores.ledgers.put_many([ledger("u1")])

    assert stores.ledgers.put_counted([ledger("u1", 2), ledger("u2")], RUN, {"arm:0:clicked": 2})
    assert not stores.ledgers.put_counted([ledger("u1", 2), ledger("u3")], RUN, {"arm:0:clicked": 2})

    assert stores.runs.counts(RUN) == {"arm:0:clicked": 2}
    assert stores.ledgers.get_many(["u3"])["u3"].rev == 0


def test_an_outcome_and_its_counters_change_together_or_not_at_all(stores):
    first = Outcome("u1", 7, {"goal": Decimal("0.1")}, {"goal": frozenset({b"12345678"})}, 1)
    expires = NOW + timedelta(days=1)

    assert stores.outcomes.put_counted([first], RUN, {"arm:0:goal:sum": Decimal("0.1")}, expires)
    assert not stores.outcomes.put_counted([first], RUN, {"arm:0:goal:sum": Decimal("0.1")}, expires)
    assert stores.outcomes.put_counted([replace(first, rev=2)], RUN, {"arm:0:goal:sum": Decimal("0.2")}, expires)

    assert stores.outcomes.get_many([("u1", 7), ("u1", 8)]) == {
        ("u1", 7): replace(first, rev=2),
        ("u1", 8): Outcome("u1", 8),
    }
    assert stores.runs.counts(RUN) == {"arm:0:goal:sum": Decimal("0.3")}


def test_an_outcome_that_adds_nothing_is_stored(stores):
    outcome = Outcome("u1", 7, {"goal": Decimal(0)}, {"goal": frozenset()}, 1)

    assert stores.outcomes.put_counted([outcome], RUN, {"arm:0:goal:sum": Decimal(0)}, NOW)


def test_a_merged_visitor_is_kept_and_neither_scanned_nor_counted(stores):
    stores.profiles.put_many([MERGED, GROWN])
    grown = Check(Subject("trait", "age"), "<", 99)

    (page,) = stores.profiles.scan(0, 1, None, EVERYBODY)
    ((counted, _),) = stores.profiles.count(0, 1, grown)

    assert stores.profiles.get_many(["anon:x", "u2"]) == {"anon:x": replace(MERGED, rev=1), "u2": replace(GROWN, rev=1)}
    assert [person.user_id for person, _ in page.people] == ["u2"]
    assert counted == 1


def test_a_list_is_read_as_it_was_written(stores):
    wanted = MemberList("이탈위험", "cohort.csv", 9, 12, {"s1": 5, "s2": 7}, rev=1)

    assert stores.lists.get("이탈위험") == MemberList("이탈위험")
    assert stores.lists.put(wanted)
    assert stores.lists.get("이탈위험") == wanted


def test_a_list_that_somebody_else_changed_is_not_overwritten(stores):
    assert stores.lists.put(MemberList("vip", "first", rev=1))

    assert not stores.lists.put(MemberList("vip", "second", rev=1))
    assert not stores.lists.put(MemberList("vip", "third", rev=3))
    assert stores.lists.put(MemberList("vip", "fourth", rev=2))
    assert stores.lists.get("vip").source == "fourth"


def test_the_names_of_all_lists_are_known(stores):
    for name in ("vip", "이탈위험"):
        stores.lists.put(MemberList(name, rev=1))

    assert stores.lists.names() == {"vip", "이탈위험"}


def test_a_person_is_erased_from_every_store_and_others_are_not(stores):
    for user in ("u1", "u2"):
        stores.profiles.put_many([Profile(user, traits={"age": 1})])
        stores.ledgers.put_many([ledger(user)])
        for run in (7, 12):
            stores.outcomes.put_counted([Outcome(user, run, {"goal": Decimal(1)}, {}, 1)], RUN, {}, NOW)

    assert sorted(outcome.run for outcome in stores.people.outcomes("u1")) == [7, 12]
    assert stores.people.erase("u1") == 2
    assert stores.people.erase("u1") == 0

    assert stores.people.outcomes("u1") == []
    assert [stores.profiles.get_many([u])[u].rev > 0 for u in ("u1", "u2")] == [False, True]
    assert [stores.ledgers.get_many([u])[u].rev > 0 for u in ("u1", "u2")] == [False, True]
    assert len(stores.people.outcomes("u2")) == 2


class InPages:
    """A DynamoDB that answers one item a page, as AWS does after a megabyte."""

    def __init__(self, *items: dict[str, Any]) -> None:
        self._items = items

    def query(self, ExclusiveStartKey: Any = None, **_: Any) -> dict[str, Any]:  # noqa: N803 - as AWS calls it
        place = int(ExclusiveStartKey["place"]["N"]) if ExclusiveStartKey else 0
        more = {"LastEvaluatedKey": {"place": {"N": str(place + 1)}}} if place + 1 < len(self._items) else {}
        return {"Items": [self._items[place]], "ScannedCount": 1, "ConsumedCapacity": {"CapacityUnits": 0.5}, **more}

    scan = query


def test_outcomes_and_people_are_read_to_their_last_page():
    outcomes = [Outcome("u1", run, {"goal": Decimal(1)}, {}, 1) for run in (7, 12, 13)]
    client: Any = InPages(*(write_outcome(outcome, NOW) for outcome in outcomes))
    people = DynamoPeople(client, profiles="profiles", ledger="ledger", outcomes="outcomes")
    everybody: Any = InPages(*(write_profile(Profile(f"u{n}")) for n in range(3)))
    profiles = DynamoProfiles(everybody, "profiles")

    pages = list(profiles.scan(0, 1, None, EVERYBODY))
    (rest,) = profiles.scan(0, 1, pages[1].last, EVERYBODY)

    assert list(people.outcomes("u1")) == outcomes
    assert [p.user_id for page in pages for p, _ in page.people] == ["u0", "u1", "u2"]
    assert [p.user_id for p, _ in rest.people] == ["u2"]
    assert profiles.read_units == 2.0


def test_whom_the_filter_cannot_tell_is_decided_on_the_page():
    older = History(1, 9, 3, 0, (1, 5, 9), (0, 0, 0))
    answered: Any = InPages(
        *(
            write_profile(Profile(user, histories={"buy": h}))
            for user, h in (("thrice", older), ("once", replace(older, count=1, times=(9,), values=(0,))))
        )
    )
    twice = Check(Subject("last", "buy"), "surely", Times(None, 10, 2))
    search = Search(Sieve(may=twice, must=twice), Columns(whole=True))

    pages = DynamoProfiles(answered, "profiles").scan(0, 1, None, search)

    assert [(p.user_id, certain) for page in pages for p, certain in page.people] == [("thrice", True)]
