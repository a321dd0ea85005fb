"""Changes of consent, told to whoever has to know: a signed webhook, and the notice that Korea's law asks for.

Both are queued before anything is sent, so that a receiver that is down holds up nothing else.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import orjson

from dangol.contracts import Announcement, Consented, SendNotice
from dangol.domain.advertising import country_of
from dangol.domain.errors import UnavailableError
from dangol.domain.notice import NIGHT, NOTICE_COUNTRY, NOTICE_DELAY, notice_channel
from dangol.domain.profile import Profile
from dangol.domain.project import Project
from dangol.ports import Clock, Delivery, Profiles, Queue, Webhooks

logger = logging.getLogger(__name__)

# The first wait in seconds, doubled up to what a queue can delay: a hundred tries take a day.
FIRST_WAIT, LONGEST_WAIT, TRIES = 5, 900, 100
# For so many seconds of a batch webhooks are delivered; the rest comes back.
PATIENCE: Final = 10.0
_LANGUAGES: Final = ("locale", "language")


class Announcer:
    """Tells of changes of consent."""

    def __init__(self, profiles: Profiles, webhooks: Webhooks, queues: tuple[Queue, Queue]) -> None:
        """`queues` are that of happenings and that of sends."""
        self._profiles = profiles
        self._webhooks = webhooks
        self._events, self._sends = queues

    def announce(self, said: Sequence[Consented], project: Project) -> None:
        """Queue what is to be told of changes."""
        if not said:
            return
        if project.webhooks.consent_changed:
            self._events.send([_announcement(change).model_dump_json() for change in said])
        if project.consent_notice:
            profiles = self._profiles.get_many(sorted({change.user_id for change in said}))
            notices = [notice for change in said for notice in _notices(change, profiles[change.user_id], project)]
            self._sends.send([notice.model_dump_json() for notice in notices], delay=NOTICE_DELAY)

    def deliver(self, announcements: Sequence[Announcement], project: Project, clock: Clock) -> None:
        """Deliver webhooks; one that is not taken comes back later, for a day.

        Raises:
            UnavailableError: a receiver did not take one for a day.
        """
        url, until = project.webhooks.consent_changed, clock.seconds() + PATIENCE
        if url is None:
            return
        for announcement in announcements:
            if clock.seconds() > until:
                self._again(announcement, wait=1)
                continue
            body = orjson.dumps(announcement.payload)
            delivery = self._webhooks.deliver(url, announcement.id, body, clock.now())
            if delivery is Delivery.REFUSED:
                logger.error("webhook refused: %s", announcement.id)
            elif delivery is Delivery.LATER:
                self._later(announcement)

    def _later(self, announcement: Announcement) -> None:
        if announcement.tries >= TRIES:
            raise UnavailableError(f"nobody takes the webhook {announcement.id}")
        wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(announcement.tries, 10))
        self._again(announcement.model_copy(update={"tries": announcement.tries + 1}), wait=wait)

    def _again(self, announcement: Announcement, *, wait: int) -> None:
        self._events.send([announcement.model_dump_json()], delay=wait)


def _announcement(said: Consented) -> Announcement:
    kept = {"user_id", "consents", "night", "pace", "method", "source", "wording"}
    data = {**said.model_dump(include=kept), "evidence": said.id}
    at = datetime.fromtimestamp(said.at / 1000, tz=UTC).isoformat(timespec="milliseconds")
    return Announcement(id=said.id, payload={"type": "consent_changed", "timestamp": at, "data": data})


def _notices(said: Consented, profile: Profile, project: Project) -> list[SendNotice]:
    """A notice for each channel of which something was said, to the address that it can be given to."""
    if country_of(profile.traits, project) != NOTICE_COUNTRY:
        return []
    language = next((str(profile.traits[name])[:2] for name in _LANGUAGES if profile.traits.get(name)), project.locale)
    notices = []
    words = {**said.consents, **({} if said.night is None else {NIGHT: said.night})}
    for channel, given in words.items():
        by = notice_channel(channel, profile, project)
        if by and (address := profile.address(by)):
            notices.append(
                SendNotice(
                    id=f"{said.id}:{channel}",
                    user_id=said.user_id,
                    by=by,
                    address=address,
                    channel=channel,
                    given=given,
                    at=said.at,
                    locale=language,
                )
            )
    return notices
