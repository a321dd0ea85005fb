"""The styles of an HTML message, written into its elements: mail programs throw style sheets away.

It is done when a campaign's file is read, so that what is stored is ready to send. Rules that no element can carry, of
`@media` above all, stay in a style sheet. HTML without one is left as it is.
"""

import re
from typing import Any, Final, TypeVar

from css_inline import CSSInliner, InlineError

from dangol.domain.campaign import Campaign, MessageText, Variant
from dangol.domain.errors import DefinitionError

Saying = TypeVar("Saying", Campaign, Variant)
Told = TypeVar("Told", bound=MessageText)
_SHEET: Final = re.compile(r"<style\b", re.IGNORECASE)
_SHEETS: Final = re.compile(r"<style\b.*?</style\s*>", re.IGNORECASE | re.DOTALL)
_BODY: Final = re.compile(r"<body\b", re.IGNORECASE)
# The template language's own words, which are no HTML: expressions, statements, comments, and Korean merge tags.
_TEMPLATE: Final = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}|#\{[^{}]*\}", re.DOTALL)
_STATEMENTS: Final = ("{%", "{#")
# Within a tag it became an attribute without a value.
_KEPT: Final = re.compile(r"<!--dangol-(\d+)-->|dangol-(\d+)-kept(?:=\"\")?")
_WITHIN: Final = (("<", ">"), ("<!--", "-->"))
_INLINER: Final = CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)


def inlined(campaign: Campaign) -> Campaign:
    """The campaign with the styles of each HTML message in its elements.

    Raises:
        DefinitionError: a style sheet cannot be read.
    """
    variants = {"variants": tuple(map(_saying, campaign.variants))} if campaign.variants else {}
    return _saying(campaign).model_copy(update=variants)


def _saying(saying: Saying) -> Saying:
    """The same with styles in the elements: of what is said in common, and of what by channel."""
    changed: dict[str, Any] = {}
    if saying.message and _styled(saying.message):
        changed["message"] = _message(saying.message)
    if any(map(_styled, saying.by_channel.values())):
        changed["by_channel"] = {channel: _message(part) for channel, part in saying.by_channel.items()}
    return saying.model_copy(update=changed) if changed else saying


def _styled(message: MessageText) -> bool:
    return _SHEET.search(message.html or "") is not None


def _message(message: Told) -> Told:
    return message.model_copy(update={"html": inline(message.html or "")}) if _styled(message) else message


def inline(html: str) -> str:
    """HTML with its styles in its elements; templates in it come through to the letter.

    Raises:
        DefinitionError: a style sheet cannot be read.
    """
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        kept.append(match[0])
        # A comment may stand where text may not, as between the rows of a table; not within a tag or a comment.
        within = any(html.rfind(a, 0, match.start()) > html.rfind(b, 0, match.start()) for a, b in _WITHIN)
        statement = match[0].startswith(_STATEMENTS)
        return f"<!--dangol-{len(kept) - 1}-->" if statement and not within else f"dangol-{len(kept) - 1}-kept"

    html = _whole(html)
    plain = _TEMPLATE.sub(keep, html)
    try:
        done = _INLINER.inline(plain)
    except (InlineError, ValueError) as error:
        raise DefinitionError(f"the style sheet cannot be read: {error}", field="message.html") from error
    back = _KEPT.sub(lambda match: kept[int(match[1] or match[2])], done)
    if sorted(_TEMPLATE.findall(back)) != sorted(kept):
        problem = "a template stands where the style sheet needs a value; write its value there, or styles by hand"
        raise DefinitionError(problem, field="message.html")
    return back


def _whole(html: str) -> str:
    """A document, so that no part of the message is taken for its head."""
    if _BODY.search(html):
        return html
    return f"<html><head>{''.join(_SHEETS.findall(html))}</head><body>{_SHEETS.sub('', html)}</body></html>"
