"""Why a person did, or did not, get a campaign: from the ledger, the run's audience and journals, and the lake."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from dangol.contracts import Recipient
from dangol.domain.decision import Hold, HoldOut, Reason, Skip
from dangol.domain.errors import InputError, NotFoundError
from dangol.domain.fallback import decide_first
from dangol.domain.ledger import Ledger
from dangol.domain.matching import matches
from dangol.domain.medium import permission
from dangol.domain.run import Run
from dangol.domain.unmet import unmet
from dangol.pipeline.audience import Question
from dangol.pipeline.case import Case, Told
from dangol.pipeline.whereabouts import Whereabouts
from dangol.pipeline.work import person_of
from dangol.ports import (
    Clock,
    Definition,
    Definitions,
    Journals,
    Ledgers,
    Lists,
    Objects,
    Profiles,
    RunItem,
    Runs,
    Traces,
)

# How far back other messages are told of, where a cap or `once_per` barred this one.
TOUCHES: Final = timedelta(days=30)
_BARRED_BY_OTHERS: Final = frozenset({Reason.FREQUENCY_CAP, Reason.ALREADY_SENT})


@dataclass(frozen=True, slots=True)
class Stores:
    """What the question is answered from."""

    definitions: Definitions
    runs: Runs
    journals: Journals
    profiles: Profiles
    ledgers: Ledgers
    lists: Lists
    objects: Objects
    traces: Traces
    clock: Clock


class Inquiry:
    """Answers why; it changes nothing."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores
        self._whereabouts = Whereabouts(stores.objects, stores.journals)

    def why(self, user_id: str, campaign_id: str, run: str | None = None) -> Told:
        """What became of a person in a campaign's run, by default its latest, and what led there.

        Raises:
            NotFoundError: there is no such campaign, or no such run.
            InputError: the run is another campaign's.
        """
        item = self._run(campaign_id, run)
        if item is None:
            outcome, reason, at, trail = self._without_a_run(user_id, campaign_id)
        else:
            outcome, reason, at, trail = self._of_run(self._case(user_id, item))
        return {
            "user_id": user_id,
            "campaign": campaign_id,
            "run": item.run if item else None,
            "outcome": outcome,
            "reason": reason,
            "at": None if at is None else _iso(at),
            "trail": sorted(({**step, "at": _iso(step["at"])} for step in trail), key=lambda step: step["at"]),
        }

    def _run(self, campaign_id: str, run: str | None) -> RunItem | None:
        if run is None:
            latest = max(self._s.runs.of_campaign(campaign_id), key=lambda known: known.scheduled_at, default=None)
            return self._s.runs.get(latest.run) if latest else None
        item = self._s.runs.get(run)
        if item.campaign_id != campaign_id:
            raise InputError(f"{run} is a run of {item.campaign_id}, not of {campaign_id}", field="--run")
        return item

    def _case(self, user_id: str, item: RunItem) -> Case:
        since = item.scheduled_at.astimezone(UTC).date()
        return Case(
            run=item,
            definition=self._s.definitions.version(item.campaign_id, item.version),
            ledger=self._s.ledgers.get_many([user_id])[user_id],
            place=self._whereabouts.find(item.run, user_id),
            traces=[dict(row) for row in self._s.traces.of_person(user_id, item.run, since)],
        )

    def _of_run(self, case: Case) -> tuple[str, str | None, Any, list[Told]]:
        outcome, reason, at = case.outcome()
        trail = [*case.course(), *case.traces]
        if outcome == "not_selected":
            reason, conditions = self._not_selected(case.ledger.user_id, case.definition)
            return outcome, reason, self._s.clock.now(), [*trail, *conditions]
        trail += self._permission(case, reason)
        if because := case.run.stopped_because or case.run.paused:
            trail.append({"at": self._s.clock.now(), "kind": "stopped", "because": because})
        if outcome == "pending" and case.place is not None:
            run = case.run
            siblings = {known.number: known.scheduled_at for known in self._s.runs.of_campaign(run.campaign_id)}
            trail.append(self._as_of_now(case.definition, run, siblings, case.place.recipient, case.ledger))
        return outcome, reason, at, trail

    def _permission(self, case: Case, reason: str | None) -> Iterator[Told]:
        """The consent, and what else the person got where that barred this."""
        for channel in dict.fromkeys(map(permission, case.definition.campaign.steps)):
            if said := case.ledger.consents.get(channel):
                yield {"at": abs(said), "kind": "consent", "channel": channel, "given": said > 0}
        if reason not in _BARRED_BY_OTHERS:
            return
        oldest = (self._s.clock.now() - TOUCHES).timestamp()
        for entry in case.ledger.entries:
            if entry.run != case.run.number and entry.counts and entry.claimed_at >= oldest:
                yield {
                    "at": entry.claimed_at,
                    "kind": "touched",
                    "run": self._name(entry.run),
                    "channel": entry.channel,
                }

    def _name(self, number: int) -> str | None:
        try:
            return self._s.runs.by_number(number).run
        except NotFoundError:
            return None

    def _not_selected(self, user_id: str, definition: Definition) -> tuple[str, list[Told]]:
        """Why the campaign does not ask for somebody now; what they were when the run looked is not kept."""
        now = self._s.clock.now()
        profile = self._s.profiles.get_many([user_id])[user_id]
        if not profile.rev:
            return "unknown_person", []
        question = Question.of(definition, now, self._s.lists, self._s.runs)
        answer = matches(question.campaign.audience, profile, question.moment)
        if not answer:
            barring = unmet(question.campaign.audience, profile, question.moment, "audience")
            told = [{"path": u.path, "condition": u.written, "holds": u.holds, "found": u.found} for u in barring]
            reason = "inexact" if answer is None else "not_in_segment"
            return reason, [{"at": now, "kind": "condition", **condition} for condition in told]
        for segment in question.excluded:
            if matches(segment, profile, question.moment) is not False:
                return "excluded", [{"at": now, "kind": "excluded", "segment": segment.name or segment.title}]
        if question.campaign.audience.sql is not None:
            # Only the query could tell, and a run asks it once.
            asked = {"path": "audience.sql", "condition": {"sql": question.campaign.audience.sql}}
            return "not_in_segment", [{"at": now, "kind": "condition", **asked, "holds": None, "found": None}]
        return "selected_now", []

    def _without_a_run(self, user_id: str, campaign_id: str) -> tuple[str, str | None, Any, list[Told]]:
        """What would become of somebody if the campaign, which never ran, ran now."""
        now, definition = self._s.clock.now(), self._s.definitions.current(campaign_id)
        reason, trail = self._not_selected(user_id, definition)
        if reason == "selected_now":
            question = Question.of(definition, now, self._s.lists, self._s.runs)
            recipient = question.recipient(self._s.profiles.get_many([user_id])[user_id])
            would_be = RunItem("", 0, campaign_id, definition.version, now, "running", 1)
            ledger = self._s.ledgers.get_many([user_id])[user_id]
            trail = [self._as_of_now(definition, would_be, {}, recipient, ledger)]
        return "not_run", reason, now, trail

    def _as_of_now(
        self,
        definition: Definition,
        item: RunItem,
        siblings: Mapping[int, datetime],
        recipient: Recipient,
        ledger: Ledger,
    ) -> Told:
        """What would be decided now."""
        now = self._s.clock.now()
        run = Run(
            number=item.number,
            campaign_id=item.campaign_id,
            campaign=definition.campaign,
            project=definition.project,
            scheduled_at=item.scheduled_at,
            siblings=siblings,
        )
        others = replace(ledger, entries=tuple(entry for entry in ledger.entries if entry.run != item.number))
        steps = definition.campaign.steps
        seen = {
            place: (replace(run, campaign=run.campaign.on(channel)), person_of(recipient.on(place)))
            for place, channel in enumerate(steps)
        }
        step, decision = decide_first(seen, others, now)
        told: Told = {"at": now, "kind": "would_be", **({"channel": steps[step]} if len(steps) > 1 else {})}
        match decision:
            case Skip(reason):
                return {**told, "outcome": "skipped", "reason": reason.value}
            case Hold(until):
                return {**told, "outcome": "held", "until": _iso(until)}
            case HoldOut():
                return {**told, "outcome": "held_out"}
            case _:
                return {**told, "outcome": "sent"}


def _iso(at: datetime | float | str) -> str:
    if isinstance(at, int | float):
        at = datetime.fromtimestamp(at, tz=UTC)
    return at if isinstance(at, str) else at.astimezone(UTC).isoformat(timespec="seconds")
