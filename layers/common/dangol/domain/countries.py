"""Countries by the prefix of a phone number (ITU-T E.164), and those that share a law, as data."""

from collections.abc import Mapping
from typing import Final

# Those whose law is kept here, the European Union and Economic Area, and Japan.
_PREFIXES: Final[Mapping[str, str]] = {
    "+1": "US",
    "+30": "GR",
    "+31": "NL",
    "+32": "BE",
    "+33": "FR",
    "+34": "ES",
    "+351": "PT",
    "+352": "LU",
    "+353": "IE",
    "+354": "IS",
    "+356": "MT",
    "+357": "CY",
    "+358": "FI",
    "+359": "BG",
    "+36": "HU",
    "+370": "LT",
    "+371": "LV",
    "+372": "EE",
    "+385": "HR",
    "+386": "SI",
    "+39": "IT",
    "+40": "RO",
    "+420": "CZ",
    "+421": "SK",
    "+423": "LI",
    "+43": "AT",
    "+44": "GB",
    "+45": "DK",
    "+46": "SE",
    "+47": "NO",
    "+48": "PL",
    "+49": "DE",
    "+81": "JP",
    "+82": "KR",
}
_LENGTHS: Final = sorted({len(prefix) for prefix in _PREFIXES}, reverse=True)
# Countries of their own that share +1; territories of the United States keep its law.
_SHARE_ONE: Final = frozenset(
    {
        *("CA", "AG", "AI", "BB", "BM", "BS", "DM", "DO", "GD", "JM", "KN"),
        *("KY", "LC", "MS", "SX", "TC", "TT", "VC", "VG"),
    }
)
# GDPR Art. 7(1) and its British twin: whoever sends must be able to show that consent was given.
EVIDENCE: Final = frozenset(
    {
        *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU"),
        *("LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK", "IS", "LI", "NO", "GB"),
    }
)


def by_phone(phone: str, stated: str | None) -> str | None:
    """The country of a number; None where it cannot be told.

    Of +1 the United States, whose rules are the strictest there, unless another of its countries is `stated`.
    """
    if not phone.startswith("+"):
        return "KR" if phone.startswith("010") else None
    found = next((_PREFIXES[phone[:n]] for n in _LENGTHS if phone[:n] in _PREFIXES), None)
    return stated if found == "US" and stated in _SHARE_ONE else found
