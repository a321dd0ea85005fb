"""Whether a campaign asks for one thing, of enough people to show what it does."""

import re
from collections.abc import Iterator
from typing import Final

from cli.definitions.findings import Finding
from cli.definitions.text_checks import URL
from dangol.domain.campaign import Campaign, MessageText
from dangol.domain.project import Project
from dangol.domain.statistics import visible_at_best
from dangol.domain.variant import arms, holdout_share

# Neither 10,000 nor 1+1, neither C++ nor Q&A.
_SEVERAL: Final = re.compile(r",(?!\d)|(?<![+\d])\+(?![+\d])|\s(?:&|및|그리고|and)\s")
# What authors put in front of the act they ask for.
_ARROW: Final = re.compile(r"^[ \t]*[▼▶►→☞👉]+\ufe0f?[ \t]*(\S.*)$", re.MULTILINE)


def check_appeals(campaign: Campaign) -> Iterator[Finding]:
    """More than one appeal, in what a campaign and its variants say they try, and in what they ask for."""
    named = [((), campaign.appeal)] + [(("variants", n), v.appeal) for n, v in enumerate(campaign.variants)]
    for path, appeal in named:
        several = [part.strip() for part in _SEVERAL.split(appeal or "") if part.strip()]
        if len(several) > 1:
            problem = f"{len(several)} appeals at once ({', '.join(several)}); a result will not tell which one worked"
            yield Finding((*path, "appeal"), problem, "try one in each variant", notice=True)
    for variant in arms(campaign):
        if (acts := len(asked_for(campaign.message_of(variant)))) > 1:
            problem = f"{variant.name} asks for {acts} things; a reader who must choose does neither"
            yield Finding(("message",), problem, "keep one act, in cta", notice=True)


def asked_for(message: MessageText) -> set[str]:
    """The acts that a message asks for: its `cta`, and each line that an arrow stands in front of."""
    acts = {message.cta.link} if message.cta else set()
    for found in _ARROW.finditer(message.text):
        # The line's own address, or the next line's; one without any is what it says.
        following = message.text[found.end() :].lstrip().partition("\n")[0]
        address = URL.search(found[1]) or URL.match(following)
        acts.add(address[0] if address else found[1].strip())
    return acts


def check_size(campaign: Campaign, project: Project) -> Iterator[Finding]:
    """An audience that is too small to show the uplift it is to bring, whatever its people do."""
    target, limit = campaign.goal and campaign.goal.target, campaign.limits.audience
    share = 0.0 if campaign.assign_by else holdout_share(campaign, project.holdout)
    people = limit.max if limit else None
    if not target or target.uplift is None or target.uplift <= 0 or people is None or not share:
        return
    if not visible_at_best(target.uplift, people * (1 - share), people * share):
        problem = (
            f"{people:,} people, {share:.0%} of them held out, cannot show an uplift of {target.uplift * 100:g}%p, "
            "even if nobody held out converts"
        )
        yield Finding(("limits", "audience", "max"), problem, "more people, or a larger holdout", notice=True)
