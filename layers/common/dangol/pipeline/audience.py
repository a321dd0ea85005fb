"""Whether a run may start, now that its audience is known."""

from dangol.domain.campaign import Campaign
from dangol.ports import RunItem


def refusal(run: RunItem, campaign: Campaign) -> str | None:
    """Why the run must not start now that its audience is known; None where it may."""
    if run.inexact:
        return "inexact"
    limits = campaign.limits.audience
    if limits is None:
        return None
    if limits.min is not None and run.audience < limits.min:
        return "audience_too_small"
    if limits.max is not None and run.audience > limits.max:
        return "audience_too_large"
    return None
