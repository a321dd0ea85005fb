"""Decide about recipients and claim them in the ledger, again and again until nobody's claim is lost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from dangol.contracts import Recipient
from dangol.domain.decision import Decision, Hold, HoldOut, Reason, Send, Skip, entry_for, variant_of
from dangol.domain.fallback import decide_first
from dangol.domain.ledger import Flag, Ledger, State
from dangol.domain.medium import permission
from dangol.domain.suppression import BY_NUMBER, address_hash, number_key
from dangol.pipeline.recipients import person_of
from dangol.pipeline.work import ENDED, FAILED, FOLLOWS, PENDING, RESENT, SENT, UNKNOWN, Stores, Work
from dangol.ports import Message
from dangol.rendering import MissingVariableError

# Ten campaigns at the same people lose a few rounds; more than this means something else is wrong.
ROUNDS: Final = 12
# What a provider says of a message that it took.
_TAKEN: Final = Flag.DELIVERED | Flag.BOUNCED


@dataclass(frozen=True, slots=True)
class Turn:
    """Whom one step is the turn of; `messages` collects what is to be handed over."""

    step: int
    indexes: Sequence[int]
    now: datetime
    messages: dict[int, Message] = field(default_factory=dict)


class Claimer:
    """Decides and claims."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def read(self, work: Work, indexes: Sequence[int]) -> dict[str, Ledger]:
        """The ledgers of the recipients at `indexes`; what their numbers refused is noted in `work`."""
        people = [work.recipient(i) for i in indexes]
        keys = {(p.user_id, channel): key for p in people for channel, key in _number_keys(work, p).items()}
        found = self._s.ledgers.get_many([*(person.user_id for person in people), *keys.values()])
        work.refused.update({whose: found[key].consents.get(whose[1], 0) for whose, key in keys.items()})
        return {person.user_id: found[person.user_id] for person in people}

    def follow(self, work: Work) -> None:
        """Begin a chunk of one whom a receipt says a channel has failed for; moot where they have moved on since."""
        (index,) = work.chunk.indexes
        user = work.recipient(index).user_id
        if work.moot(self._s.ledgers.get_many([user])[user].entry(work.plan.run.number)):
            work.skipped[index] = Reason.ALREADY_SENT
        elif index not in work.why:
            work.why[index] = FOLLOWS
            # Before anything is claimed: from here on a claim that is further on is this chunk's.
            self._s.journals.mark(work.snapshot())

    def sends(self, work: Work, ledgers: Mapping[str, Ledger]) -> dict[int, int]:
        """The open places that would be sent to if they were decided now, with the step; nothing is noted."""
        now = self._s.clock.now()
        looked = {i: _next(work, i, ledgers[work.recipient(i).user_id], now) for i in work.open()}
        return {i: step for i, (step, decision) in looked.items() if isinstance(decision, Send)}

    def claim(self, work: Work, turn: Turn, known: Mapping[str, Ledger]) -> dict[int, Message]:
        """Decide about the recipients of a turn and claim whom it concerns; the messages to hand over.

        Who is skipped or has to wait is noted in `work`, and so is the entry of everyone claimed. A ledger that
        has moved on since it was read refuses the claim, and its person is decided again; whoever is to be sent to by
        another step by now stays open.
        """
        messages, todo, ledgers = turn.messages, list(turn.indexes), dict(known)
        for _ in range(ROUNDS):
            work.check_lease(self._s.clock.seconds())
            turn = replace(turn, now=self._s.clock.now())
            changed = [c for i in todo if (c := self._decided(work, turn, i, ledgers[work.recipient(i).user_id]))]
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
        self.withdraw(work, work.open())
        for index, entry in work.entries.items():
            if work.states[index] == PENDING and entry.state is State.FAILED:
                work.states[index] = FAILED
        work.skipped.update(dict.fromkeys(work.open(), Reason.CAMPAIGN_STOPPED))

    def withdraw(self, work: Work, indexes: Sequence[int]) -> None:
        """Take the claims at `indexes` back, and with them their places under the caps; a failure stands."""
        self.correct(work, indexes, State.CANCELLED, PENDING)
        for index in indexes:
            if index in work.entries and work.entries[index].state is not State.FAILED:
                del work.entries[index]

    def refused(self, work: Work, step: int, indexes: Sequence[int]) -> None:
        """Rewrite the claims of those at `indexes` whom the provider refused for good; the next step may take them."""
        failing = [i for i in indexes if work.states[i] == FAILED] if step + 1 < len(work.plan.ways) else []
        work.fall(failing)
        self.correct(work, failing, State.FAILED, PENDING)
        # Of the next step's address nothing is known yet.
        work.wrong_address.difference_update(failing)
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
            after = {u: work.corrected(users[u], e, state) for u, e in entries.items()}
            changed = [
                _suppressed(work, users[u], ledgers[u]).with_entry(after[u], now)
                for u, e in entries.items()
                if after[u] != e
            ]
            work.entries.update({users[u]: e for u, e in after.items()})
            ledgers = self._s.ledgers.put_many(changed)
        for index in indexes:
            work.states[index] = letter

    def _decided(self, work: Work, turn: Turn, index: int, ledger: Ledger) -> Ledger | None:
        """Decide about one recipient; the ledger to store where that claims or takes back, else None."""
        ours, now = ledger.entry(work.plan.run.number), turn.now
        if ours is not None and work.why.get(index) == RESENT and ours.flags & _TAKEN:
            # A receipt says that the first hand-over was taken.
            work.states[index], work.entries[index] = SENT, ours
            del work.why[index]
            return None
        step, decision = _next(work, index, ledger, now)
        if isinstance(decision, Send) and step != turn.step:
            return None
        decision = self._rendered(work, turn, index, (step, decision))
        if isinstance(decision, Send | HoldOut):
            # Claimed again although an earlier worker claimed: only a write excludes a change of permission.
            person = person_of(work.recipient(index).on(step))
            if ours is not None and ours.flags & Flag.BOUNCED and step != work.step_of(ours) and not work.chunk.after:
                work.overtaken.add(index)
            work.entries[index] = work.kept(ours, entry_for(work.plan.ways[step].run, person, decision, now))
            return ledger.with_entry(work.entries[index], now)
        if isinstance(decision, Hold):
            work.waiting[index] = max(1.0, (decision.until - now).total_seconds())
            work.held[index] = decision.until
        elif ours is not None and ours.state is State.FAILED:
            # No other channel reaches them: what became of the last one stands.
            work.states[index], work.entries[index] = FAILED, ours
        elif ours is not None and work.why.get(index) == RESENT:
            # Not sent to again after all, and still in doubt.
            work.states[index], work.entries[index] = UNKNOWN, replace(ours, state=State.UNKNOWN)
            return ledger.with_entry(work.entries[index], now)
        else:
            work.skipped[index] = decision.reason
        back = work.corrected(index, ours, State.CANCELLED) if ours and ours.counts else ours
        return ledger.with_entry(back, now) if back and back != ours else None

    def _rendered(self, work: Work, turn: Turn, index: int, decided: tuple[int, Decision]) -> Decision:
        """Render who is to be claimed; those held out too, so that they lack a value where others would."""
        step, decision = decided
        if not isinstance(decision, Send | HoldOut):
            return decision
        way, recipient = work.plan.ways[step], work.recipient(index).on(step)
        variant = decision.variant if isinstance(decision, Send) else variant_of(way.run, person_of(recipient))
        try:
            message = way.renderer.message(recipient, variant, work.place(index, step))
        except MissingVariableError:
            return Skip(Reason.MISSING_VARIABLE)
        if isinstance(decision, Send):
            turn.messages[index] = message
        return decision


def _next(work: Work, index: int, ledger: Ledger, now: datetime) -> tuple[int, Decision]:
    """The step that comes next for somebody, and what is decided there."""
    recipient, known = work.recipient(index), _as_decided(work, ledger)
    seen = {
        step: (work.plan.ways[step].run, person_of(recipient.on(step)))
        for step in work.steps(index, ledger.entry(work.plan.run.number))
    }
    return decide_first(seen, known, now)


def _as_decided(work: Work, ledger: Ledger) -> Ledger:
    """The ledger as the decision takes it.

    Without this run's own entry: a claim that an earlier worker left must not count against itself. With what the
    person's numbers refused, where they said nothing newer themselves.
    """
    others = tuple(entry for entry in ledger.entries if entry.run != work.plan.run.number)
    told = {channel: said for (user, channel), said in work.refused.items() if user == ledger.user_id and said < 0}
    newer = {channel: said for channel, said in told.items() if -said >= abs(ledger.consents.get(channel, 0))}
    return replace(ledger, entries=others, consents={**ledger.consents, **newer})


def _number_keys(work: Work, recipient: Recipient) -> dict[str, str]:
    """Under which keys refusals of a person's numbers would stand, by channel of consent."""
    return {
        permission(way.run.campaign.channel): number_key(way.run.campaign.channel, address)
        for step, way in enumerate(work.plan.ways)
        if way.run.campaign.purpose == "marketing"
        and way.run.campaign.channel in BY_NUMBER
        and (address := recipient.on(step).address)
    }


def _suppressed(work: Work, index: int, ledger: Ledger) -> Ledger:
    """The ledger with the address that was handed over to taken out, where that is what was wrong."""
    entry = ledger.entry(work.plan.run.number)
    if index not in work.wrong_address or entry is None:
        return ledger
    address = work.recipient(index).on(work.step_of(entry)).address
    hashed = address_hash(entry.channel, address or "")
    return replace(ledger, suppressed=ledger.suppressed | {hashed})
