"""Pictures of messages: what a JPG is, and what carriers and Kakao take.

The 200 KB of an MMS are SOLAPI's (unverified), its 1,500 by 1,440 pixels what Naver Cloud's SENS documents; those of
brand messages are NHN Cloud's, which takes PNG too:
https://docs.nhncloud.com/ko/Notification/KakaoTalk%20Bizmessage/ko/friendtalkupgrade-api-guide/
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

_START: Final = b"\xff\xd8\xff"
_MARK: Final = 0xFF
# The frame headers of every kind of JPG; between them lie tables that have numbers of their own.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HEADER: Final = 9


@dataclass(frozen=True, slots=True)
class PictureLimits:
    """What a picture may be at most, and at least; `tall` is height by width."""

    bytes: int
    width: int = 0
    height: int = 0
    least_width: int = 0
    tall: tuple[float, float] | None = None


MMS: Final = PictureLimits(bytes=200_000, width=1_500, height=1_440)
BRAND: Final = PictureLimits(bytes=5_000_000, least_width=500, tall=(0.5, 1.333))
BRAND_WIDE: Final = PictureLimits(bytes=5_000_000, least_width=500, tall=(0.5, 1.0))


def picture_key(content: bytes) -> str:
    """Under which key a picture is stored: the same one is stored once."""
    return f"images/{sha256(content).hexdigest()[:32]}.jpg"


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height of a JPG; None where it is none."""
    if not content.startswith(_START):
        return None
    place = 2
    while place + _HEADER <= len(content) and content[place] == _MARK:
        if content[place + 1] in _FRAMES:
            height, width = (int.from_bytes(content[place + at : place + at + 2]) for at in (5, 7))
            return width, height
        place += 2 + int.from_bytes(content[place + 2 : place + 4])
    return None


def faults(content: bytes, limits: PictureLimits) -> Iterator[str]:
    """What keeps a picture from being sent, each with its limit."""
    size = size_of(content)
    if size is None:
        yield "is no JPG"
        return
    if len(content) > limits.bytes:
        yield f"is {len(content):,} bytes large; at most {limits.bytes:,} are taken"
    width, height = size
    if limits.width and (width > limits.width or height > limits.height):
        yield f"is {width:,} by {height:,} pixels; at most {limits.width:,} by {limits.height:,} are taken"
    if width < limits.least_width:
        yield f"is {width:,} pixels wide; at least {limits.least_width:,} are needed"
    if limits.tall and not limits.tall[0] * width <= height <= limits.tall[1] * width:
        low, high = limits.tall
        yield f"is {width:,} by {height:,} pixels; its height must be {low:g} to {high:g} of its width"
