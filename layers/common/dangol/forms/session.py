"""What is shown inside a session: its words, and in places of their own a title, the act asked for, what closes it.

Nothing is transmitted to anybody, so the law of advertising adds nothing to it.
"""

from dangol.forms.email import one_line
from dangol.forms.filled import Filled, Formed


def formed(filled: Filled) -> Formed:
    """The message as a page or an app shows it."""
    parts = filled.parts
    return Formed(
        parts["text"].strip(),
        title=one_line(parts.get("title", "")),
        close=one_line(parts.get("close", "")),
        action=filled.action,
    )
