"""What a person's clicks on one message say of each other: who follows every link at once is no person."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from dangol.domain.ledger import Click, Entry
from dangol.domain.tracking import HIDDEN_LINK

# So many different links within so long. A person reads first; a mail gateway does not.
BURSTS: Final = ((2, timedelta(seconds=2)), (3, timedelta(seconds=10)))
# Around a click on the hidden link, everything is the same visitor's.
HIDDEN_FOR: Final = timedelta(seconds=60)
# Nobody has read a message so soon after it was handed over, on its way to them and all.
TOO_SOON: Final = {
    "email": timedelta(seconds=10),
    **dict.fromkeys(("sms", "lms", "mms", "alimtalk", "brand_message"), timedelta(seconds=3)),
}


def bot_clicks(entry: Entry, clicks: Iterable[Click]) -> frozenset[Click]:
    """Those of one person's clicks on one message that a bot made.

    The more clicks are known, the more are a bot's, never fewer: so the order in which they become known does
    not matter.
    """
    ordered = sorted(set(clicks), key=lambda click: click.at)
    hidden = [click.at for click in ordered if click.link == HIDDEN_LINK]
    bots = {click for click in ordered if _too_soon(entry, click) or any(_near(click.at, at) for at in hidden)}
    for many, within in BURSTS:
        span = within // timedelta(milliseconds=1)
        for position, first in enumerate(ordered):
            together = [click for click in ordered[position:] if click.at - first.at <= span]
            if len({click.link for click in together}) >= many:
                bots.update(together)
    return frozenset(bots)


def _too_soon(entry: Entry, click: Click) -> bool:
    soon = TOO_SOON.get(entry.channel, timedelta(0)) // timedelta(milliseconds=1)
    return 0 <= click.at - entry.claimed_at * 1000 < soon


def _near(at: int, other: int) -> bool:
    return abs(at - other) <= HIDDEN_FOR // timedelta(milliseconds=1)
