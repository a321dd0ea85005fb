"""Who is on a list: the latest word counts, in whatever order and however often it comes."""

import itertools
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from dangol.contracts import Listed
from dangol.domain.listing import SESSIONS_KEPT, MemberList
from dangol.domain.matching import Moment, matches
from dangol.domain.profile import Profile, state_membership
from dangol.domain.segment import Segment, lists_of
from dangol.pipeline import listing
from dangol.pipeline.listing import Lister, replaced_at
from tests.fakes import FakeLists, FakeProfiles

NOON = int(datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp())


def moment(**lists: int) -> Moment:
    return Moment(datetime(2026, 12, 2, tzinfo=UTC), ZoneInfo("Asia/Seoul"), lists)


def listed(*users: str, at: int = 0, member: bool = True, session: str | None = None, name: str = "vip") -> Listed:
    seconds = NOON + at
    return Listed(
        id=f"{name}:{at}:{member}",
        name=name,
        user_ids=list(users),
        member=member,
        at=seconds * 1000,
        received_at=seconds * 1000,
        session=session,
        source="mixpanel",
    )


@pytest.mark.parametrize("order", list(itertools.permutations([(5, True), (7, False), (9, True), (9, False)])))
def test_the_latest_word_counts_in_any_order_and_taking_off_wins_a_tie(order):
    profile = Profile("u1")

    for at, member in order * 2:
        state_membership(profile, "vip", member=member, at=at)

    assert profile.lists == {"vip": -9}


def test_a_word_that_is_known_is_no_news():
    profile = Profile("u1", lists={"vip": 9})

    assert not state_membership(profile, "vip", member=True, at=9)
    assert not state_membership(profile, "vip", member=False, at=8)
    assert state_membership(profile, "vip", member=False, at=9)


@pytest.mark.parametrize(
    ("stated", "replaced", "on_it"),
    [(None, 0, False), (5, 0, True), (-5, 0, False), (5, 5, True), (5, 6, False), (-7, 6, False)],
)
def test_only_who_was_told_since_the_list_was_told_anew_is_on_it(stated, replaced, on_it):
    profile = Profile("u1", lists={} if stated is None else {"vip": stated})
    segment = Segment.model_validate({"in_list": "vip"})

    assert matches(segment, profile, moment(vip=replaced)) is on_it
    none = Segment.model_validate({"none": [{"in_list": "vip"}]})
    assert matches(none, profile, moment(vip=replaced)) is not on_it


def test_an_audience_names_a_list_as_it_reads_best():
    short = Segment.model_validate({"list": "vip"})
    nested = Segment.model_validate({"any": [{"in_list": "a"}, {"all": [{"in_list": "b"}]}]})

    assert short == Segment.model_validate({"in_list": "vip"})
    assert lists_of([short, nested]) == {"vip", "a", "b"}
    with pytest.raises(ValidationError):
        Segment.model_validate({"list": "vip", "in_list": "gold"})


def test_the_parts_of_an_export_come_in_any_order_and_are_one_export():
    parts = [MemberList("vip", "mixpanel", at, None, {"s1": at}) for at in (3, 4, 5)]

    for order in itertools.permutations(parts):
        known = MemberList("vip")
        for part in [*order, order[0]]:
            known = known.told(part)
        assert (known.replaced_at, known.imported_at) == (3, 5)


def test_a_late_part_of_an_older_export_replaces_nothing():
    known = MemberList("vip").told(MemberList("vip", sessions={"old": 1})).told(MemberList("vip", sessions={"new": 5}))

    assert known.told(MemberList("vip", sessions={"old": 9})).replaced_at == 5


def test_only_the_latest_exports_are_remembered():
    known = MemberList("vip")
    for at in range(1, SESSIONS_KEPT + 4):
        known = known.told(MemberList("vip", sessions={f"s{at}": at}))

    assert len(known.sessions) == SESSIONS_KEPT
    assert known.replaced_at == SESSIONS_KEPT + 3


def test_people_are_put_on_a_list_and_taken_off_once_each(monkeypatch):
    monkeypatch.setattr(listing, "PEOPLE_AT_ONCE", 2)
    profiles, lists = FakeProfiles(Profile("u1", traits={"name": "지은"})), FakeLists()
    lister = Lister(lists, profiles)
    said = [listed("u1", "u2", "u3"), listed("u2", at=5, member=False), listed("u9", name="gold")]

    assert lister.record(said) == 4
    lister.record(list(reversed(said)))

    assert {user: p.lists for user, p in profiles.people.items()} == {
        "u1": {"vip": NOON},
        "u2": {"vip": -NOON - 5},
        "u3": {"vip": NOON},
        "u9": {"gold": NOON},
    }
    assert profiles.people["u1"].traits == {"name": "지은"}
    # The second time wrote nothing.
    assert {p.rev for p in profiles.people.values()} == {1, 2}
    assert (lists.lists["vip"].rev, lists.lists["vip"].imported_at) == (1, NOON + 5)


def test_somebody_quicker_costs_nobody_their_place():
    profiles, lists = FakeProfiles(Profile("u1")), FakeLists()

    def quicker() -> None:
        profiles.before_write = lambda: None
        (theirs,) = profiles.get_many(["u1"]).values()
        state_membership(theirs, "gold", member=True, at=1)
        profiles.put_many([theirs])

    def first() -> None:
        lists.before_write = lambda: None
        lists.put(MemberList("vip", sessions={"theirs": 1}, rev=1))

    profiles.before_write, lists.before_write = quicker, first
    Lister(lists, profiles).record([listed("u1", session="ours")])

    assert profiles.people["u1"].lists == {"gold": 1, "vip": NOON}
    assert lists.lists["vip"].sessions == {"theirs": 1, "ours": NOON}


def test_an_empty_list_is_known_too():
    lists = FakeLists()

    Lister(lists, FakeProfiles()).record([listed(session="s1")])

    assert replaced_at(lists, [Segment.model_validate({"in_list": "vip"})]) == {"vip": NOON}
