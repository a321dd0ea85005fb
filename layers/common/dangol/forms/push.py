"""A push to an app or a browser: a title, a body, a picture, and where a tap leads."""

from dangol.domain.channel import ChannelName
from dangol.domain.push_advertising import advertised_push
from dangol.forms.email import one_line
from dangol.forms.filled import Filled, Formed


def formed(filled: Filled, channel: ChannelName) -> Formed:
    """The message as a push on `channel`; of the act asked for, the address is where a tap leads."""
    title, text = advertised_push(
        one_line(filled.parts.get("title", "")), filled.parts["text"].strip(), channel, filled.project, filled.law
    )
    return Formed(text, title=title, action=filled.action, image=filled.parts.get("image", "").strip())
