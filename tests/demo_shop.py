"""The demo's shop as of one moment, drawn once for all tests of it."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from random import Random

from demo.history import Event, make_events
from demo.people import Person, make_people
from demo.shop import SEED

NOW = datetime(2026, 12, 1, 1, tzinfo=UTC)


def days_ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def draw(seed: int = SEED) -> tuple[list[Person], list[Event]]:
    """People and events, drawn anew."""
    rng = Random(seed)
    people = make_people(rng, NOW)
    return people, make_events(people, rng, NOW)


@cache
def drawn() -> tuple[list[Person], list[Event]]:
    return draw()


def digest() -> str:
    """The whole shop in one short text."""
    people, events = drawn()
    told = [(p.user_id, p.traits, p.consents, p.withdrew_at, sorted(p.groups)) for p in people]
    return sha256(repr((told, events)).encode()).hexdigest()


def people() -> list[Person]:
    return drawn()[0]


def members() -> list[Person]:
    return [person for person in people() if person.traits["member"]]


@cache
def events_by_person() -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in drawn()[1]:
        found[event.user_id].append(event)
    return found


def did(
    user_id: str, name: str, within: float | None = None, category: str | None = None, at: datetime = NOW
) -> list[Event]:
    """What somebody did in the half-open window before `at`; a second way to ask what the segments ask."""
    return [
        event
        for event in events_by_person().get(user_id, ())
        if event.name == name
        and event.at < at
        and (within is None or event.at >= at - timedelta(days=within))
        and (category is None or event.properties["category"] == category)
    ]


def is_dormant(person: Person, at: datetime = NOW) -> bool:
    """`segments/dormant.yaml`, by hand."""
    signed_up = person.traits.get("signed_up_at")
    if signed_up is None or datetime.fromisoformat(signed_up) >= at - timedelta(days=365):
        return False
    return not any(did(person.user_id, name, 365, at=at) for name in ("app_open", "page_view", "purchase"))


def dev_branches(person: Person, at: datetime = NOW) -> tuple[bool, bool, bool, bool]:
    """`segments/dev-interested.yaml`, by hand: viewed, left, bought, wished."""
    who = person.user_id
    pressed = did(who, "begin_checkout", 30, "dev", at)
    bought = did(who, "purchase", at=at)
    left = bool(pressed) and not any(order.at >= pressed[-1].at for order in bought)
    return (
        bool(did(who, "view_item", 30, "dev", at)),
        left,
        bool(did(who, "purchase", None, "dev", at)),
        bool(did(who, "add_to_wishlist", 30, "dev", at)),
    )
