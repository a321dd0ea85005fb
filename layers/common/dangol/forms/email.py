"""E-mail, and whatever the console writes down: a subject, a text, and an HTML with its button, footer and pixel."""

import re
from html import unescape
from typing import Final

from dangol.domain import markup
from dangol.domain.advertising import footer_lines, label
from dangol.forms.filled import Filled, Formed

_UNSEEN: Final = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


def formed(filled: Filled) -> Formed:
    """The message as an e-mail, labelled and with a footer where the law asks for it."""
    parts, action, project, law = filled.parts, filled.action, filled.project, filled.law
    html = filled.track(parts["html"] if "html" in parts else markup.paragraphs(parts["text"], filled.ours))
    text = parts["text"].rstrip() + ("\n\n▼ {}\n{}".format(*action) if action else "")
    subject, footer = parts.get("subject", ""), ""
    if law is not None:
        subject = label(subject, law)
        footer = markup.footer(footer_lines(unescape(html), project, filled.unsubscribe, law))
        text = "\n\n".join([text, *_text_footer(footer_lines(text, project, filled.unsubscribe, law))])
    ending = f"{markup.button(action)}{footer}{markup.trap(filled.hidden)}{markup.pixel(filled.pixel)}"
    whole = markup.framed(html, markup.hidden(parts.get("preheader", "")), ending)
    return Formed(text + "\n", one_line(subject), whole)


def one_line(subject: str) -> str:
    """A subject without line breaks and other white space that headers do not take."""
    return " ".join(_UNSEEN.sub(" ", subject).split())


def _text_footer(lines: list[str]) -> list[str]:
    return ["\n".join(lines)] if lines else []
