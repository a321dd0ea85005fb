"""What must be counted, in plain Python from the distinct happenings: no ledger, no order, no duplicates."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from dangol.contracts import Aliased, Identified, Performed, Received, Tracked
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, State
from dangol.domain.tracking import HIDDEN_LINK
from tests.simulation.counting.scenario import BOT, Happening, Scenario

RECEIPTS = {"delivered": "delivered", "bounced": "bounced", "complained": "unsubscribed"}
# Different links within so many milliseconds are a bot's, as are clicks so soon after a send, by channel.
BURSTS = ((2, 2_000), (3, 10_000))
TOO_SOON = {"email": 10_000, "sms": 3_000}
AROUND_HIDDEN = 60_000

Message = tuple[str, int]


@dataclass
class Truth:
    """What is true of the distinct happenings; `merged` says whose each visitor (`anon:…`) turned out to be."""

    scenario: Scenario
    merged: Mapping[str, str] = field(default_factory=dict)
    happenings: Mapping[str, Happening] = field(init=False)

    def __post_init__(self) -> None:
        gone = self.scenario.forgotten
        self.happenings = {h.id: h for h in self.scenario.happenings if h.user_id not in gone}

    # --- messages ---------------------------------------------------------------------------------------------

    def flags(self) -> dict[Message, set[str]]:
        """By person and run, what became of the message and what was done with it."""
        found: dict[Message, set[str]] = {
            (user, e.run): set() for user, es in self.scenario.entries.items() for e in es
        }
        clicks: dict[Message, set[tuple[int, int]]] = defaultdict(set)
        for h in self.happenings.values():
            if not isinstance(h, Received | Tracked) or (h.user_id, h.run) not in found:
                continue
            if isinstance(h, Tracked) and h.kind == "clicked" and may_be_human(h):
                clicks[h.user_id, h.run].add((h.at, h.link))
            else:
                found[h.user_id, h.run].add(sign_of(h))
        for message, told in clicks.items():
            entry = self._entry(message)
            found[message] |= {"bot_clicked" if is_bots(c, told, entry) else "clicked" for c in told}
        return found

    def suppressed(self) -> dict[str, set[str]]:
        """By person, the hashed addresses that must not be written to."""
        found: dict[str, set[str]] = {user: set() for user in self.scenario.entries}
        sent = {(user, e.run) for user, entries in self.scenario.entries.items() for e in entries}
        for h in self.happenings.values():
            if isinstance(h, Received) and (h.user_id, h.run) in sent and h.address_hash:
                found[h.user_id] |= {h.address_hash} if h.permanent or h.kind == "complained" else set()
        return found

    def _entry(self, message: Message) -> Entry:
        user, run = message
        return next(e for e in self.scenario.entries[user] if e.run == run)

    # --- what people did --------------------------------------------------------------------------------------

    def values(self) -> dict[tuple[Message, str], list[Decimal]]:
        """By message and kind (`goal`, `also:…`), the values of what counts for it."""
        found: dict[tuple[Message, str], list[Decimal]] = defaultdict(list)
        for h in self.happenings.values():
            if not isinstance(h, Performed):
                continue
            user = h.user_id or self.merged.get(f"anon:{h.anonymous_id}", "")
            for run, kinds in self._counts_for(user, h):
                for kind in kinds:
                    found[(user, run), kind].append(value_of(h))
        return found

    def _counts_for(self, user: str, event: Performed) -> list[tuple[int, list[str]]]:
        touched = []
        for entry in self.scenario.entries.get(user, ()):
            campaign = self.scenario.campaigns[f"campaign-{entry.run - 1}"]
            assert campaign.goal
            wanted = campaign.goal.where.get("item_id", event.properties.get("item_id"))
            wanted = wanted if isinstance(wanted, list) else [wanted]
            kinds = [f"also:{event.event}"] if event.event in campaign.also else []
            if event.event == "purchase" and event.properties["item_id"] in wanted:
                kinds.append("goal")
            since = event.at // 1000 - entry.claimed_at
            if kinds and entry.state is not State.CANCELLED and 0 <= since < campaign.goal.within.total_seconds():
                touched.append((entry.claimed_at, entry.run, kinds, campaign.attribution))
        latest = max(touched, default=None, key=lambda t: t[:2])
        return [(t[1], t[2]) for t in touched if t is latest or t[3] == "any"]

    # --- both -------------------------------------------------------------------------------------------------

    def counters(self, run: int) -> dict[str, Decimal]:
        """Every counter of a run that is not nothing."""
        counted: Counter[str] = Counter()
        for message, names in self.flags().items():
            if message[1] == run:
                entry = self._entry(message)
                for name in names:
                    counted[f"arm:{arm(entry)}:{name}"] += 1
                counted.update(f"label:{label}:clicked" for label in labels(entry) if "clicked" in names)
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for (message, kind), values in self.values().items():
            if message[1] == run:
                entry = self._entry(message)
                counter = f"arm:{arm(entry)}:{kind}"
                counted[f"{counter}:people"] += 1
                counted.update(f"label:{label}:converted" for label in labels(entry) if kind == "goal")
                sums[f"{counter}:sum"] += sum(values)
                sums[f"{counter}:squares"] += sum(values) ** 2
        whole = {name: Decimal(number) for name, number in counted.items()}
        return {name: number for name, number in {**whole, **sums}.items() if number}

    def told(self) -> dict[str, list[Performed | Identified]]:
        """What people and visitors (`anon:…`) did and said, each under their own name."""
        found: dict[str, list[Performed | Identified]] = defaultdict(list)
        for h in self.happenings.values():
            if isinstance(h, Performed | Identified):
                found[h.user_id or f"anon:{h.anonymous_id}"].append(h)
        return found

    def links(self) -> dict[str, set[str]]:
        """By visitor, the people they were said to be."""
        found: dict[str, set[str]] = defaultdict(set)
        for h in self.happenings.values():
            if isinstance(h, Aliased):
                found[f"anon:{h.previous_id}"].add(h.user_id)
            elif isinstance(h, Identified) and h.anonymous_id:
                found[f"anon:{h.anonymous_id}"].add(h.user_id)
        return found


def may_be_human(click: Tracked) -> bool:
    """Whether nothing about a click by itself speaks against a person; the hidden link is judged with the rest."""
    return click.link == HIDDEN_LINK or (click.verdict == "human" and click.user_agent != BOT)


def is_bots(click: tuple[int, int], clicks: Iterable[tuple[int, int]], entry: Entry) -> bool:
    """Whether a bot made one of these clicks (milliseconds, link) on a message."""
    at, clicks = click[0], list(clicks)
    if 0 <= at - entry.claimed_at * 1000 < TOO_SOON[entry.channel]:
        return True
    if any(link == HIDDEN_LINK and abs(other - at) <= AROUND_HIDDEN for other, link in clicks):
        return True
    windows = [(start, many, span) for start, _ in clicks for many, span in BURSTS if start <= at <= start + span]
    return any(len({link for t, link in clicks if s <= t <= s + span}) >= many for s, many, span in windows)


def sign_of(h: Received | Tracked) -> str:
    """What a receipt, an open or a bot's click says of its message."""
    if isinstance(h, Received):
        return RECEIPTS[h.kind]
    if h.kind == "clicked":
        return "bot_clicked"
    return "machine_opened" if h.kind == "opened" and h.verdict != "human" else h.kind


def value_of(event: Performed) -> Decimal:
    """What an event is worth."""
    value = event.properties.get("value")
    return Decimal(0) if value is None else Decimal(str(value))


def arm(entry: Entry) -> str:
    """How counters name the arm."""
    return "holdout" if entry.variant == HOLDOUT_VARIANT else str(entry.variant)


def labels(entry: Entry) -> list[int]:
    """The places of the branches that selected the person."""
    return [place for place in range(8) if entry.labels & 2**place]
