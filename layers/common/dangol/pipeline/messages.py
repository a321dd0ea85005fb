"""One person's message: text, tracked links, and the headers of the way out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from dangol.contracts import Recipient
from dangol.domain.advertising import AdvertisingLaw
from dangol.domain.campaign import Campaign
from dangol.domain.channel import SESSION
from dangol.domain.devices import PUSH_TRAITS
from dangol.domain.project import Project
from dangol.domain.reference import Reference
from dangol.domain.short_links import SHORTENED, Shortener
from dangol.domain.tracking import HIDDEN_LINK, OPEN_LINK, SEND_ID, SESSION_ID, UNSUBSCRIBE_LINK, Keys, Mark, sign
from dangol.domain.variant import arms
from dangol.ports import Message
from dangol.rendering import LinkSigner, MessageTemplate

# Channels that have no pixel to show.
_PLAIN_TEXT: Final = frozenset({"console", "webhook", *PUSH_TRAITS, *SHORTENED, *SESSION})
# For how long a device that is off may be late for a push: a day later it is no news.
_TTL: Final = timedelta(days=1)
# What FCM and browsers' services take at most.
_LONGEST_TTL: Final = timedelta(days=28)


@dataclass(frozen=True, slots=True)
class Rendering:
    """What all messages of a run share; `run` is the run's number."""

    run: int
    campaign: Campaign
    project: Project
    link_base: str
    keys: Keys


class Renderer:
    """Renders the messages of one run, each variant compiled once."""

    def __init__(self, rendering: Rendering) -> None:
        self._r = rendering
        self._codes = [rendering.campaign.message_of(v).template or "" for v in arms(rendering.campaign)]
        self._templates: Sequence[MessageTemplate] = [
            MessageTemplate(rendering.campaign.message_of(v), rendering.project, rendering.campaign.channel)
            for v in arms(rendering.campaign)
        ]

    def message(self, recipient: Recipient, variant: int, place: str = "") -> Message:
        """The message of `variant` for one person; `place` is theirs in the run, where another channel may follow.

        Raises:
            MissingVariableError: the person lacks a value that the message needs.
        """
        r = self._r
        in_session = r.campaign.channel in SESSION
        # The law of advertising is about what is transmitted; this is part of the site or app itself.
        advertising = r.campaign.purpose == "marketing" and not in_session
        law = AdvertisingLaw(recipient.country) if advertising else None
        shortener = Shortener(r.link_base)
        signer = self._signer(recipient.user_id, variant, shortener)
        rendered = self._templates[variant].render(recipient.user_id, recipient.traits, signer, law)
        return Message(
            user_id=recipient.user_id,
            reference=str(Reference(r.run, recipient.user_id, place)),
            address=recipient.address or "",
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            kind=rendered.kind,
            advertising=advertising,
            template=self._codes[variant],
            values=rendered.values,
            headers=_way_out(signer.unsubscribe) if advertising else {},
            title=rendered.title,
            close=rendered.close,
            action=rendered.action,
            image=rendered.image,
            ttl=int(min(r.campaign.limits.expires or _TTL, _LONGEST_TTL).total_seconds()),
            send_id=sign(Mark(r.run, recipient.user_id, variant, SESSION_ID if in_session else SEND_ID), r.keys),
            short_links=shortener.paths,
        )

    def _signer(self, user_id: str, variant: int, shortener: Shortener) -> LinkSigner:
        r = self._r
        shortened, in_session = (r.campaign.channel in some for some in (SHORTENED, SESSION))
        name = r.campaign.variants[variant].name if r.campaign.variants else None

        def page(destination: str) -> str:
            return r.campaign.utm.tagged(destination, name) if r.campaign.utm else destination

        def address(door: str, link: int, destination: str = "") -> str:
            path = f"{door}/{sign(Mark(r.run, user_id, variant, link), r.keys, destination)}"
            return shortener.address(path) if shortened else f"{r.link_base}/{path}"

        return LinkSigner(
            # Whoever shows a message in a session tells of the click itself, and no redirect leads away from the site.
            click=lambda to, link: page(to) if in_session else address("c", link, page(to)),
            pixel="" if r.campaign.channel in _PLAIN_TEXT else address("o", OPEN_LINK),
            hidden="" if r.campaign.channel in _PLAIN_TEXT else address("c", HIDDEN_LINK, f"{r.link_base}/"),
            unsubscribe=address("u", UNSUBSCRIBE_LINK),
        )


def _way_out(unsubscribe: str) -> Mapping[str, str]:
    """The one-click opt-out of RFC 8058, section 3.1."""
    return {"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
