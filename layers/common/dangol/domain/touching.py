"""What somebody did with the messages they were sent, from their ledger."""

from collections.abc import Callable
from typing import Final

from dangol.domain.behaviour import TouchCondition
from dangol.domain.ledger import Entry, Flag, State
from dangol.domain.moment import Moment
from dangol.domain.profile import Profile, Touches
from dangol.domain.three import Answer
from dangol.domain.windows import span

ANY_CAMPAIGN: Final = "any"
# Where the answer did not come, the person may have got it.
_HANDED_OVER: Final = frozenset({State.SENT, State.UNKNOWN})


def touched(condition: TouchCondition, profile: Profile, moment: Moment) -> Answer:
    """Whether a message of the campaign, sent in the window, did what is asked; None before the ledger is read."""
    touches = profile.touches
    if touches is None:
        return None
    start, end = span(condition, moment)
    runs = None if condition.campaign == ANY_CAMPAIGN else moment.runs.get(condition.campaign, frozenset())
    did = _DID[condition.kind]
    return any(
        did(entry, touches)
        for entry in touches.entries
        if entry.state in _HANDED_OVER
        and (runs is None or entry.run in runs)
        and (start is None or start <= entry.claimed_at)
        and entry.claimed_at < end
    )


_DID: Final[dict[str, Callable[[Entry, Touches], bool]]] = {
    "received": lambda _entry, _touches: True,
    "opened": lambda entry, _touches: Flag.OPENED in entry.flags,
    "clicked": lambda entry, _touches: Flag.CLICKED in entry.flags,
    "converted": lambda entry, touches: entry.run in touches.converted,
}
