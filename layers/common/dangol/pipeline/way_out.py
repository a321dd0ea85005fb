"""The way out of a message, and back: a page on GET, effective before the answer on POST."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from dangol.domain.bots import HUMAN
from dangol.domain.tracking import Mark
from dangol.pipeline import pages, wishes
from dangol.pipeline.answers import HTML, Request, Response
from dangol.pipeline.happenings import Happening, happened
from dangol.pipeline.wishes import Asked, Standing, Wish


class Preferences(Protocol):
    """What a person allows; a change is effective at once. All raise `OSError` where it cannot be reached."""

    def standing(self, mark: Mark) -> Standing:
        """How things stand for the person of a link."""
        ...

    def apply(self, mark: Mark, wish: Wish, at: datetime) -> Wish:
        """Store what is wished; what of it changed anything."""
        ...

    def languages(self, user_id: str) -> tuple[str, str]:
        """The person's own language, empty where it is not known, and the project's."""
        ...


@dataclass(frozen=True, slots=True)
class WayOut:
    """Answers the opt-out link of one person."""

    preferences: Preferences
    now: Callable[[], datetime]

    def answer(self, mark: Mark, request: Request) -> tuple[Response, list[Happening]]:
        """GET shows and changes nothing; POST takes effect before the answer, as often as it comes."""
        standing = self.preferences.standing(mark)
        locale = self._locale(mark, request)
        if request.method != "POST":
            return Response(200, HTML, pages.asking(standing, locale).encode()), []
        now, said = self.now(), wishes.asked(request.headers.get("content-type", ""), request.body)
        out = said.action in ("one_click", "out")
        changed = self.preferences.apply(mark, said.wish(standing), now)
        happenings: list[Happening] = []
        if changed:
            happenings.append(_evidence(changed, said, mark, request, now))
        if out or changed.consents.get(standing.channel or "") is False:
            happenings.append(happened("unsubscribed", mark, request.request_id, now, HUMAN, request.agent))
        page = pages.changed(self.preferences.standing(mark), changed, now, locale, out=out)
        return Response(200, HTML, page.encode()), happenings

    def _locale(self, mark: Mark, request: Request) -> str:
        theirs, default = self.preferences.languages(mark.user_id)
        return pages.locale_of(theirs, request.headers.get("accept-language", ""), default)


def _evidence(changed: Wish, said: Asked, mark: Mark, request: Request, now: datetime) -> dict[str, Any]:
    method = "one_click" if said.action == "one_click" else "page"
    return {
        **wishes.evidence(changed, method, now),
        "id": f"{request.request_id}:consent",
        "user_id": mark.user_id,
        "run": mark.run,
        "ip": request.ip,
        "user_agent": request.agent,
    }
