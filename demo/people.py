"""Who the people are: traits, consents, and where each of them stands towards development courses.

The sizes of the groups hold by construction; who is in them is drawn from the seed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from demo.shop import (
    BUYERS,
    DORMANT,
    DORMANT_BUYERS,
    DORMANT_DEV_BUYERS,
    MEMBERS,
    REGULARS,
    SHARED_PHONES,
    VISITORS,
    WEB_PUSH_VISITORS,
)

# Of members who are not dormant: seen a development course lately, pressed buy and left, bought, wished.
VIEWED: Final = 2_900
LEFT: Final = 320
DEV_BUYERS: Final = 780
WISHED: Final = 520
# How many of each had not looked at a development course lately: what the branch adds by itself.
LEFT_ONLY, DEV_BUYERS_ONLY, WISHED_ONLY = 60, 320, 100
INTERESTED: Final = VIEWED + LEFT_ONLY + DEV_BUYERS_ONLY + WISHED_ONLY
CONSENTS: Final = {"email": 0.71, "sms": 0.58, "kakao": 0.49, "push": 0.62, "night": 0.11}
NAMELESS: Final = 0.08
WITHDREW: Final = 0.03

_FAMILY: Final = "김이박최정강조윤장임한오서신권황안송류홍"
_GIVEN: Final = (
    *("지은", "민준", "서연", "도윤", "하은", "시우", "지우", "예준", "수아", "주원", "서현", "지호", "지민", "건우"),
    *("윤서", "현우", "채원", "우진", "다은", "선우", "은지", "정훈", "미경", "상철", "영희", "동현", "혜진", "성민"),
)
_INTERESTS: Final = ("dev", "data", "marketing", "design", "language")
_DAY: Final = timedelta(days=1)


@dataclass(slots=True)
class Person:
    """One person; `groups` says what their history must show, `withdrew_at` when they took back e-mail consent."""

    user_id: str
    traits: dict[str, Any]
    consents: dict[str, bool]
    consented_at: datetime | None
    groups: frozenset[str] = field(default_factory=frozenset)
    withdrew_at: datetime | None = None


def make_people(rng: Random, now: datetime) -> list[Person]:
    """Draw all people of the shop as of `now`: members `u-…`, then visitors `a-…`."""
    groups = _groups(rng)
    members = [_member(rng, number, groups, now) for number in range(1, MEMBERS + 1)]
    _share_phones(rng, members)
    _consent(rng, members)
    _withdraw(rng, members, now)
    return [*members, *(_visitor(rng, number, now) for number in range(1, VISITORS + 1))]


def _groups(rng: Random) -> dict[str, set[int]]:
    """The groups by member number, disjoint or overlapping as the sizes say."""
    order = list(range(1, MEMBERS + 1))
    rng.shuffle(order)
    dormant, awake = order[:DORMANT], order[DORMANT:]
    viewed, rest = awake[:VIEWED], awake[VIEWED:]
    left_only, rest = rest[:LEFT_ONLY], rest[LEFT_ONLY:]
    bought_only, rest = rest[:DEV_BUYERS_ONLY], rest[DEV_BUYERS_ONLY:]
    wished_only, rest = rest[:WISHED_ONLY], rest[WISHED_ONLY:]
    bought = {*bought_only, *rng.sample(viewed, DEV_BUYERS - DEV_BUYERS_ONLY)}
    others = BUYERS - DORMANT_BUYERS - len(bought)
    buyers = bought | set(rng.sample([n for n in awake if n not in bought], others))
    return {
        "dormant": set(dormant),
        "viewed": set(viewed),
        "left": {*left_only, *rng.sample(viewed, LEFT - LEFT_ONLY)},
        "wished": {*wished_only, *rng.sample(viewed, WISHED - WISHED_ONLY)},
        "bought_dev": bought | set(dormant[:DORMANT_DEV_BUYERS]),
        "buyer": buyers | set(dormant[:DORMANT_BUYERS]),
        "regular": set(rng.sample(sorted(buyers), REGULARS)),
    }


def _member(rng: Random, number: int, groups: dict[str, set[int]], now: datetime) -> Person:
    mine = frozenset(name for name, people in groups.items() if number in people)
    days = rng.uniform(402, 900) if "dormant" in mine else rng.uniform(95, 900)
    signed_up = (now - days * _DAY).replace(microsecond=0)
    interested = mine & {"viewed", "left", "wished", "bought_dev"}
    traits: dict[str, Any] = {
        "name": rng.choice(_FAMILY) + rng.choice(_GIVEN),
        "email": f"u{number:05d}@example.com",
        "phone": f"010-0000-{number:04d}",
        "member": True,
        "signed_up_at": signed_up.isoformat(),
        "interest": "dev" if interested else rng.choice(_INTERESTS),
    }
    if rng.random() < NAMELESS:
        del traits["name"]
    return Person(f"u-{number:05d}", traits, {}, signed_up, mine)


def _share_phones(rng: Random, members: Sequence[Person]) -> None:
    sharing = rng.sample(members, SHARED_PHONES)
    for one, other in zip(sharing[::2], sharing[1::2], strict=True):
        other.traits["phone"] = one.traits["phone"]


def _consent(rng: Random, members: Sequence[Person]) -> None:
    """Give each consent its exact share, the e-mail's among the interested too."""
    interested = [p for p in members if _is_interested(p)]
    others = [p for p in members if not _is_interested(p)]
    for channel, share in CONSENTS.items():
        agreed = {p.user_id for group in (interested, others) for p in _share_of(rng, group, share)}
        for person in members:
            person.consents[channel] = person.user_id in agreed
    for person in members:
        if person.consents["push"]:
            person.traits["push_token"] = f"demo-{person.user_id}"


def _is_interested(person: Person) -> bool:
    return "dormant" not in person.groups and bool(person.groups & {"viewed", "left", "wished", "bought_dev"})


def _share_of(rng: Random, people: Sequence[Person], share: float) -> Iterable[Person]:
    return rng.sample(people, round(len(people) * share))


def _withdraw(rng: Random, members: Sequence[Person], now: datetime) -> None:
    """Of those without consent to e-mail, some had it until last month."""
    for person in rng.sample([p for p in members if not p.consents["email"]], round(len(members) * WITHDREW)):
        person.withdrew_at = (now - rng.uniform(1, 30) * _DAY).replace(microsecond=0)


def _visitor(rng: Random, number: int, now: datetime) -> Person:
    traits: dict[str, Any] = {"member": False}
    consents = {"web_push": number <= WEB_PUSH_VISITORS}
    if consents["web_push"]:
        traits["web_push"] = f"https://push.example/{number:05d}"
    return Person(f"a-{number:05d}", traits, consents, now - rng.uniform(1, 60) * _DAY, frozenset({"visitor"}))
