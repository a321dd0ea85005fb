"""The opt-out link: a page that changes nothing, and what takes effect before its answer.

Standard library alone; a click, which comes a thousand times as often, starts without it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from dangol.domain.bots import HUMAN
from dangol.domain.tracking import Mark
from dangol.pipeline import pages, wishes
from dangol.pipeline.exchange import NEVER_STORED, Request, Response
from dangol.pipeline.happening import agent, tracked
from dangol.pipeline.wishes import Asked, Standing, Wish

Tell = Callable[[Mapping[str, Any]], None]
_HTML: Final = {
    **NEVER_STORED,
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "x-robots-tag": "noindex",
}


class Preferences(Protocol):
    """What a person allows; a change is effective at once. All raise `OSError` where the store does not answer."""

    def standing(self, mark: Mark) -> Standing:
        """How things stand for the person of a link."""
        ...

    def apply(self, mark: Mark, wish: Wish, at: datetime) -> Wish:
        """Store what is wished; what of it changed anything."""
        ...

    def languages(self, user_id: str) -> tuple[str, str]:
        """The person's own language, empty where it is not known, and the project's."""
        ...


def shown(mark: Mark, request: Request, preferences: Preferences) -> Response:
    """The page that asks."""
    page = pages.asking(preferences.standing(mark), _locale(mark, request, preferences))
    return Response(200, _HTML, page.encode())


def taken(mark: Mark, request: Request, preferences: Preferences, now: datetime, tell: Tell) -> Response:
    """Do what is asked, as often as it is asked, and answer with the page that says so.

    What changed is told before the page is made: a store that fails after that takes nothing back.

    Raises:
        OSError: a store did not answer. It is safe to ask again.
    """
    standing = preferences.standing(mark)
    asked = wishes.asked(request.headers.get("content-type", ""), request.body)
    out = asked.action in ("one_click", "out")
    changed = preferences.apply(mark, asked.wish(standing), now)
    if changed:
        tell(_evidence(changed, asked, mark, request, now))
    if out or changed.consents.get(standing.channel or "") is False:
        tell(tracked("unsubscribed", mark, request, now, HUMAN))
    page = pages.changed(preferences.standing(mark), changed, now, _locale(mark, request, preferences), out=out)
    return Response(200, _HTML, page.encode())


def _evidence(changed: Wish, asked: Asked, mark: Mark, request: Request, now: datetime) -> dict[str, Any]:
    return {
        **wishes.evidence(changed, "one_click" if asked.action == "one_click" else "page", now),
        "id": f"{request.request_id}:consent",
        "user_id": mark.user_id,
        "run": mark.run,
        "ip": request.ip,
        "user_agent": agent(request),
    }


def _locale(mark: Mark, request: Request, preferences: Preferences) -> str:
    theirs, default = preferences.languages(mark.user_id)
    return pages.locale_of(theirs, request.headers.get("accept-language", ""), default)
