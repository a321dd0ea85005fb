"""Hand over the notices of what came of a consent or a refusal, one message each."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from html import escape
from typing import Final

from dangol.contracts import Noticed, SendNotice
from dangol.domain.errors import AccountError, ConflictError, DoubtError, SendError
from dangol.domain.ledger import Ledger
from dangol.domain.notice import NIGHT, Notice, worded
from dangol.domain.project import Project
from dangol.domain.suppression import address_hash
from dangol.domain.text_bytes import text_type
from dangol.pipeline.plans import ChannelOf
from dangol.ports import (
    Accepted,
    Clock,
    Definitions,
    InDoubt,
    Journal,
    Journals,
    Ledgers,
    Message,
    Queue,
    Throttle,
    Verdict,
)

# The journal's run that notices are kept under, and the letters of their states.
NOTICES: Final = "notices"
_OPEN, _SENT, _REFUSED = ".", "S", "X"
# Longer than a call may take, so that only a dead worker's lease runs out.
_LEASE: Final = 90.0
_WAIT: Final = 10


@dataclass(frozen=True, slots=True)
class Stores:
    """What notices are sent with."""

    definitions: Definitions
    ledgers: Ledgers
    journals: Journals
    channel: ChannelOf
    throttle: Throttle
    sends: Queue
    events: Queue
    clock: Clock


class Notifier:
    """Sends notices; once each, and once more where a worker died in the middle: a notice must come."""

    def __init__(self, stores: Stores, worker: str) -> None:
        self._s = stores
        self._worker = worker

    def send(self, order: SendNotice) -> str:
        """Send one; `sent`, `failed`, `overtaken`, `suppressed`, `known` where the same was told that day, `waiting`.

        Raises:
            ConflictError: another worker is at it; deliver it again later.
            SendError: the provider took nothing; deliver it again later.
        """
        ledger = self._s.ledgers.get_many([order.user_id])[order.user_id]
        if not _stands(order, ledger):
            return "overtaken"
        if address_hash(order.by, order.address) in ledger.suppressed:
            return "suppressed"
        project = self._s.definitions.project()
        settings, now = project.settings(order.by), self._s.clock.seconds()
        provider = settings.provider or "console"
        start = self._s.throttle.reserve(provider, settings.messages_per_second, 1, now)
        if start is None:
            self._s.sends.send([order.model_dump_json()], delay=_WAIT)
            return "waiting"
        wanted = Journal(NOTICES, _told(order, project), self._worker, 0, _OPEN)
        verdict, journal = self._s.journals.take(wanted, lease_until=now + _LEASE, now=now)
        if verdict is Verdict.BUSY:
            raise ConflictError("another worker sends this notice")
        if journal is None:
            return "known"
        self._s.clock.wait_until(start)
        return self._hand_over(order, project, journal)

    def _hand_over(self, order: SendNotice, project: Project, journal: Journal) -> str:
        try:
            (answer,) = self._s.channel(order.by, project).send([_message(order, project)])
        except DoubtError as error:
            answered, outcome = str(error), "unknown"
        except SendError as error:
            # A notice must come: where the account is at fault, it waits among the dead letters to be sent again.
            if error.retryable or isinstance(error, AccountError):
                raise
            answered, outcome = str(error), "failed"
        else:
            if isinstance(answer, Accepted):
                answered, outcome = answer.provider_id, "sent"
            elif isinstance(answer, InDoubt):
                answered, outcome = answer.reason, "unknown"
            elif answer.retryable:
                raise ConflictError(answer.reason)
            else:
                answered, outcome = answer.reason, "failed"
        noticed = _noticed(order, outcome, answered, self._s.clock.now())
        self._s.events.send([noticed.model_dump_json()])
        ended = replace(journal, states=_REFUSED if outcome == "failed" else _SENT)
        self._s.journals.finish(ended, done=True, deltas={})
        return outcome


def _stands(order: SendNotice, ledger: Ledger) -> bool:
    """Whether it is still what the person last said; a newer word has a notice of its own."""
    said = ledger.night if order.channel == NIGHT else ledger.consents.get(order.channel, 0)
    return said > 0 if order.given else said < 0


def _told(order: SendNotice, project: Project) -> str:
    """What a notice tells, as its journal's name: the same is told once a day, however often somebody says it."""
    said = f"{order.user_id}:{order.channel}:{order.given}:{_day(order, project)}"
    return hashlib.sha256(said.encode()).hexdigest()[:24]


def _day(order: SendNotice, project: Project) -> date:
    return datetime.fromtimestamp(order.at / 1000, tz=UTC).astimezone(project.zone).date()


def _message(order: SendNotice, project: Project) -> Message:
    notice = Notice(order.channel, order.given, _day(order, project), order.locale)
    subject, text = worded(notice, project.sender, order.by)
    if order.by == "sms":
        text = text.strip()
        kind = text_type(text, subject)
        return Message(order.user_id, f"{NOTICES}:{order.user_id}", order.address, subject, text, kind=kind)
    lines = "<br>".join(escape(text).splitlines())
    html = f'<!doctype html><html lang="{escape(order.locale)}"><body><p>{lines}</p></body></html>'
    return Message(order.user_id, f"{NOTICES}:{order.user_id}", order.address, subject, text, html)


def _noticed(order: SendNotice, outcome: str, answered: str, now: datetime) -> Noticed:
    return Noticed(
        id=f"{order.id}:notice",
        user_id=order.user_id,
        at=int(now.timestamp() * 1000),
        received_at=int(now.timestamp() * 1000),
        of=order.id,
        by=order.by,
        channel=order.channel,
        given=order.given,
        outcome=outcome,
        answered=answered,
    )
