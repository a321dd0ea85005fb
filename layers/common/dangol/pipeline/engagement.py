"""Opens, clicks and opt-outs: a flag in the person's ledger entry and a counter, in one transaction."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from dangol.contracts import Tracked
from dangol.domain.ledger import Flag, Ledger
from dangol.pipeline.counting import of_flag
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.mirroring import mirror
from dangol.ports import Ledgers, Profiles, Runs

# One transaction takes a hundred items, and one of them is the counter.
PEOPLE_PER_TRANSACTION: Final = 50
_FLAGS: Final = {
    ("clicked", "human"): Flag.CLICKED,
    ("clicked", "machine"): Flag.BOT_CLICKED,
    ("clicked", "bot"): Flag.BOT_CLICKED,
    ("opened", "human"): Flag.OPENED,
    ("opened", "machine"): Flag.MACHINE_OPENED,
    ("opened", "bot"): Flag.MACHINE_OPENED,
    ("shown", "human"): Flag.SHOWN,
}


def flag_of(tracked: Tracked) -> Flag:
    """The flag that a tracked happening sets; an opt-out counts whoever made the request."""
    return _FLAGS.get((tracked.kind, tracked.verdict), Flag.UNSUBSCRIBED)


class Engagement:
    """Records what people did with their messages; each person counts once a run."""

    def __init__(self, ledgers: Ledgers, runs: Runs, profiles: Profiles, known: KnownRuns) -> None:
        self._ledgers = ledgers
        self._runs = runs
        self._profiles = profiles
        self._known = known

    def record(self, tracked: Sequence[Tracked]) -> None:
        """Set the flags and count those that were not set before."""
        by_run: dict[int, dict[str, Flag]] = defaultdict(dict)
        for happening in tracked:
            flags = by_run[happening.run]
            flags[happening.user_id] = flags.get(happening.user_id, Flag(0)) | flag_of(happening)
        for number, flags in by_run.items():
            if self._known.get(number):
                self._record_run(number, flags)
        mirror((h.user_id for h in tracked if h.kind == "unsubscribed"), self._ledgers, self._profiles)

    def _record_run(self, number: int, flags: Mapping[str, Flag]) -> None:
        people = list(flags)
        for position in range(0, len(people), PEOPLE_PER_TRANSACTION):
            part = people[position : position + PEOPLE_PER_TRANSACTION]
            while not self._store(number, {user: flags[user] for user in part}):
                pass

    def _store(self, number: int, flags: Mapping[str, Flag]) -> bool:
        """Try once; False where somebody's ledger moved on in between."""
        known = self._known.get(number)
        changed: list[Ledger] = []
        deltas: Counter[str] = Counter()
        for user_id, ledger in self._ledgers.get_many(list(flags)).items():
            flagged, counted = _flagged(ledger, number, flags[user_id])
            deltas.update(counted)
            if flagged is not ledger:
                changed.append(flagged)
        return not changed or known is None or self._ledgers.put_counted(changed, known[0].run, deltas)


def _flagged(ledger: Ledger, number: int, flags: Flag) -> tuple[Ledger, Counter[str]]:
    """The ledger with the flags set, raised by one `rev`, and what the new ones add."""
    entry = ledger.entry(number)
    counted: Counter[str] = Counter()
    if entry is None:
        return ledger, counted
    new = flags & ~entry.flags
    for flag in new:
        counted.update(of_flag(entry, flag))
    if not new:
        return ledger, counted
    entries = tuple(replace(e, flags=e.flags | new) if e.run == number else e for e in ledger.entries)
    return replace(ledger, rev=ledger.rev + 1, entries=entries), counted
