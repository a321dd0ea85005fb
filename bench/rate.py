"""A limit of fifty a second over two campaigns at once, by the provider's own clock."""

import json
import time
import urllib.request
from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from rich.console import Console

from bench._local_stack import local_stack
from cli.applying import apply
from cli.running import follow, start
from cli.stack import Stack
from dangol.domain.campaign import Campaign
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.project import Project

RATE: Final = 50
PEOPLE: Final = 750
CAMPAIGNS: Final = ("first", "second")
_CONSENTED: Final = 1_700_000_000


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    with local_stack(idle=False) as stack:
        for campaign_id in CAMPAIGNS:
            _load(stack, campaign_id)
        apply(stack, _project(), [(each, _campaign(each)) for each in CAMPAIGNS])
        since = time.time()
        runs = [str(start(stack, each, None)["run"]) for each in CAMPAIGNS]
        for each in runs:
            follow(stack, each, lambda _: None)
        times = _taken(stack, since)
    most, average = most_in_a_second(times), (len(times) - 1) / (times[-1] - times[0])
    Console().print(
        f"{RATE}/s over {len(CAMPAIGNS)} campaigns, {len(times):,} e-mails: at most {most} in any sliding second, "
        f"{average:.1f} a second on average ({average / RATE:.1%})"
    )
    return {"most_in_a_second": most, "average_of_limit": average / RATE, "mails": len(times)}


def most_in_a_second(times: Sequence[float]) -> int:
    """The most of these ascending moments that lie within any one second, its end excluded."""
    return max(bisect_left(times, at + 1) - place for place, at in enumerate(times))


def _load(stack: Stack, group: str) -> None:
    people = [f"{group}-{number}" for number in range(PEOPLE)]
    for position in range(0, PEOPLE, 50):
        some = people[position : position + 50]
        stack.profiles.put_many([Profile(u, traits={"email": f"{u}@example.com", "group": group}) for u in some])
        stack.ledgers.put_many([Ledger(u, 1, {"email": _CONSENTED}) for u in some])


def _project() -> Project:
    return Project.model_validate(
        {
            "project": "bench",
            "sender": {"name": "단골상점", "email": "hello@shop.example", "phone": "1588-0000", "address": "서울시"},
            "channels": {"email": {"provider": "ses", "rate": f"{RATE}/s"}},
        }
    )


def _campaign(group: str) -> Campaign:
    return Campaign.model_validate(
        {
            "title": group,
            "audience": {"trait": "group", "is": group},
            "purpose": "marketing",
            "channel": "email",
            "message": {"subject": "새 강의", "text": "새 강의가 열렸어요."},
        }
    )


def _taken(stack: Stack, since: float) -> list[float]:
    """When SES of the local cloud took each message."""
    with urllib.request.urlopen(f"{stack.settings.endpoint}/_ministack/ses/messages") as answer:
        told = json.load(answer)["messages"]
    return sorted(mail["Timestamp"] for mails in told.values() for mail in mails if mail["Timestamp"] >= since)
