"""The shop that dispatching is measured on: its people, their ledgers, and the chunks of one campaign."""

from collections.abc import Sequence
from typing import Final

from cli.applying import apply
from cli.stack import Stack
from dangol.contracts import Recipient, SendChunk
from dangol.domain.campaign import Campaign
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.project import Project
from dangol.ports import RunItem

PEOPLE: Final = 2_000
CHUNK: Final = 100
CONSENTED: Final = 1_700_000_000


def project() -> Project:
    """A shop with two caps, neither of which is ever reached."""
    return Project.model_validate(
        {
            "project": "bench",
            "sender": {"name": "단골상점", "email": "hello@shop.example", "phone": "1588-0000", "address": "서울시"},
            "caps": [
                {"max": 50, "per": "7d", "purpose": "marketing"},
                {"max": 20, "per": "day", "purpose": "marketing"},
            ],
            "merge_tags": {"이름": {"trait": "name", "default": "고객"}},
            "channels": {"email": {"provider": "ses", "rate": "100000/s"}},
        }
    )


def campaign() -> Campaign:
    """An e-mail of one line and a button, in two variants."""
    return Campaign.model_validate(
        {
            "title": "새 강의",
            "audience": {"all": []},
            "purpose": "marketing",
            "channel": "email",
            "message": {
                "subject": "#{이름}님",
                "text": "#{이름}님, 관심 있게 보시던 개발 분야에 새 강의가 열렸어요.",
                "cta": {"label": "보러 가기", "link": "https://shop.example/new"},
            },
            "variants": [{"name": "A"}, {"name": "B"}],
        }
    )


def load(stack: Stack) -> list[str]:
    """People who consented and got ten messages before; their ids."""
    people = [f"user-{number:06}" for number in range(PEOPLE)]
    entries = tuple(Entry(1_000 + n, CONSENTED + n * 86_400, 0, "email", "information") for n in range(10))
    ledgers = [Ledger(user, 1, {"email": CONSENTED}, entries=entries) for user in people]
    for position in range(0, PEOPLE, 100):
        stack.ledgers.put_many(ledgers[position : position + 100])
    return people


def chunks(stack: Stack, campaign_id: str, people: Sequence[str]) -> list[SendChunk]:
    """Start a run of a new campaign; everybody, in chunks of a hundred."""
    apply(stack, project(), [(campaign_id, campaign())])
    now = stack.clock.now()
    item = RunItem(f"{campaign_id}-run", 0, campaign_id, 1, now, "running", tasks=1)
    run = stack.runs.create(item).run
    recipients = [
        Recipient(user_id=u, address=f"{u}@example.com", country="KR", traits={"name": "지은"}) for u in people
    ]
    return [
        SendChunk(
            run=run, chunk=f"0-{n}", size=CHUNK, indexes=list(range(CHUNK)), recipients=recipients[at : at + CHUNK]
        )
        for n, at in enumerate(range(0, len(recipients), CHUNK))
    ]
