"""What became of one person in one run, as the run's own records tell."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dangol.domain.channel import SESSION
from dangol.domain.decision import Reason
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, Ledger, State
from dangol.domain.variant import HOLDOUT, arms
from dangol.pipeline.whereabouts import Place
from dangol.pipeline.work import ENDED, PENDING, SKIPPED
from dangol.ports import Definition, RunItem

_OUTCOMES: Final = {
    State.SENT: "sent",
    State.HELD_OUT: "held_out",
    State.FAILED: "failed",
    State.UNKNOWN: "unknown",
    State.CANCELLED: "skipped",
}
Told = dict[str, Any]
# Outcome, reason, and when it came to that: a time, epoch seconds or ISO 8601.
Answer = tuple[str, str | None, datetime | float | str | None]


@dataclass(frozen=True, slots=True)
class Case:
    """All that is known of one person in one run; `traces` is what the lake tells, the oldest first."""

    run: RunItem
    definition: Definition
    ledger: Ledger
    place: Place | None
    traces: list[Told]

    @property
    def entry(self) -> Entry | None:
        """The claim in the person's ledger."""
        return self.ledger.entry(self.run.number)

    @property
    def decided(self) -> Told | None:
        """The latest decision that came to the lake."""
        return next((row for row in reversed(self.traces) if row["kind"] == "decided"), None)

    def course(self) -> Iterator[Told]:
        """What the run did with the person."""
        run, entry = self.run, self.entry
        yield {"at": run.scheduled_at, "kind": "scheduled", "run": run.run}
        if self.place is not None:
            yield {"at": run.scheduled_at, "kind": "selected"}
        if entry is not None:
            held = entry.variant == HOLDOUT_VARIANT
            arm = HOLDOUT if held else arms(self.definition.campaign)[entry.variant].name
            by = {"channel": entry.channel} if self.definition.campaign.channels else {}
            yield {"at": entry.claimed_at, "kind": "claimed", "arm": arm, **by}

    def outcome(self) -> Answer:
        """Outcome, reason and when: the journal knows first, then the lake, then the ledger."""
        place, entry, decided = self.place, self.entry, self.decided
        # What waits for a session ends with its run; who was there has their claim before that.
        if place is not None and place.letter == PENDING and entry is not None and entry.channel in SESSION:
            return _OUTCOMES[entry.state], None, entry.claimed_at
        if place is not None and place.letter not in ENDED:
            return self._not_ended(place)
        at = decided["at"] if decided else entry.claimed_at if entry else None
        if place is not None and entry is not None and self.definition.campaign.channels:
            # What another channel made of it stands in the ledger.
            outcome = _OUTCOMES[entry.state]
        elif place is not None:
            outcome = _OUTCOMES[ENDED[place.letter]]
        elif decided is not None:
            outcome = decided["outcome"]
        elif entry is not None:
            outcome = _OUTCOMES[entry.state]
        else:
            return ("pending", "scanning", None) if self.run.state == "scanning" else ("not_selected", None, None)
        return outcome, "in_doubt" if outcome == "unknown" else (decided or {}).get("reason"), at

    def _not_ended(self, place: Place) -> Answer:
        decided = self.decided
        if place.letter == SKIPPED:
            # The reason travels to the lake, where it arrives some seconds later.
            return ("skipped", decided.get("reason"), decided["at"]) if decided else ("skipped", None, None)
        if self.run.state == "cancelled":
            return "skipped", Reason.CAMPAIGN_STOPPED.value, None
        return "pending", place.waits_for(self.run), None
