"""Decide about recipients and claim them in the ledger, again and again until nobody's claim is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from dangol.contracts import Recipient
from dangol.domain.decision import Decision, Hold, HoldOut, Reason, Send, Skip, decide, entry_for, variant_of
from dangol.domain.ledger import Entry, Ledger, State
from dangol.domain.medium import permission
from dangol.domain.suppression import BY_NUMBER, address_hash, number_key
from dangol.pipeline.work import ENDED, FAILED, PENDING, RESENT, UNKNOWN, Stores, Work, person_of
from dangol.ports import Message
from dangol.rendering import MissingVariableError

# Ten campaigns at the same people lose a few rounds; more than this means something else is wrong.
ROUNDS: Final = 12


class Claimer:
    """Decides and claims."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def read(self, work: Work, indexes: Sequence[int]) -> dict[str, Ledger]:
        """The ledgers of the recipients at `indexes`; what their numbers refused is noted in `work`."""
        people = [work.recipient(i) for i in indexes]
        keys = _number_keys(work, people)
        found = self._s.ledgers.get_many([*(person.user_id for person in people), *keys.values()])
        channel = permission(work.plan.run.campaign.channel)
        work.refused.update({user: found[key].consents.get(channel, 0) for user, key in keys.items()})
        return {person.user_id: found[person.user_id] for person in people}

    def sends(self, work: Work, ledgers: Mapping[str, Ledger]) -> list[int]:
        """The open places that would be sent to if they were decided now; nothing is noted."""
        now, run = self._s.clock.now(), work.plan.run
        people = {i: person_of(work.recipient(i)) for i in work.open()}
        return [
            i for i, p in people.items() if isinstance(decide(run, p, _as_decided(work, ledgers[p.user_id]), now), Send)
        ]

    def claim(self, work: Work, indexes: Sequence[int], known: Mapping[str, Ledger]) -> dict[int, Message]:
        """Decide about the recipients at `indexes` and claim whom it concerns; the messages to hand over.

        Who is skipped or has to wait is noted in `work`, and so is the entry of everyone claimed. A ledger that
        has moved on since it was read refuses the claim, and its person is decided again.
        """
        messages: dict[int, Message] = {}
        todo, ledgers = list(indexes), dict(known)
        for _ in range(ROUNDS):
            work.check_lease(self._s.clock.seconds())
            now = self._s.clock.now()
            changed = [c for i in todo if (c := self._decided(work, i, ledgers, messages, now))]
            lost = self._s.ledgers.put_many(changed)
            todo = [i for i in todo if work.recipient(i).user_id in lost]
            ledgers.update(lost)
            for index in todo:
                work.states[index] = PENDING
                work.entries.pop(index, None)
                work.skipped.pop(index, None)
                messages.pop(index, None)
            if not todo:
                return messages
        work.waiting.update(dict.fromkeys(todo, 1.0))
        return messages

    def stop(self, work: Work) -> None:
        """Skip everyone who is still open, and give back the places of those who were claimed."""
        work.waiting.clear()
        doubtful = [i for i in work.open() if work.why.get(i) == RESENT]
        self.correct(work, doubtful, State.UNKNOWN, UNKNOWN)
        indexes = work.open()
        self.withdraw(work, indexes)
        work.skipped.update(dict.fromkeys(indexes, Reason.CAMPAIGN_STOPPED))

    def withdraw(self, work: Work, indexes: Sequence[int]) -> None:
        """Take the claims at `indexes` back, and with them their places under the caps."""
        self.correct(work, indexes, State.CANCELLED, PENDING)
        for index in indexes:
            work.entries.pop(index, None)

    def refused(self, work: Work, indexes: Sequence[int]) -> None:
        """Rewrite the claims of those at `indexes` whom the provider refused for good."""
        for letter in (FAILED, UNKNOWN):
            self.correct(work, [i for i in indexes if work.states[i] == letter], ENDED[letter], letter)

    def doubt(self, work: Work, indexes: Sequence[int]) -> list[int]:
        """Note who may have been sent to: unknown, never again; those of whom the campaign asks for one more try."""
        resend = work.plan.run.campaign.on_unknown == "resend"
        again = [i for i in indexes if resend and work.why.get(i) != RESENT]
        for index in again:
            work.states[index], work.why[index] = PENDING, RESENT
        self.correct(work, [i for i in indexes if i not in again], State.UNKNOWN, UNKNOWN)
        return again

    def correct(self, work: Work, indexes: Sequence[int], state: State, letter: str) -> None:
        """Rewrite claims that did not end as sent: a failed or cancelled one gives its place under the caps back."""
        users = work.users(list(indexes))
        ledgers = self._s.ledgers.get_many(list(users))
        while ledgers:
            work.check_lease(self._s.clock.seconds())
            entries = {u: e for u, ledger in ledgers.items() if (e := ledger.entry(work.plan.run.number))}
            now = self._s.clock.now()
            changed = [
                _suppressed(work, users[u], ledgers[u]).with_entry(replace(e, state=state), now)
                for u, e in entries.items()
                if e.state is not state
            ]
            work.entries.update({users[u]: replace(e, state=state) for u, e in entries.items()})
            ledgers = self._s.ledgers.put_many(changed)
        for index in indexes:
            work.states[index] = letter

    def _decided(
        self, work: Work, index: int, ledgers: Mapping[str, Ledger], messages: dict[int, Message], now: datetime
    ) -> Ledger | None:
        """Decide about one recipient; the ledger to store where that claims or cancels, else None."""
        run, person = work.plan.run, person_of(work.recipient(index))
        ledger = ledgers[person.user_id]
        ours = ledger.entry(run.number)
        decision = self._rendered(work, index, decide(run, person, _as_decided(work, ledger), now), messages)
        if isinstance(decision, Send | HoldOut):
            # Claimed again although an earlier worker claimed: only a write excludes a change of permission.
            work.entries[index] = entry_for(run, person, decision, now)
            return ledger.with_entry(work.entries[index], now)
        if ours is not None and work.why.get(index) == RESENT and not isinstance(decision, Hold):
            # Not sent to again after all, and still in doubt.
            work.states[index], work.entries[index] = UNKNOWN, replace(ours, state=State.UNKNOWN)
            return ledger.with_entry(work.entries[index], now)
        if isinstance(decision, Hold):
            work.waiting[index] = max(1.0, (decision.until - now).total_seconds())
            work.held[index] = decision.until
        else:
            work.skipped[index] = decision.reason
        return _cancelled(ledger, ours, now)

    def _rendered(self, work: Work, index: int, decision: Decision, messages: dict[int, Message]) -> Decision:
        """Render who is to be claimed; those held out too, so that they lack a value where others would."""
        if not isinstance(decision, Send | HoldOut):
            return decision
        run, recipient = work.plan.run, work.recipient(index)
        variant = decision.variant if isinstance(decision, Send) else variant_of(run, person_of(recipient))
        try:
            message = work.plan.renderer.message(recipient, variant)
        except MissingVariableError:
            return Skip(Reason.MISSING_VARIABLE)
        if isinstance(decision, Send):
            messages[index] = message
        return decision


def _as_decided(work: Work, ledger: Ledger) -> Ledger:
    """The ledger as the decision takes it.

    Without this run's own entry: a claim that an earlier worker left must not count against itself. With what the
    person's number refused, where they said nothing newer themselves.
    """
    run, channel = work.plan.run, permission(work.plan.run.campaign.channel)
    known, refused = ledger.consents.get(channel, 0), work.refused.get(ledger.user_id, 0)
    others = tuple(e for e in ledger.entries if e.run != run.number)
    newer = refused < 0 and -refused >= abs(known)
    return replace(ledger, entries=others, consents={**ledger.consents, channel: refused} if newer else ledger.consents)


def _number_keys(work: Work, people: Sequence[Recipient]) -> dict[str, str]:
    """Under which key a refusal of each person's number would stand; none where numbers say nothing."""
    campaign = work.plan.run.campaign
    if campaign.purpose == "information" or campaign.channel not in BY_NUMBER:
        return {}
    return {p.user_id: number_key(campaign.channel, p.address) for p in people if p.address}


def _suppressed(work: Work, index: int, ledger: Ledger) -> Ledger:
    """The ledger with the address that was handed over to taken out, where that is what was wrong."""
    address = work.recipient(index).address
    if index not in work.wrong_address or address is None:
        return ledger
    hashed = address_hash(work.plan.run.campaign.channel, address)
    return replace(ledger, suppressed=ledger.suppressed | {hashed})


def _cancelled(ledger: Ledger, ours: Entry | None, now: datetime) -> Ledger | None:
    if ours is None or not ours.counts:
        return None
    return ledger.with_entry(replace(ours, state=State.CANCELLED), now)
