"""What people did: ninety dense days, and a sparse tail of thirty months."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from demo.people import Person
from demo.shop import DEV, OTHERS, Course

_DAY = timedelta(days=1)


class Event(NamedTuple):
    """One event of one person."""

    user_id: str
    name: str
    at: datetime
    properties: dict[str, Any]


def make_events(people: list[Person], rng: Random, now: datetime) -> list[Event]:
    """Draw what everybody did before `now`, in order of time; nobody bought what is only launched now."""
    events = [event for person in people for event in _life(person, rng, now)]
    return sorted(events, key=lambda event: (event.at, event.user_id, event.name))


def _life(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    if "visitor" in person.groups:
        yield from _visits(person, rng, now, (0.01, 30))
        yield from _looks(person, rng, now, rng.choice((0, 1, 2, 3, 4)), (0.01, 6.9))
        return
    if "dormant" in person.groups:
        yield from _dormant(person, rng, now)
        return
    yield from _visits(person, rng, now, (0.01, 89))
    yield from _looks(person, rng, now, rng.randint(0, 3), (31, 89))
    yield from _dev(person, rng, now)
    yield from _purchases(person, rng, now)


def _dormant(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    """Thirteen to thirty months back, or nothing at all."""
    signed_up = (now - datetime.fromisoformat(person.traits["signed_up_at"])).days
    if signed_up < 396:  # noqa: PLR2004 - thirteen months
        return
    span = (396.0, float(min(signed_up, 910)))
    if rng.random() < 0.7:  # noqa: PLR2004 - the others never came back
        yield from _visits(person, rng, now, span)
    if "buyer" in person.groups:
        course = rng.choice(DEV if "bought_dev" in person.groups else OTHERS)
        yield from _purchase(person, rng, now - rng.uniform(*span) * _DAY, course)


def _visits(person: Person, rng: Random, now: datetime, span: tuple[float, float]) -> Iterator[Event]:
    for _ in range(rng.randint(1, 4)):
        at = now - rng.uniform(*span) * _DAY
        yield Event(person.user_id, "page_view", at, {"path": rng.choice(("/", "/courses", "/articles"))})
        if rng.random() < 0.3:  # noqa: PLR2004 - most only look around
            yield Event(
                person.user_id, "view_content", at + _seconds(rng, 90), {"category": rng.choice(OTHERS).category}
            )


def _looks(person: Person, rng: Random, now: datetime, times: int, span: tuple[float, float]) -> Iterator[Event]:
    for _ in range(times):
        yield _look(person, now - rng.uniform(*span) * _DAY, rng.choice(OTHERS))


def _look(person: Person, at: datetime, course: Course) -> Event:
    return Event(person.user_id, "view_item", at, _item(course) | {"price": course.price, "url": course.url})


def _dev(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    """What the branches of `dev-interested` ask for, within their thirty days."""
    course = rng.choice(DEV)
    if "viewed" in person.groups:
        for _ in range(rng.randint(1, 4)):
            yield _look(person, now - rng.uniform(0.1, 29) * _DAY, course)
    if "wished" in person.groups:
        yield Event(person.user_id, "add_to_wishlist", now - rng.uniform(0.1, 29) * _DAY, _item(course))
    if "left" in person.groups:
        value = {"category": "dev", "item_id": course.item_id, "value": course.price}
        # Later than any purchase of theirs, so that they did leave.
        yield Event(person.user_id, "begin_checkout", now - rng.uniform(0.1, 4.9) * _DAY, value)


def _purchases(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    if "buyer" not in person.groups:
        return
    times = rng.randint(3, 6) if "regular" in person.groups else rng.choice((1, 1, 1, 2))
    member_for = (now - datetime.fromisoformat(person.traits["signed_up_at"])).days
    span = (5, min(360 if "regular" in person.groups else 900, member_for))
    for number in range(times):
        dev = "bought_dev" in person.groups and (number == 0 or rng.random() < 0.3)  # noqa: PLR2004 - taste is mixed
        yield from _purchase(person, rng, now - rng.uniform(*span) * _DAY, rng.choice(DEV if dev else OTHERS))


def _purchase(person: Person, rng: Random, at: datetime, course: Course) -> Iterator[Event]:
    price = {"value": course.price}
    yield Event(person.user_id, "begin_checkout", at - _seconds(rng, 600), _item(course) | price)
    order = {"order_id": f"{person.user_id}-{at:%Y%m%d%H%M%S}"}
    yield Event(person.user_id, "purchase", at, _item(course) | price | order)


def _item(course: Course) -> dict[str, Any]:
    return {"item_id": course.item_id, "item_name": course.name, "category": course.category}


def _seconds(rng: Random, most: int) -> timedelta:
    return timedelta(seconds=rng.randint(5, most))
