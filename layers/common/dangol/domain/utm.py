"""UTM parameters: how the shop's own web analytics recognise that somebody came by this campaign.

https://support.google.com/analytics/answer/10917952
"""

from typing import Final
from urllib.parse import parse_qsl, quote

from dangol.domain.node import Node
from dangol.domain.quantities import Text

_WEB: Final = ("http://", "https://")


class Utm(Node):
    """What the campaign's links to web pages carry; `content` is the variant's name where nothing else is said."""

    source: Text
    medium: Text
    campaign: Text
    content: Text | None = None

    def tagged(self, address: str, variant: str | None) -> str:
        """Add to a web address what it does not say itself; its own query and fragment stay as they are."""
        if not address.lower().startswith(_WEB):
            return address
        page, hash_, fragment = address.partition("#")
        asks, query = page.partition("?")[1:]
        there = {name.lower() for name, _ in parse_qsl(query, keep_blank_values=True)}
        wanted = {
            "utm_source": self.source,
            "utm_medium": self.medium,
            "utm_campaign": self.campaign,
            "utm_content": self.content or variant,
        }
        added = "&".join(f"{name}={quote(v, safe='')}" for name, v in wanted.items() if v and name not in there)
        if not added:
            return address
        joint = "?" if not asks else "&" if query and not query.endswith("&") else ""
        return f"{page}{joint}{added}{hash_}{fragment}"
