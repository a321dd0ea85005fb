"""Opens, clicks and opt-outs: a flag in the person's ledger entry and a counter, in one transaction.

Clicks that look like a person's are kept in the ledger, and every new one is judged together with them: where that
takes a click from the person and gives it to a bot, flag and counter move together.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from dangol.contracts import Tracked
from dangol.domain.agents import known_bot
from dangol.domain.ledger import NO_FLAG, Click, Entry, Flag, Ledger
from dangol.domain.neighbours import bot_clicks
from dangol.domain.tracking import HIDDEN_LINK, SEND_ID
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
}
# What counts whoever made the request.
_WHOEVER: Final = {"shown": Flag.SHOWN, "unsubscribed": Flag.UNSUBSCRIBED}


def flag_of(tracked: Tracked) -> Flag:
    """The flag that a tracked happening sets."""
    return _WHOEVER.get(tracked.kind) or _FLAGS[tracked.kind, tracked.verdict]


def judged(tracked: Tracked) -> Tracked:
    """What `track` passed on, with the verdict on its user agent where nothing spoke against it before.

    An app that tells of its own message by the send id, which no bot has, calls itself by its library: `okhttp`.
    """
    vouched = tracked.kind in _WHOEVER or tracked.link == SEND_ID
    if vouched or tracked.verdict != "human" or not known_bot(tracked.user_agent):
        return tracked
    return tracked.model_copy(update={"verdict": "bot", "reason": "agent"})


@dataclass(slots=True)
class Marks:
    """What is new of one person and one message: flags, and the clicks that are judged together."""

    flags: Flag = NO_FLAG
    clicks: set[Click] = field(default_factory=set)

    def add(self, tracked: Tracked) -> None:
        """Take one happening in."""
        hidden = tracked.link == HIDDEN_LINK
        if tracked.kind == "clicked" and (tracked.verdict == "human" or hidden):
            self.clicks.add(Click(tracked.run, tracked.link, tracked.at))
        else:
            self.flags |= flag_of(tracked)


class Engagement:
    """Records what people did with their messages; each person counts once a run."""

    def __init__(self, ledgers: Ledgers, runs: Runs, profiles: Profiles, known: KnownRuns) -> None:
        self._ledgers = ledgers
        self._runs = runs
        self._profiles = profiles
        self._known = known

    def record(self, tracked: Sequence[Tracked]) -> None:
        """Set the flags and count those that were not set before."""
        by_run: dict[int, dict[str, Marks]] = defaultdict(lambda: defaultdict(Marks))
        for happening in tracked:
            by_run[happening.run][happening.user_id].add(happening)
        for number, marks in by_run.items():
            if self._known.get(number):
                self._record_run(number, marks)
        mirror((h.user_id for h in tracked if h.kind == "unsubscribed"), self._ledgers, self._profiles)

    def _record_run(self, number: int, marks: Mapping[str, Marks]) -> None:
        people = list(marks)
        for position in range(0, len(people), PEOPLE_PER_TRANSACTION):
            part = people[position : position + PEOPLE_PER_TRANSACTION]
            while not self._store(number, {user: marks[user] for user in part}):
                pass

    def _store(self, number: int, marks: Mapping[str, Marks]) -> bool:
        """Try once; False where somebody's ledger moved on in between."""
        known = self._known.get(number)
        changed: list[Ledger] = []
        deltas: Counter[str] = Counter()
        for user_id, ledger in self._ledgers.get_many(list(marks)).items():
            marked, counted = _marked(ledger, number, marks[user_id])
            deltas.update(counted)
            if marked is not ledger:
                changed.append(marked)
        return not changed or known is None or self._ledgers.put_counted(changed, known[0].run, deltas)


def _marked(ledger: Ledger, number: int, marks: Marks) -> tuple[Ledger, Counter[str]]:
    """The ledger with the marks on it, raised by one `rev`, and what they add and take away."""
    entry = ledger.entry(number)
    counted: Counter[str] = Counter()
    if entry is None:
        return ledger, counted
    clicks = ledger.clicks_with(number, marks.clicks)
    flags = _flags(entry, marks.flags, clicks)
    others = {click for click in ledger.clicks if click.run != number}
    if flags == entry.flags and clicks | others == ledger.clicks:
        return ledger, counted
    for flag in flags & ~entry.flags:
        counted.update(of_flag(entry, flag))
    for flag in entry.flags & ~flags:
        counted.subtract(of_flag(entry, flag))
    entries = tuple(replace(e, flags=flags) if e.run == number else e for e in ledger.entries)
    return replace(ledger, rev=ledger.rev + 1, entries=entries, clicks=clicks | others), counted


def _flags(entry: Entry, new: Flag, clicks: frozenset[Click]) -> Flag:
    """The flags of an entry; whether a person clicked is asked anew of all the clicks together."""
    flags = entry.flags | new
    if not clicks:
        return flags
    bots = bot_clicks(entry, clicks)
    flags = flags | Flag.CLICKED if clicks - bots else flags & ~Flag.CLICKED
    return flags | Flag.BOT_CLICKED if bots else flags
