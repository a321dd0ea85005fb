"""When the law of the recipient's country keeps advertising silent, and which consent it takes, as data.

The law of the country in which somebody is holds, wherever the sender is. Hours that a project sets for itself
(`quiet_hours`) come on top of these and never shorten them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from dangol.domain.contact_rules import QuietHours
from dangol.domain.countries import EVIDENCE
from dangol.domain.frequency import quiet_until
from dangol.domain.ledger import UNDATED

_TEXTS: Final = ("sms", "lms", "mms")
_SEOUL: Final = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True, slots=True)
class Silence:
    """Hours without advertising, by the clocks of `zones`: all of them must be past it.

    `own` where the person's own clock is what counts, if it is known. `waivable` by a consent to the night.
    """

    hours: QuietHours
    zones: tuple[ZoneInfo, ...]
    own: bool = False
    waivable: bool = False

    def until(self, zone: ZoneInfo | None, now: datetime) -> datetime | None:
        """When it ends, in UTC, for somebody in `zone` (None: not known); None outside it."""
        clocks = (zone,) if self.own and zone else self.zones
        ends = [end for clock in clocks if (end := quiet_until(self.hours, now.astimezone(clock)))]
        return max(ends, default=None)


_SILENCES: Final[Mapping[str, Sequence[Silence]]] = {
    "KR": (
        # Network Act Art. 50(3), decree Art. 61(2): 21:00 to 08:00 needs a consent of its own; e-mail is exempt.
        Silence(
            QuietHours(from_=time(21), to=time(8), channels=(*_TEXTS, "kakao", "brand_message", "push", "web_push")),
            zones=(_SEOUL,),
            waivable=True,
        ),
        # Kakao hands no brand message over from 20:50 on, whatever its reader allows.
        Silence(QuietHours(from_=time(20, 50), to=time(8), channels=("brand_message",)), zones=(_SEOUL,)),
    ),
    "US": (
        # TCPA, 47 CFR 64.1200(c)(1): not before 8:00 nor after 21:00 at the called party; courts apply it to texts.
        # Where nobody knows their zone, it must be day from New York to Honolulu.
        Silence(
            QuietHours(from_=time(21), to=time(8), channels=_TEXTS),
            zones=(ZoneInfo("America/New_York"), ZoneInfo("Pacific/Honolulu")),
            own=True,
        ),
    ),
}


def proves(said: int, country: str | None) -> bool:
    """Whether a consent as the ledger has it can be shown to have been given.

    One that came without a date has nothing that shows it, which the laws of some countries ask for.
    """
    return said != UNDATED or country not in EVIDENCE


def silent_until(
    country: str | None, channel: str, zone: ZoneInfo | None, now: datetime, *, night: bool
) -> datetime | None:
    """When advertising on `channel` may go to somebody in `country` again, in UTC; None where it may now.

    `night` where the person consented to advertising at night.
    """
    ends = [
        end
        for silence in _SILENCES.get(country or "", ())
        if silence.hours.on(channel) and not (night and silence.waivable) and (end := silence.until(zone, now))
    ]
    return max(ends, default=None)
