"""What is shown to a person who is there: decided, claimed and counted at the moment when it would be seen.

At most one message at a time is claimed, so that caps are taken by what is shown. A message that was claimed comes
again until it was shown, dismissed or has expired, and is never claimed twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from dangol.contracts import Decided, Decisions
from dangol.domain.decision import HoldOut, Send, decide, entry_for
from dangol.domain.ledger import Entry, Flag, State
from dangol.domain.profile import ANONYMOUS_PREFIX
from dangol.domain.session import EVERYWHERE, Show
from dangol.pipeline.counting import of_claim
from dangol.pipeline.run_plan import RunPlan
from dangol.pipeline.session_calls import Visit
from dangol.pipeline.work import person_of
from dangol.ports import Clock, Inbox, Ledgers, Profiles, Waiting

# Two sessions of one person, or a campaign beside this one, take a round each.
ROUNDS: Final = 5


@dataclass(slots=True)
class Shown:
    """What is shown, what waits for its moment, and what was decided, for the lake."""

    messages: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    decided: list[Decisions] = field(default_factory=list)

    @property
    def answer(self) -> dict[str, Any]:
        """At most one message to show now, and what else waits for its moment on this page."""
        return {"messages": self.messages, "waiting": self.waiting}

    @property
    def happenings(self) -> list[dict[str, Any]]:
        """What was decided, to be passed on to the lake."""
        return [decisions.model_dump() for decisions in self.decided]


@dataclass(frozen=True, slots=True)
class Stores:
    """What showing works on."""

    plans: Callable[[str], RunPlan]
    ledgers: Ledgers
    profiles: Profiles
    inbox: Inbox
    clock: Clock


class Shower:
    """Shows what waits."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def show(self, visit: Visit) -> Shown:
        """The message to show now, if any, and what else waits for its moment on this page."""
        shown = Shown()
        for waiting in self._waiting(visit):
            plan = self._s.plans(waiting.run)
            show = plan.run.campaign.show or EVERYWHERE
            if plan.stopped or plan.paused or not show.fits(visit.page):
                continue
            if visit.asked is None and show.on != "page":
                shown.waiting.append({"id": str(waiting.number), "show": _told(show)})
            elif not shown.messages and (entry := self._claimed(plan, waiting, shown)):
                shown.messages.append(self._message(plan, waiting, entry))
        return shown

    def seen(self, user_id: str, number: int) -> None:
        """Have the message of a run wait no longer: it was shown, clicked or dismissed."""
        self._s.inbox.remove_many([(user_id, number)])

    def _waiting(self, visit: Visit) -> Sequence[Waiting]:
        """What waits for the visit; those who end its run take it away."""
        visitor = visit.user_id.startswith(ANONYMOUS_PREFIX)
        if visitor and self._s.profiles.get_many([visit.user_id])[visit.user_id].merged_into:
            # They turned out to be somebody, who needs a token to be shown what is theirs.
            return []
        found = [w for w in self._s.inbox.of_person(visit.user_id) if w.channel == visit.channel]
        return [w for w in found if visit.asked in (None, str(w.number))]

    def _claimed(self, plan: RunPlan, waiting: Waiting, shown: Shown) -> Entry | None:
        """The claim of whom it may be shown to; None for those held out, and for whom it is not the time."""
        run, person = plan.run, person_of(waiting.recipient)
        for _ in range(ROUNDS):
            now = self._s.clock.now()
            ledger = self._s.ledgers.get_many([person.user_id])[person.user_id]
            if ours := ledger.entry(run.number):
                return self._still_to_show(ours, waiting) if now < run.ends_at else None
            decision = decide(run, person, ledger, now)
            if not isinstance(decision, Send | HoldOut):
                return None
            entry = entry_for(run, person, decision, now)
            if self._s.inbox.claim(waiting, ledger.with_entry(entry, now), of_claim(entry)):
                shown.decided.append(self._decisions(plan, entry, person.user_id))
                return self._still_to_show(entry, waiting)
        return None

    def _still_to_show(self, entry: Entry, waiting: Waiting) -> Entry | None:
        if entry.state is State.SENT and not entry.flags & Flag.SHOWN:
            return entry
        self._s.inbox.remove_many([waiting.key])
        return None

    def _decisions(self, plan: RunPlan, entry: Entry, user_id: str) -> Decisions:
        return Decisions(
            run=plan.name,
            campaign=plan.run.campaign_id,
            channel=plan.run.campaign.channel,
            at=int(self._s.clock.now().timestamp() * 1000),
            decided=[Decided(user_id=user_id, outcome=entry.state.name.lower(), variant=entry.variant)],
        )

    def _message(self, plan: RunPlan, waiting: Waiting, entry: Entry) -> dict[str, Any]:
        message = plan.ways[0].renderer.message(waiting.recipient, entry.variant)
        label, link = message.action or (None, None)
        return {
            "id": str(waiting.number),
            "send_id": message.send_id,
            "show": _told(plan.run.campaign.show or EVERYWHERE),
            "expires_at": plan.run.ends_at.isoformat(),
            "title": message.title,
            "text": message.text,
            "cta": {"label": label, "link": link} if label else None,
            "close": message.close,
        }


def _told(show: Show) -> dict[str, Any]:
    """How `show` is told to a browser: times in milliseconds, what is not said left out."""
    told: dict[str, Any] = {"on": show.on, "form": show.form}
    if show.after is not None:
        told["after"] = int(show.after.total_seconds() * 1000)
    if show.on == "scroll":
        told["depth"] = 0.5 if show.depth is None else show.depth
    return told
