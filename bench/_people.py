"""Generated people of a shop, as pages of the Profiles table."""

import json
from base64 import b64encode
from random import Random
from typing import Any, Final

from dangol.adapters.profiles import write_profile
from dangol.domain.profile import Occurrence, Profile, fold
from dangol.domain.project import EventSpec

# 2026-12-01 00:00 in Seoul.
AT: Final = 1_796_050_800
DAY: Final = 86_400
PAGE_BYTES: Final = 1_000_000
_SPEC: Final = EventSpec(facets=("category",))
_NAMES: Final = ("김지은", "이하은", "박서연", "최민준", "정도윤")


def person(number: int, random: Random) -> Profile:
    """Somebody with seven event keys; most were last here weeks ago."""
    profile = Profile(f"user-{number:09d}", rev=random.randint(2, 90))
    away = random.expovariate(1 / (60 * DAY))
    for event, most, facets in (("view_item", 9, True), ("add_to_cart", 3, False), ("begin_checkout", 2, False)):
        for category in ("dev", "design") if facets else ("",):
            _did(profile, event, category, random, away, most)
    _did(profile, "purchase", "", random, away + random.expovariate(1 / (30 * DAY)), 2)
    _did(profile, "app_open", "", random, away, 8)
    profile.traits = {
        "email": f"{profile.user_id}@example.com",
        "name": random.choice(_NAMES),
        "plan": random.choice(["free", "basic", "pro"]),
        "signed_up_at": f"20{random.randint(18, 26)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}T09:00:00Z",
        "points": random.randint(0, 50_000),
        "timezone": "Asia/Seoul",
    }
    profile.trait_times = dict.fromkeys(profile.traits, AT - int(away))
    profile.consents = {"email": AT - 300 * DAY}
    return profile


def _did(profile: Profile, event: str, category: str, random: Random, away: float, most: int) -> None:
    value = random.randint(1, 90) * 1_000 if event == "purchase" else 0
    for _ in range(random.randint(1, most)):
        at = AT - int(away + random.expovariate(1 / (20 * DAY)))
        properties = {"category": category} if category else {}
        fold(profile, Occurrence(event, at, value * 10_000, properties), _SPEC)


def pages(count: int, *, seed: int = 7) -> list[tuple[bytes, int]]:
    """Bodies of Scan answers of about 1 MB, as DynamoDB sends them, each with the number of people on it."""
    random, number, made = Random(seed), 0, []
    for _ in range(count):
        items: list[dict[str, Any]] = []
        size = 0
        while size < PAGE_BYTES:
            found = write_profile(person(number, random))
            size += _size(found)
            items.append(found)
            number += 1
        made.append((body(items), len(items)))
    return made


def body(items: list[dict[str, Any]]) -> bytes:
    """A Scan's answer with these items."""
    told = {
        "ConsumedCapacity": {"CapacityUnits": 128.5, "TableName": "people"},
        "Count": len(items),
        "Items": items,
        "LastEvaluatedKey": {"user_id": items[-1]["user_id"]},
        "ScannedCount": len(items),
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), default=_base64).encode()


def _base64(value: bytes) -> str:
    return b64encode(value).decode()


def _size(value: Any) -> int:
    """About what DynamoDB counts of an item: names and values, and a few bytes for each map."""
    if isinstance(value, dict):
        return sum((0 if key in "SNBM" else len(key.encode()) + 1) + _size(inner) for key, inner in value.items()) + 1
    return len(value) if isinstance(value, bytes) else len(str(value).encode())
