"""What is risky about a campaign's pushes: what nobody sees who only glances at them."""

from collections.abc import Iterator

from cli.definitions.final_texts import FinalText, final_texts
from cli.definitions.findings import Finding
from dangol.domain.campaign import Campaign
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.project import Project
from dangol.domain.push_advertising import shown_lines
from dangol.domain.push_lines import LINE, LINES, TITLE, columns


def check_pushes(campaign: Campaign, project: Project) -> Iterator[Finding]:
    """Everything about the texts of a campaign by push."""
    if campaign.channel in PUSH_TRAITS:
        for text in final_texts(campaign, project):
            yield from _glanced(text)


def _glanced(text: FinalText) -> Iterator[Finding]:
    if (count := shown_lines(text.text)) > LINES:
        problem = f"the body of {text.variant} takes {count} lines on a phone, of {LINE // 2} syllables each"
        yield Finding(("message", "text"), problem, f"what stands below the first {LINES} is folded away", notice=True)
    if columns(text.title) > TITLE:
        problem = f"the title of {text.variant} is cut off on a phone, after {TITLE // 2} syllables"
        yield Finding(("message", "title"), problem, "say what matters first, or less", notice=True)
