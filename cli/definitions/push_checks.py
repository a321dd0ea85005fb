"""The title of a push, in its last words: label and sender stand in it too."""

from collections.abc import Iterator

from cli.definitions.final_texts import final_texts
from cli.definitions.findings import Finding
from dangol.domain.campaign import Campaign
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.project import Project
from dangol.domain.push_lines import TITLE, columns


def check_titles(campaign: Campaign, project: Project) -> Iterator[Finding]:
    """A title that a phone cuts off."""
    if campaign.channel in PUSH_TRAITS:
        for text in final_texts(campaign, project):
            if columns(text.title) > TITLE:
                problem = f"the title of {text.variant} is cut off on a phone, after {TITLE // 2} syllables"
                yield Finding(("message", "title"), problem, "say what matters first, or less", notice=True)
