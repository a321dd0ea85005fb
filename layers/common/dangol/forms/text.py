"""A text message: its words, the act asked for as a line with its link, and what the law adds.

On `sms` its bytes make it an SMS or an LMS; on `lms` and `mms` it is what the channel says.
"""

from dangol.domain.text_advertising import advertised
from dangol.domain.text_bytes import text_type
from dangol.forms.filled import Filled, Formed


def formed(filled: Filled) -> Formed:
    """The message as a text; a subject is the title of an LMS."""
    text = filled.parts["text"].strip()
    if filled.action:
        text = "{}\n{} {}".format(text, *filled.action)
    if filled.law is not None:
        text = advertised(text, filled.project, filled.unsubscribe, filled.law)
    title = " ".join(filled.parts.get("subject", "").split())
    return Formed(text, title, kind=text_type(text, title) if filled.channel == "sms" else filled.channel)
