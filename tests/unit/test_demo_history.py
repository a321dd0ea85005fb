from datetime import timedelta

from demo.shop import LAUNCHED
from tests.demo_shop import (
    NOW,
    days_ago,
    dev_branches,
    did,
    drawn,
    events_by_person,
    is_dormant,
    members,
    people,
)

# product.md's table of events, without what only a message causes.
PROPERTIES = {
    "page_view": {"path"},
    "view_content": {"content_id", "content_name", "category"},
    "search": {"search_term", "results"},
    "view_item": {"item_id", "item_name", "category", "price", "url"},
    "add_to_wishlist": {"item_id", "item_name", "category"},
    "add_to_cart": {"item_id", "item_name", "category", "price"},
    "remove_from_cart": {"item_id", "item_name", "category", "price"},
    "begin_checkout": {"item_id", "category", "value"},
    "purchase": {"order_id", "item_id", "category", "value"},
    "sign_up": {"method"},
    "lesson_start": {"item_id", "category"},
    "app_open": set(),
}


def test_every_event_of_the_shop_happens_with_its_properties():
    _, events = drawn()

    assert {event.name for event in events} == set(PROPERTIES)
    assert all(PROPERTIES[event.name] <= set(event.properties) for event in events)


def test_events_are_in_order_and_within_thirty_months_before_now():
    _, events = drawn()
    times = [event.at for event in events]

    assert times == sorted(times)
    assert days_ago(913) <= times[0]
    assert times[-1] < NOW


def test_ninety_days_are_dense_and_the_tail_is_sparse():
    _, events = drawn()

    recent = sum(event.at >= days_ago(90) for event in events)

    assert 60_000 < len(events) < 150_000
    assert recent > 2 * (len(events) - recent)


def test_a_third_of_the_members_bought_and_350_are_regulars():
    buyers = [person for person in members() if did(person.user_id, "purchase")]
    regulars = [person for person in buyers if len(did(person.user_id, "purchase", 365)) >= 3]

    assert (len(buyers), len(regulars)) == (3_000, 350)


def test_1400_are_dormant_and_left_nothing_younger_than_thirteen_months():
    dormant = [person for person in people() if is_dormant(person)]
    theirs = [event for person in dormant for event in events_by_person().get(person.user_id, ())]

    assert len(dormant) == 1_400
    assert max(event.at for event in theirs) < days_ago(395)
    assert any(person.user_id not in events_by_person() for person in dormant)


def test_the_branches_of_dev_interested_have_their_sizes():
    found = [dev_branches(person) for person in people()]

    assert [sum(each) for each in zip(*found, strict=True)] == [2_900, 320, 900, 520]


def test_2400_interested_people_who_are_not_dormant_agreed_to_email():
    interested = [person for person in people() if any(dev_branches(person))]
    awake = [person for person in interested if not is_dormant(person)]

    assert len(interested) == 3_500
    assert len(awake) == 3_380
    assert sum(person.consents["email"] for person in awake) == 2_400


def test_nobody_changes_branch_within_two_hours():
    """The run starts a little after the people are drawn."""
    later = NOW + timedelta(hours=2)

    changed = [
        person
        for person in people()
        if (dev_branches(person), is_dormant(person)) != (dev_branches(person, later), is_dormant(person, later))
    ]

    assert changed == []


def test_nobody_bought_or_saw_the_course_that_is_launched_now():
    _, events = drawn()

    assert not any(event.properties.get("item_id") == LAUNCHED for event in events)


def test_two_in_five_visitors_looked_twice_this_week_without_signing_up():
    visitors = [person for person in people() if not person.traits["member"]]

    twice = [person for person in visitors if len(did(person.user_id, "view_item", 7)) >= 2]

    assert 0.37 < len(twice) / len(visitors) < 0.43
    assert not any(did(person.user_id, "sign_up") for person in visitors)
