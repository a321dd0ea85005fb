"""A brand message: its words, and beside them buttons and a coupon.

Kakao puts (광고) before the sender's name and the way to refuse below it, so nothing is added here.
"""

from dangol.forms.filled import Filled, Formed


def formed(filled: Filled) -> Formed:
    """The message as a brand message; the act asked for is its first button."""
    return Formed(filled.parts["text"].strip(), action=filled.action, buttons=filled.buttons, coupon=filled.coupon)
