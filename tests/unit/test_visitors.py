"""What a visitor did before they had an account is what the person did, in whatever order it is told."""

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from dangol.contracts import Aliased, Identified, Performed
from dangol.domain.profile import History, Profile
from dangol.domain.project import EventSpec
from dangol.domain.visitors import absorb, joined
from dangol.pipeline.folding import Folder
from dangol.pipeline.identity import hashed
from tests.fakes import FakeCatalogue, FakeClock, FakeProfiles
from tests.shop_campaign import project

PROJECT = project()


def did(event_id, event="view_item", at=1_000, user="", visitor=None, **properties):
    return Performed(
        id=event_id, user_id=user, anonymous_id=visitor, event=event, at=at * 1000, received_at=0, properties=properties
    )


def known(event_id, at, user="", visitor=None, **traits):
    return Identified(id=event_id, user_id=user, anonymous_id=visitor, traits=traits, at=at * 1000, received_at=0)


def alias(event_id, visitor, user, at=5_000):
    return Aliased(id=event_id, user_id=user, previous_id=visitor, at=at * 1000, received_at=0)


LINK = known("i1", 2_000, "ann", "phone", plan="pro")
TOLD = (
    did("a", visitor="phone", at=1_000),
    did("b", "purchase", visitor="phone", at=1_500, item_id="new", value=10),
    known("t", 900, visitor="phone", plan="free", city="Seoul"),
    LINK,
    did("c", visitor="laptop", at=1_200),
    alias("l", "laptop", "ann"),
    did("d", user="ann", at=1_100),
    did("e", "purchase", user="ann", at=1_600, item_id="new", value=5),
    did("f", visitor="somebody", at=1_300),
)


class World:
    def __init__(self):
        self.profiles = FakeProfiles()
        self.folder = Folder(self.profiles, FakeCatalogue(), FakeClock(), lambda *_: None)

    def fold(self, *happenings):
        return self.folder.fold(list(happenings), PROJECT)

    def people(self):
        # Which visitor brought a past, and in how many writes, is how it came about and not what it is.
        return {user: replace(person, rev=0, absorbed=frozenset()) for user, person in self.profiles.people.items()}


def test_what_a_visitor_did_is_what_the_person_did():
    world = World()

    world.fold(*TOLD[:3])
    world.fold(LINK)

    ann = world.profiles.people["ann"]
    assert ann.histories["purchase"].total == 10 * 10_000
    assert ann.traits == {"plan": "pro", "city": "Seoul"}
    assert world.people()["anon:phone"] == Profile("anon:phone", merged_into="ann")


def test_what_a_visitor_did_and_is_told_after_the_merge_goes_to_the_person_once():
    world = World()
    world.fold(did("a", visitor="phone"), LINK)

    again = world.fold(did("a", visitor="phone"), did("late", visitor="phone", at=500))

    assert world.profiles.people["ann"].histories["view_item"].times == (500, 1_000)
    assert again.duplicates == 1


def test_a_visitor_who_belongs_to_somebody_stays_with_them():
    world = World()
    world.fold(did("a", visitor="phone"), LINK)

    world.fold(alias("l", "phone", "bob"), did("b", visitor="phone"))

    assert "bob" not in world.profiles.people
    assert world.profiles.people["ann"].histories["view_item"].count == 2


def test_of_two_people_in_one_batch_the_first_said_has_the_visitor():
    world = World()

    world.fold(alias("l", "phone", "bob", at=9_000), LINK)

    assert world.profiles.people["anon:phone"].merged_into == "ann"


@settings(max_examples=200, deadline=None)
@given(
    order=st.permutations(TOLD),
    again=st.lists(st.sampled_from(TOLD), max_size=12),
    cuts=st.lists(st.integers(0, 21), max_size=6),
)
def test_order_duplicates_and_batches_of_events_and_links_change_nothing(order, again, cuts):
    expected, world = World(), World()
    expected.fold(*TOLD)
    everything = [*order, *again]

    for start, end in pairwise([0, *sorted(cuts), len(everything)]):
        world.fold(*everything[start:end])

    assert world.people() == expected.people()


class KilledError(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fatal", range(1, 5))
@pytest.mark.parametrize("next_told", [TOLD, TOLD[:1]])
def test_a_merge_that_dies_between_two_writes_is_finished_by_whoever_comes_next(fatal, after, next_told):
    expected, world = World(), World()
    expected.fold(*TOLD)
    world.fold(*TOLD[:3])
    real, calls = world.profiles.put_many, [0]

    def deadly(changed):
        calls[0] += 1
        if calls[0] == fatal and not after:
            raise KilledError
        lost = real(changed)
        if calls[0] == fatal:
            raise KilledError
        return lost

    world.profiles.put_many = deadly  # type: ignore[method-assign]
    with suppress(KilledError):
        world.fold(*TOLD)
    world.profiles.put_many = real  # type: ignore[method-assign]
    world.fold(*next_told)
    world.fold(*TOLD)

    assert world.people() == expected.people()


def test_whoever_is_quicker_is_read_again_at_every_write_of_a_merge():
    expected, world = World(), World()
    expected.fold(*TOLD)
    world.fold(*TOLD[:3])
    left = [4]

    def quicker():
        if left[0]:
            left[0] -= 1
            world.profiles.people.update({u: replace(p, rev=p.rev + 1) for u, p in world.profiles.people.items()})

    world.profiles.before_write = quicker
    world.fold(*TOLD)
    world.profiles.before_write = lambda: None
    world.fold(*TOLD)

    assert world.people() == expected.people()


@given(
    one=st.lists(st.tuples(st.integers(0, 50), st.integers(-5, 5)), min_size=1, max_size=12),
    other=st.lists(st.tuples(st.integers(0, 50), st.integers(-5, 5)), min_size=1, max_size=12),
    keep=st.integers(1, 8),
)
def test_two_histories_joined_are_the_history_of_all_of_it(one, other, keep):
    assert joined(history(one, keep), history(other, keep), keep) == history([*one, *other], keep)


def history(told, keep):
    kept, times = sorted(told)[-keep:], [at for at, _ in told]
    return History(
        min(times), max(times), len(told), sum(v for _, v in told), tuple(t for t, _ in kept), tuple(v for _, v in kept)
    )


def test_the_later_word_on_a_trait_the_later_consent_and_the_later_watermark_stand():
    ann = Profile("ann", {"plan": "pro", "city": "Seoul", "age": 30}, {"plan": 5, "city": 5}, consents={"email": -9})
    visitor = Profile("anon:x", {"plan": "free"}, {"plan": 5, "city": 6}, watermarks={"view": 7})
    visitor.consents, visitor.lists = {"email": 8, "sms": 3}, {"vip": 4}

    absorb(ann, visitor, hashed("anon:x"), lambda _: EventSpec())
    absorb(ann, replace(visitor, watermarks={"view": 99}), hashed("anon:x"), lambda _: EventSpec())

    assert ann.traits == {"plan": "pro", "age": 30}
    assert ann.consents == {"email": -9, "sms": 3}
    assert ann.watermarks == {"view": 7}
    assert ann.lists == {"vip": 4}


def test_visitors_of_several_people_are_merged_in_one_batch():
    world = World()

    world.fold(did("a", visitor="phone"), did("b", visitor="laptop"))
    world.fold(LINK, alias("l", "laptop", "bob"))

    assert {user: world.profiles.people[user].histories["view_item"].count for user in ("ann", "bob")} == {
        "ann": 1,
        "bob": 1,
    }
