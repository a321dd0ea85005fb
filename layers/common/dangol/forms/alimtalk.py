"""An AlimTalk: the variables of a template that Kakao has approved; the text is what the reader sees of it.

A link is a variable too, `#{링크}`: without its scheme, because Kakao approves a button's address that begins with
`https://` and goes on with a variable.
"""

from typing import Final

from dangol.forms.filled import Filled, Formed

# The variable that carries the tracked address of the act asked for.
LINK_VARIABLE: Final = "링크"


def formed(filled: Filled) -> Formed:
    """The message as an AlimTalk."""
    values = dict(filled.values)
    text = filled.parts["text"].strip()
    if filled.action:
        label, address = filled.action
        values[LINK_VARIABLE] = address.partition("://")[2]
        text = f"{text}\n\n[{label}] {address}"
    return Formed(text, values=values)
