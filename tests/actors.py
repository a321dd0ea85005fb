"""Named people, moments and definitions that the tests share."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dangol.domain.campaign import Campaign
from dangol.domain.decision import Person
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.project import Project
from dangol.domain.run import Run

SEOUL = ZoneInfo("Asia/Seoul")
NEW_YORK = ZoneInfo("America/New_York")
# A Tuesday, 12:00 in Seoul.
NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
NOON = int(NOW.timestamp())
DAY = 86_400

ANN = Person("ann", "ann@example.com")
SENDER = {"name": "단골상점", "email": "hello@shop.example", "phone": "1588-0000", "address": "서울시 중구"}
PROJECT: dict[str, Any] = {"project": "shop", "sender": SENDER}
CAMPAIGN: dict[str, Any] = {
    "title": "오픈",
    "audience": {"did": "view_item"},
    "purpose": "marketing",
    "channel": "email",
    "message": {"subject": "안녕하세요", "text": "새 강의가 열렸어요."},
}


def project(**changes: object) -> Project:
    """The shop, with `changes`."""
    return Project.model_validate(PROJECT | changes)


def campaign(**changes: object) -> Campaign:
    """The shop's campaign, with `changes`."""
    return Campaign.model_validate(CAMPAIGN | changes)


def run(of: Campaign | None = None, shop: Project | None = None, **changes: Any) -> Run:
    """Run 7 of the campaign `sale`, which has no other runs."""
    given: dict[str, Any] = {"number": 7, "scheduled_at": NOW, "siblings": {7: NOW}} | changes
    return Run(campaign_id="sale", campaign=of or campaign(), project=shop or project(), **given)


def entry(number: int = 1, ago: timedelta = timedelta(0), **changes: Any) -> Entry:
    """A send of another run, `ago` before `NOW`."""
    given: dict[str, Any] = {"variant": 0, "channel": "email", "purpose": "marketing"} | changes
    return Entry(run=number, claimed_at=NOON - int(ago.total_seconds()), **given)


def ledger(*entries: Entry, **changes: Any) -> Ledger:
    """Ann's ledger: she agreed to e-mail a day ago."""
    given: dict[str, Any] = {"rev": 1, "consents": {"email": NOON - DAY}} | changes
    return Ledger("ann", entries=entries, **given)
