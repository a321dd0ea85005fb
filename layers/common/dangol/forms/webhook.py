"""What a system of the company's own is told to say: the words in parts, for a channel that nobody here knows.

Which label the law asks for depends on that channel, so none is added; the call says whether it is advertising.
"""

from dangol.forms.email import one_line
from dangol.forms.filled import Filled, Formed


def formed(filled: Filled) -> Formed:
    """The message in its parts."""
    return Formed(filled.parts["text"].strip(), title=one_line(filled.parts.get("title", "")), action=filled.action)
