"""What channels share: SMS, LMS and MMS are one medium, with one number, one provider and one consent.

Standard library alone: `track` starts with it.
"""

from collections.abc import Mapping
from typing import Final, TypeVar, cast

C = TypeVar("C", bound=str)

# The kinds of one medium, each by its name: whatever is set, priced, looked up or hashed for texts stands under `sms`.
_MEDIA: Final[Mapping[str, str]] = {"lms": "sms", "mms": "sms"}
# People consent to messages of KakaoTalk, not to one of their forms.
_PERMISSIONS: Final[Mapping[str, str]] = {**_MEDIA, "brand_message": "kakao"}


def medium(channel: C) -> C:
    """The channel whose settings, form and suppressions hold for `channel`: `sms` for an LMS, else itself."""
    return cast("C", _MEDIA.get(channel, channel))


def permission(channel: str) -> str:
    """Under which channel a consent to `channel` is kept."""
    return _PERMISSIONS.get(channel, channel)


def within(channel: str, name: str | None) -> bool:
    """Whether a rule for `name` (None: for all) is one for `channel`; one for `sms` is for every text message."""
    return name in (None, channel, medium(channel))
