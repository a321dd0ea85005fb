"""One small shop with one campaign, as models."""

from typing import Any

from dangol.contracts import Recipient
from dangol.domain.campaign import Campaign
from dangol.domain.project import Project
from dangol.ports import Definition

LINK_BASE = "https://go.shop.example"


def project(**changed: Any) -> Project:
    """The shop's project, with some of it changed."""
    told: dict[str, Any] = {
        "project": "shop",
        "timezone": "Asia/Seoul",
        "sender": {"name": "단골상점", "email": "hello@shop.example", "phone": "1588-0000", "address": "서울시"},
        "events": {"purchase": {"facets": ["item_id"], "value": "value"}},
        "merge_tags": {"이름": {"trait": "name", "default": "고객"}},
        "channels": {"email": {"provider": "ses", "rate": "1000/s"}},
    }
    return Project.model_validate({**told, **changed})


def campaign(**changed: Any) -> Campaign:
    """The shop's campaign, with some of it changed."""
    told: dict[str, Any] = {
        "title": "새 강의",
        "goal": {"event": "purchase", "where": {"item_id": "new"}, "within": "7d", "target": {"uplift": "3%p"}},
        "also": ["view_item"],
        "audience": {"any": [{"as": "동의", "trait": "email", "exists": True}]},
        "purpose": "marketing",
        "channel": "email",
        "message": {"subject": "#{이름}님", "text": "보기 {{ link('https://shop.example/new') }}"},
        "variants": [{"name": "A"}, {"name": "B"}],
    }
    merged = {**told, **changed}
    return Campaign.model_validate({name: value for name, value in merged.items() if value is not None})


def definition(campaign_id: str = "launch", *, of: Campaign | None = None, within: Project | None = None) -> Definition:
    """An applied campaign."""
    return Definition(campaign_id, 1, of or campaign(), within or project(), LINK_BASE)


def recipient(user_id: str, **changed: Any) -> Recipient:
    """Somebody in the audience."""
    told: dict[str, Any] = {"user_id": user_id, "address": f"{user_id}@example.com", "country": "KR", "labels": 1}
    return Recipient(**{**told, **changed})
