"""Who gets which arm: by stable hash, so that the same person always gets the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from dangol.domain.campaign import Campaign, Variant
from dangol.domain.contact_rules import GlobalHoldout
from dangol.domain.draw import point

# What a campaign without variants calls its one message.
ONLY: Final = Variant(name="A")
HOLDOUT: Final = "holdout"


@dataclass(frozen=True, slots=True)
class Arm:
    """Where a person stands in the comparison; `variant` is None for those who are held out."""

    variant: int | None

    @property
    def held_out(self) -> bool:
        """Whether this is the arm that gets nothing."""
        return self.variant is None


def arms(campaign: Campaign) -> Sequence[Variant]:
    """The variants in the order that entries and counters number them."""
    return campaign.variants or (ONLY,)


def arm_for(user_id: str, campaign_id: str, campaign: Campaign, holdout: float, assigned: str | None) -> Arm | None:
    """Assign a person to an arm; None where `assign_by` names no arm of the campaign.

    `assigned` is the trait's value where the split was drawn elsewhere, `holdout` the share in force.
    """
    if campaign.assign_by is not None:
        return _assigned(campaign, assigned)
    if point(f"{campaign_id}:holdout", user_id) < holdout:
        return Arm(None)
    return Arm(weighted_variant(user_id, campaign_id, campaign))


def weighted_variant(user_id: str, campaign_id: str, campaign: Campaign) -> int:
    """The variant a person gets by weight; for those held out, the one they would have got."""
    return _weighted(arms(campaign), point(f"{campaign_id}:variant", user_id))


def _assigned(campaign: Campaign, value: str | None) -> Arm | None:
    if campaign.assign_by is not None and value is not None and value == campaign.assign_by.holdout:
        return Arm(None)
    names = [variant.name for variant in arms(campaign)]
    return Arm(names.index(value)) if value in names else None


def _weighted(variants: Sequence[Variant], at: float) -> int:
    total = sum(v.weight for v in variants)
    bound = 0.0
    for index, variant in enumerate(variants):
        bound += variant.weight / total
        if at < bound:
            return index
    return max(i for i, v in enumerate(variants) if v.weight)


def holdout_share(campaign: Campaign, default: float) -> float:
    """The holdout in force: the campaign's own, else the project's, which is for marketing only."""
    if campaign.holdout is not None:
        return campaign.holdout
    return default if campaign.purpose == "marketing" else 0.0


def in_global_holdout(user_id: str, rule: GlobalHoldout, local: datetime) -> bool:
    """Whether a person is in the global holdout of the period that `local`, in the project's zone, lies in."""
    period = {
        "monthly": f"{local:%Y-%m}",
        "quarterly": f"{local:%Y}-Q{(local.month + 2) // 3}",
        "yearly": f"{local:%Y}",
    }[rule.renew]
    return point(f"global_holdout:{period}", user_id) < rule.share
