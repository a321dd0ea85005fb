"""What people did: ninety dense days, and a sparse tail of thirty months."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from demo.people import Person
from demo.shop import DEV, OTHERS, Course

_DAY = timedelta(days=1)
_PATHS = ("/", "/courses", "/articles")
_TERMS = ("엑셀", "파이썬", "보고서", "영어 회의", "디자인", "광고")
_ARTICLES = {
    "data": ("a-sql-start", "SQL이 처음이라면"),
    "marketing": ("a-first-line", "첫 줄에서 붙잡는 글"),
    "design": ("a-grid", "줄 맞추기부터"),
    "language": ("a-small-talk", "회의 전 3분"),
}
# How many times a visitor looked at a course this week: two in five came back to one.
_VISITOR_LOOKS = (0, 0, 1, 1, 1, 1, 2, 2, 3, 4)
# Shares of those who might do it; the others only look around.
_READS, _SEARCHES, _CAME_BY_AD = 0.2, 0.1, 0.2
_OPENS_APP, _FILLS_CART, _EMPTIES_CART, _WISHES = 0.5, 0.15, 0.2, 0.05
_CARTS_FIRST, _STARTS, _USES_COUPON, _BUYS_DEV_AGAIN, _DORMANT_CAME_BACK = 0.25, 0.6, 0.1, 0.3, 0.7


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
        yield from _looks(person, rng, now, rng.choice(_VISITOR_LOOKS), (0.01, 6.9))
        return
    if "dormant" in person.groups:
        yield from _dormant(person, rng, now)
        return
    yield _sign_up(person, rng)
    yield from _visits(person, rng, now, (0.01, 89))
    yield from _looks(person, rng, now, rng.randint(0, 2), (0.01, 89))
    yield from _wants(person, rng, now)
    yield from _dev(person, rng, now)
    yield from _purchases(person, rng, now)


def _dormant(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    """Thirteen to thirty months back, or nothing at all."""
    span = (396.0, min(_days_a_member(person, now), 910.0))
    if rng.random() < _DORMANT_CAME_BACK:
        yield _sign_up(person, rng)
        yield from _visits(person, rng, now, span)
    if "buyer" in person.groups:
        course = rng.choice(DEV if "bought_dev" in person.groups else OTHERS)
        # Early enough that the first lesson lies as far back, too.
        yield from _purchase(person, rng, now - rng.uniform(400.5, span[1]) * _DAY, course)


def _days_a_member(person: Person, now: datetime) -> float:
    return (now - datetime.fromisoformat(person.traits["signed_up_at"])) / _DAY


def _sign_up(person: Person, rng: Random) -> Event:
    at = datetime.fromisoformat(person.traits["signed_up_at"])
    return Event(person.user_id, "sign_up", at, {"method": rng.choice(("kakao", "email", "google"))})


def _visits(person: Person, rng: Random, now: datetime, span: tuple[float, float]) -> Iterator[Event]:
    for _ in range(rng.randint(1, 3)):
        at = now - rng.uniform(*span) * _DAY
        ad = {"utm_source": "instagram", "utm_campaign": "always-on"} if rng.random() < _CAME_BY_AD else {}
        yield Event(person.user_id, "page_view", at, {"path": rng.choice(_PATHS), **ad})
        if rng.random() < _READS:
            yield _article(person, rng, at - _seconds(rng, 90))
        if rng.random() < _SEARCHES:
            said = {"search_term": rng.choice(_TERMS), "results": rng.randint(0, 12)}
            yield Event(person.user_id, "search", at - _seconds(rng, 90), said)


def _article(person: Person, rng: Random, at: datetime) -> Event:
    category = rng.choice(sorted(_ARTICLES))
    content_id, name = _ARTICLES[category]
    said = {"content_id": content_id, "content_name": name, "category": category}
    return Event(person.user_id, "view_content", at, said)


def _looks(person: Person, rng: Random, now: datetime, times: int, span: tuple[float, float]) -> Iterator[Event]:
    for _ in range(times):
        yield _look(person, now - rng.uniform(*span) * _DAY, rng.choice(OTHERS))


def _look(person: Person, at: datetime, course: Course) -> Event:
    return Event(person.user_id, "view_item", at, _priced(course) | {"url": course.url})


def _wants(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    """The app, the cart and the wish list, none of it about development courses."""
    course, at = rng.choice(OTHERS), now - rng.uniform(0.1, 30) * _DAY
    if person.consents["push"] and rng.random() < _OPENS_APP:
        yield Event(person.user_id, "app_open", at - _seconds(rng, 600), {})
    if rng.random() < _WISHES:
        yield Event(person.user_id, "add_to_wishlist", at, _item(course))
    if rng.random() < _FILLS_CART:
        yield Event(person.user_id, "add_to_cart", at, _priced(course))
        if rng.random() < _EMPTIES_CART:
            yield Event(person.user_id, "remove_from_cart", at + _seconds(rng, 600), _priced(course))


def _dev(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    """What the branches of `dev-interested` ask for, within their thirty days."""
    course = rng.choice(DEV)
    if "viewed" in person.groups:
        for _ in range(rng.randint(1, 4)):
            yield _look(person, now - rng.uniform(0.1, 29) * _DAY, course)
    if "wished" in person.groups:
        yield Event(person.user_id, "add_to_wishlist", now - rng.uniform(0.1, 29) * _DAY, _item(course))
    if "left" in person.groups:
        # Later than any purchase of theirs, so that they did leave.
        yield _checkout(person, now - rng.uniform(0.1, 4.9) * _DAY, course)


def _purchases(person: Person, rng: Random, now: datetime) -> Iterator[Event]:
    if "buyer" not in person.groups:
        return
    times = rng.randint(3, 6) if "regular" in person.groups else rng.choice((1, 1, 1, 2))
    span = (5, min(360 if "regular" in person.groups else 900, _days_a_member(person, now)))
    for number in range(times):
        dev = "bought_dev" in person.groups and (number == 0 or rng.random() < _BUYS_DEV_AGAIN)
        yield from _purchase(person, rng, now - rng.uniform(*span) * _DAY, rng.choice(DEV if dev else OTHERS))


def _purchase(person: Person, rng: Random, at: datetime, course: Course) -> Iterator[Event]:
    if rng.random() < _CARTS_FIRST:
        yield Event(person.user_id, "add_to_cart", at - timedelta(minutes=11), _priced(course))
    yield _checkout(person, at - _seconds(rng, 600), course)
    order = {"order_id": f"{person.user_id}-{at:%Y%m%d%H%M%S}", "value": course.price}
    coupon = {"coupon": "welcome"} if rng.random() < _USES_COUPON else {}
    yield Event(person.user_id, "purchase", at, _item(course) | order | coupon)
    if rng.random() < _STARTS:
        lesson = {"item_id": course.item_id, "category": course.category}
        yield Event(person.user_id, "lesson_start", at + rng.uniform(0.1, 4.5) * _DAY, lesson)


def _checkout(person: Person, at: datetime, course: Course) -> Event:
    return Event(person.user_id, "begin_checkout", at, _item(course) | {"value": course.price})


def _item(course: Course) -> dict[str, Any]:
    return {"item_id": course.item_id, "item_name": course.name, "category": course.category}


def _priced(course: Course) -> dict[str, Any]:
    return _item(course) | {"price": course.price}


def _seconds(rng: Random, most: int) -> timedelta:
    return timedelta(seconds=rng.randint(5, most))
