"""What a visitor did before they said who they are counts for the person's runs: once, in whatever order it is told."""

from itertools import permutations

import pytest
from hypothesis import given, settings, strategies as st

from dangol.contracts import Aliased, Happening, Identified, Performed
from dangol.domain.pending import MOST_PENDING, MOST_TEXT, Pending, asked_for, most_recent
from dangol.pipeline.goal_names import EVENTS, MEMORY, PROPERTIES, GoalNames, goals_of
from tests.fakes import FakeCatalogue, FakeClock
from tests.shop_campaign import campaign, definition
from tests.unit.test_pipeline_record import HOUR, SENT_AT, World as Recording


class World(Recording):
    """A run, and `apply` having said what it counts."""

    def __init__(self) -> None:
        super().__init__(definition(of=campaign(also=["view_item"])))
        goals = goals_of([self.applied.campaign])
        self.catalogue.add(EVENTS, goals.events)
        self.catalogue.add(PROPERTIES, goals.properties)

    def record(self, *happenings: Happening) -> None:
        self.recorder.record(happenings)

    def converted(self) -> dict[str, int]:
        kinds = ("goal:people", "goal:sum", "also:view_item:people")
        return {name: int(n) for name, n in self.counts().items() if name.endswith(kinds) and n}


def did(event: str = "purchase", visitor: str = "phone", event_id: str = "v1", after: int = HOUR, **properties):
    told = {"item_id": "new", "value": 79_000, **properties}
    at = (SENT_AT + after) * 1000
    return Performed(id=event_id, user_id="", anonymous_id=visitor, event=event, at=at, received_at=at, properties=told)


def signed_up(user: str = "u1", visitor: str = "phone", event_id: str = "i1"):
    at = (SENT_AT + 2 * HOUR) * 1000
    return Identified(id=event_id, user_id=user, anonymous_id=visitor, at=at, received_at=at)


COUNTED = {"arm:0:goal:people": 1, "arm:0:goal:sum": 79_000}


def test_a_purchase_before_signing_up_is_the_persons():
    world = World()

    world.record(did())
    assert world.converted() == {}
    world.record(signed_up())

    assert world.converted() == COUNTED
    assert {row["user_id"] for row in world.objects.rows("conversions/")} == {"u1"}


def test_an_alias_says_it_too():
    world = World()

    world.record(did())
    world.record(Aliased(id="a1", user_id="u1", previous_id="phone", at=0, received_at=0))

    assert world.converted() == COUNTED


TOLD = (did(), did("view_item", event_id="v2", value=0), signed_up(), signed_up(event_id="i2"))
WHOLE = {**COUNTED, "arm:0:also:view_item:people": 1}


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
def test_the_order_in_which_it_is_told_does_not_matter(order):
    world = World()

    for place in order:
        world.record(TOLD[place])

    assert world.converted() == WHOLE


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(st.sampled_from(TOLD), max_size=4), max_size=5))
def test_whatever_is_told_again_and_together_counts_once(batches):
    world = World()

    for batch in [*batches, list(TOLD[:3])]:
        world.record(*batch)

    assert world.converted() == WHOLE


def test_whoever_was_held_out_converts_like_the_rest():
    world = World()

    world.record(did())
    world.record(signed_up("u3"))

    assert world.converted() == {"arm:holdout:goal:people": 1, "arm:holdout:goal:sum": 79_000}


@pytest.mark.parametrize(
    "said",
    [
        did(after=-HOUR),
        did(after=30 * 24 * HOUR),
        did(item_id="old"),
        did(item_id=None),
        did("page_view"),
    ],
    ids=["before the send", "after the window", "another item", "no item", "another event"],
)
def test_what_would_not_count_of_the_person_does_not_count_of_the_visitor(said):
    world = World()

    world.record(said)
    world.record(signed_up())
    world.record(said)

    assert world.converted() == {}


def test_somebody_else_s_visit_is_not_theirs():
    world = World()

    world.record(did(visitor="laptop"))
    world.record(signed_up())

    assert world.converted() == {}


def test_a_process_that_dies_before_it_has_counted_leaves_it_to_the_next():
    world = World()
    world.record(did())

    def dies() -> None:
        world.outcomes.before_write = lambda: None
        raise TimeoutError

    world.outcomes.before_write = dies
    with pytest.raises(TimeoutError):
        world.record(signed_up())

    world.record(signed_up())

    assert world.converted() == COUNTED


def test_nothing_of_a_visit_is_kept_once_it_is_known_whose_it_was():
    world = World()

    world.record(did())
    assert [each.event for each in world.profiles.people["anon:phone"].pending] == ["purchase"]
    world.record(signed_up())

    assert world.profiles.people["anon:phone"].pending == ()
    assert world.profiles.people["u1"].pending == ()


def test_of_a_visit_only_what_goals_ask_for_is_kept():
    world = World()

    world.record(did(secret="x", url="y"), did("page_view", event_id="v2"))

    (kept,) = world.profiles.people["anon:phone"].pending
    assert (kept.event, kept.value, kept.properties) == ("purchase", "79000.0000", {"item_id": "new"})


def test_without_a_goal_nothing_is_kept():
    world = Recording()

    world.recorder.record([did()])

    assert world.profiles.people["anon:phone"].pending == ()


def test_properties_that_no_goal_can_compare_are_not_kept():
    said = {"a": "x" * (MOST_TEXT + 1), "b": ["x"], "c": {"x": 1}, "d": None, "e": 1.5, "f": True, "g": "x"}

    assert asked_for(said, set("abcdef")) == {"e": 1.5, "f": True}


def test_the_most_recent_are_kept_in_whatever_order_they_come():
    every = [Pending(at, str(at), "purchase") for at in range(MOST_PENDING + 5)]

    kept = most_recent(reversed(every[:-1]), every[-1:])

    assert list(kept) == every[5:]


def test_the_goals_of_campaigns_are_all_that_they_count():
    nothing = campaign(goal=None, also=[])

    told = goals_of([campaign(), nothing])

    assert told.events == {"purchase", "view_item"}
    assert told.properties == {"item_id"}


def test_what_was_applied_a_while_ago_is_known():
    catalogue, clock = FakeCatalogue(), FakeClock()
    names = GoalNames(catalogue, clock)
    assert names.goals().events == frozenset()
    catalogue.add(EVENTS, ["purchase"])
    assert names.goals().events == frozenset()

    clock.pass_by(seconds=MEMORY.total_seconds())

    assert names.goals().events == {"purchase"}
