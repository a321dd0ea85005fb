"""What Kakao takes of a brand message, by the form of its bubble.

As NHN Cloud documents it and SOLAPI's SDK 5.0.3 checks it. An older guide of NHN's gives pictures 400 characters and
wide ones a single line break; which of them holds is unverified.
https://docs.nhncloud.com/ko/Notification/KakaoTalk%20Bizmessage/ko/friendtalkupgrade-api-guide/
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

BubbleName = Literal["TEXT", "IMAGE", "WIDE"]
# Whom Kakao hands it to, of those that it is asked for: friends of the channel (I), whoever agreed to marketing at
# KakaoTalk (M), or those of the latter who are no friends (N). M and N need Kakao's approval of the channel.
Targeting = Literal["I", "M", "N"]
LINK_CHARACTERS: Final = 1_000
# The only titles that a coupon may have.
COUPON_TITLE: Final = re.compile(
    r"[1-9]\d{0,7}원 할인 쿠폰|([1-9]\d?|100)% 할인 쿠폰|배송비 할인 쿠폰|.{1,7} 무료 쿠폰|.{1,7} UP 쿠폰"
)


@dataclass(frozen=True, slots=True)
class Bubble:
    """The limits of a form, in characters; `buttons` without and with a coupon."""

    characters: int
    breaks: int
    button_name: int
    buttons: tuple[int, int]
    coupon_description: int


BUBBLES: Final[Mapping[BubbleName, Bubble]] = {
    "TEXT": Bubble(1_300, breaks=99, button_name=14, buttons=(5, 4), coupon_description=12),
    "IMAGE": Bubble(1_300, breaks=99, button_name=14, buttons=(5, 4), coupon_description=12),
    "WIDE": Bubble(76, breaks=5, button_name=8, buttons=(2, 2), coupon_description=18),
}


def bubble_of(image: str | None, *, wide: bool | None) -> BubbleName:
    """The form of a message: by whether it has a picture, and a wide one."""
    if not image:
        return "TEXT"
    return "WIDE" if wide else "IMAGE"
