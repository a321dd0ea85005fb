"""What one seed is about: people, campaigns, limits, trouble."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from dangol.domain.campaign import Campaign
from dangol.domain.project import Project
from tests.fakes.world import NOW
from tests.shop_campaign import campaign, project

RATES = (1, 3, 7, 14, 25, 50, 97, 200, 1_000, 100_000)
ZONES = ("Asia/Seoul", "America/New_York", "Europe/Berlin")


@dataclass(frozen=True)
class Scenario:
    """All that is drawn before a run begins."""

    project: Project
    campaigns: Mapping[str, Campaign]
    rate: int
    people: tuple[str, ...]
    zones: Mapping[str, str | None]
    consenting: Mapping[str, frozenset[str]]
    night: frozenset[str]
    unreachable: Mapping[str, frozenset[str]]
    refused: Mapping[str, frozenset[str]]
    # Whom a channel takes a message for, and says later that it did not arrive.
    bouncing: Mapping[str, frozenset[str]]
    batch_size: int
    tasks: int
    timeout: float
    trouble: float
    faults_until: float
    start: datetime = field(default=NOW)

    def zone_of(self, user: str) -> ZoneInfo:
        """The person's zone, or the project's."""
        return ZoneInfo(self.zones[user] or self.project.timezone)


def draw(rng: Random) -> Scenario:
    """Draw the scenario of a seed."""
    people = tuple(f"u{n:02d}" for n in range(rng.randint(8, 30)))
    rate = rng.choice(RATES)
    trouble = rng.choice((0.0, 0.01, 0.03, 0.06))
    if rate < 7:
        people = people[:14]

    def some(share: float) -> frozenset[str]:
        return frozenset(user for user in people if rng.random() < share)

    def each(email: float, sms: float) -> dict[str, frozenset[str]]:
        return {"email": some(email), "sms": some(sms)}

    return Scenario(
        project=_project(rng, rate),
        campaigns={f"campaign-{n}": _campaign(rng, rate) for n in range(rng.choice((2, 2, 3)))},
        rate=rate,
        people=people,
        zones={user: rng.choice((None, *ZONES)) for user in people},
        consenting=each(0.9, 0.8),
        night=some(0.1),
        unreachable=each(0.05, 0.05),
        refused=each(0.1, 0.1),
        bouncing=each(0.25, 0.1),
        batch_size=rng.choice((1, 3, 10, 50)),
        tasks=rng.choice((1, 2, 3)),
        timeout=rng.choice((10.0, 20.0, 60.0, 120.0)),
        trouble=trouble,
        faults_until=NOW.timestamp() + rng.choice((30.0, 120.0, 900.0)),
    )


def _project(rng: Random, rate: int) -> Project:
    caps = [
        {"max": rng.choice((1, 1, 2)), "per": rng.choice(("day", "week", "10m", "1h", "7d")), **purpose}
        for purpose in rng.sample(({"purpose": "marketing"}, {}), rng.choice((0, 1, 1, 2)))
    ]
    texts = {"provider": "solapi", "rate": f"{rng.choice(RATES)}/s"}
    changed: dict[str, Any] = {
        "caps": caps,
        "channels": {"email": {"provider": "ses", "rate": f"{rate}/s"}, "sms": texts},
    }
    if rng.random() < 0.3:
        # It is 10:00 in Seoul when a run begins.
        begin = timedelta(hours=10, minutes=rng.randint(0, 3))
        end = begin + timedelta(minutes=rng.choice((2, 20, 60)))
        changed["quiet_hours"] = {
            "marketing": {"from": _clock(begin), "to": _clock(end), "then": rng.choice(("hold", "hold", "drop"))}
        }
    return project(**changed)


def _clock(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _campaign(rng: Random, rate: int) -> Campaign:
    limits: dict[str, Any] = {}
    if rng.random() < 0.3:
        limits["expires"] = rng.choice(("2m", "30m", "6h"))
    if rng.random() < 0.3 and rate > 1:
        limits["rate"] = f"{rng.randint(max(1, rate // 5), rate)}/s"
    after = rng.choice(("30s", "1m", "20m"))
    test: dict[str, str] | None = {"share": rng.choice(("20%", "50%")), "decide_after": after}
    if rng.random() < 0.75 or (limits.get("expires") == "2m" and after == "20m"):
        test = None
    several: dict[str, Any] = {}
    if rng.random() < 0.4:
        texts = {"sms": {"subject": "새 강의", "text": "보기 {{ link('https://shop.example/new') }}"}}
        several = {"channel": None, "channels": ["email", "sms"], "messages": texts}
        several["fallback_within"] = rng.choice(("1m", "1h", "1d"))
    return campaign(
        **several,
        audience={"any": [{"as": "회원", "trait": "member", "is": True}]},
        purpose=rng.choice(("marketing", "marketing", "marketing", "information")),
        holdout=rng.choice((None, "10%", "30%")),
        limits=limits,
        test=test,
        once_per=rng.choice((None, None, "campaign", "90d")),
        on_unknown=rng.choice(("leave", "leave", "resend")),
    )
