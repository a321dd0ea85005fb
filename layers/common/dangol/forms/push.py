"""A push to an app or a browser: a title, a body, a picture, and where a tap leads."""

from dangol.domain.push_advertising import advertised_push
from dangol.forms.email import one_line
from dangol.forms.filled import Filled, Formed


def formed(filled: Filled) -> Formed:
    """The message as a push; of the act asked for, the address is where a tap leads."""
    title, text = one_line(filled.parts.get("title", "")), filled.parts["text"].strip()
    title, text = advertised_push(title, text, filled.channel, filled.project, filled.law)
    return Formed(text, title=title, action=filled.action, image=filled.parts.get("image", "").strip())
