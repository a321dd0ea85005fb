"""What one seed is about: people, what they were sent, what they did, and how it is delivered."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from dangol.contracts import Aliased, Identified, Performed, Received, Tracked
from dangol.domain.campaign import Campaign
from dangol.domain.ledger import HOLDOUT_VARIANT, Entry, State
from dangol.domain.project import Project
from dangol.domain.tracking import HIDDEN_LINK
from tests.fakes.world import NOW
from tests.shop_campaign import campaign, project

START = int(NOW.timestamp())
DAY = 86_400
BOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
ITEMS = ("new", "new", "old", "odd")

# What is counted, or folded into a profile.
Happening = Tracked | Received | Performed | Identified | Aliased


@dataclass(frozen=True)
class Scenario:
    """All that is drawn before a run begins; `happenings` are distinct, `letters` are what the queue is given."""

    project: Project
    campaigns: Mapping[str, Campaign]
    entries: Mapping[str, tuple[Entry, ...]]
    forgotten: frozenset[str]
    happenings: Sequence[Happening]
    letters: Sequence[Sequence[Happening]]
    spread: float
    timeout: float
    trouble: float
    faults_until: float


def draw(rng: Random) -> Scenario:
    """Draw the scenario of a seed."""
    people = [f"u{n:02d}" for n in range(rng.randint(2, 12))]
    campaigns = {f"campaign-{n}": _campaign(rng) for n in range(rng.choice((1, 2, 3)))}
    entries = {user: tuple(_entries(rng, len(campaigns))) for user in people}
    happenings = Drawing(rng, entries, len(campaigns)).happenings(rng.choice((20, 60, 120)))
    spread = rng.choice((1.0, 30.0, 300.0))
    return Scenario(
        project=project(
            events={
                "purchase": {"facets": ["item_id"], "value": "value", "keep": rng.choice((1, 3, 64))},
                "view_item": {"keep": rng.choice((2, 64))},
            }
        ),
        campaigns=campaigns,
        entries=entries,
        forgotten=frozenset(user for user in people if rng.random() < 0.05),
        happenings=happenings,
        letters=_letters(rng, happenings),
        spread=spread,
        timeout=rng.choice((3.0, 10.0, 30.0)),
        trouble=rng.choice((0.0, 0.01, 0.03, 0.06)),
        faults_until=NOW.timestamp() + spread + rng.choice((30.0, 300.0)),
    )


def _campaign(rng: Random) -> Campaign:
    goal = {"event": "purchase", "within": rng.choice(("1d", "7d")), "target": {"uplift": "3%p"}}
    where = {"where": {"item_id": rng.choice(("new", ["new", "odd"]))}} if rng.random() < 0.7 else {}
    return campaign(
        goal={**goal, **where},
        also=rng.choice((["view_item"], ["view_item", "purchase"], [])),
        attribution=rng.choice(("last", "any")),
    )


def _entries(rng: Random, runs: int) -> list[Entry]:
    """What somebody was sent, just now or hours ago."""
    chosen = [run for run in range(1, runs + 1) if rng.random() < 0.85]
    return [
        Entry(
            run=run,
            claimed_at=START - rng.randrange(rng.choice((60, 28_800))),
            variant=(variant := rng.choice((0, 0, 1, HOLDOUT_VARIANT))),
            channel=rng.choice(("email", "email", "sms")),
            purpose="marketing",
            state=_state(rng, variant),
            labels=rng.randrange(4),
        )
        for run in chosen
    ]


def _state(rng: Random, variant: int) -> State:
    if variant == HOLDOUT_VARIANT:
        return State.HELD_OUT
    return rng.choice((*[State.SENT] * 6, State.FAILED, State.UNKNOWN, State.CANCELLED))


def _letters(rng: Random, happenings: Sequence[Happening]) -> list[list[Happening]]:
    """Each happening one to four times, in any order, alone or in lists."""
    copies = [each for each in happenings for _ in range(rng.randint(1, 4))]
    rng.shuffle(copies)
    letters = []
    while copies:
        size = rng.choice((1, 1, 2, 8))
        letters.append(copies[:size])
        copies = copies[size:]
    return letters


class Drawing:
    """Draws what people did, each happening under an id of its own."""

    def __init__(self, rng: Random, entries: Mapping[str, Sequence[Entry]], runs: int) -> None:
        self._rng = rng
        # Somebody nobody was ever sent anything, and a run nobody knows of.
        self._people = [*entries, "stranger"]
        self._runs = [*range(1, runs + 1), 99]
        self._visitors = [f"v{n}" for n in range(rng.randint(0, 5))]
        self._made = 0

    def happenings(self, number: int) -> list[Happening]:
        """So many moments, of which some bring several happenings."""
        kinds: Mapping[Callable[[], list[Happening]], int] = {
            self._receipt: 4,
            self._open: 4,
            self._click: 4,
            self._burst: 2,
            self._opt_out: 1,
            self._purchase: 6,
            self._view: 4,
            self._visit: 3,
            self._become: 2,
        }
        draws = self._rng.choices(list(kinds), list(kinds.values()), k=number)
        return [happening for kind in draws for happening in kind()]

    def _receipt(self) -> list[Happening]:
        kind = self._rng.choice(("delivered", "delivered", "delivered", "bounced", "complained"))
        address = "" if kind == "delivered" else f"{self._rng.choice('ab')}-hash"
        told = {"channel": "email", "address_hash": address, "permanent": self._rng.random() < 0.5}
        return [Received(kind=kind, **self._of_message(), **told)]

    def _open(self) -> list[Happening]:
        verdict = self._rng.choice(("human", "human", "machine", "bot"))
        kind = self._rng.choice(("opened", "opened", "shown"))
        return [self._tracked(kind, verdict=verdict if kind == "opened" else "human")]

    def _click(self) -> list[Happening]:
        verdict = self._rng.choice(("human", "human", "human", "bot"))
        agent = self._rng.choice((BROWSER, BROWSER, BOT, ""))
        return [self._tracked("clicked", verdict=verdict, user_agent=agent, link=self._rng.randrange(3))]

    def _burst(self) -> list[Happening]:
        """Several clicks at once: by their links and distances a bot's, or not quite."""
        message = self._of_message()
        links = self._rng.choice(((0, 1), (0, 1, 2), (0, 0), (1, HIDDEN_LINK)))
        gap = self._rng.choice((400, 1_900, 2_100, 4_900, 30_000))
        return [
            Tracked(
                kind="clicked", variant=0, link=link, **{**message, "id": self._id(), "at": message["at"] + n * gap}
            )
            for n, link in enumerate(links)
        ]

    def _opt_out(self) -> list[Happening]:
        return [self._tracked("unsubscribed")]

    def _purchase(self) -> list[Happening]:
        value = self._rng.choice((79_000, "0.1", "12.3456", -500, None, 1_000_000))
        bought = {"item_id": self._rng.choice(ITEMS), "value": value}
        return [Performed(event="purchase", user_id=self._person(), properties=bought, **self._said())]

    def _view(self) -> list[Happening]:
        return [Performed(event="view_item", user_id=self._person(), **self._said())]

    def _visit(self) -> list[Happening]:
        """Somebody without an account."""
        if not self._visitors:
            return []
        visitor, event = self._rng.choice(self._visitors), self._rng.choice(("view_item", "purchase"))
        bought = {"item_id": "new", "value": "3.5"} if event == "purchase" else {}
        return [Performed(event=event, user_id="", anonymous_id=visitor, properties=bought, **self._said())]

    def _become(self) -> list[Happening]:
        """What becomes known of somebody; a visitor is one person's as a rule, and two people's now and then."""
        traits = {"plan": self._rng.choice(("free", "pro", None)), "seen": self._made}
        if not self._visitors or self._rng.random() < 0.4:
            return [Identified(user_id=self._person(), traits=traits, **self._said())]
        place = self._rng.randrange(len(self._visitors))
        visitor = self._visitors[place]
        person = self._person() if self._rng.random() < 0.1 else self._people[place % len(self._people)]
        if self._rng.random() < 0.5:
            return [Aliased(user_id=person, previous_id=visitor, **self._said())]
        return [Identified(user_id=person, anonymous_id=visitor, traits=traits, **self._said())]

    def _tracked(self, kind: str, **changed: Any) -> Tracked:
        return Tracked.model_validate({"kind": kind, "variant": 0, "link": 0, **self._of_message(), **changed})

    def _of_message(self) -> dict[str, Any]:
        return {"id": self._id(), "run": self._rng.choice(self._runs), "user_id": self._person(), "at": self._moment()}

    def _said(self) -> dict[str, Any]:
        at = self._moment()
        return {"id": self._id(), "at": at, "received_at": at + 1_000, "source": "app"}

    def _person(self) -> str:
        return self._rng.choice(self._people)

    def _moment(self) -> int:
        """In milliseconds: about the send, or within days of it."""
        since = self._rng.choice(
            (self._rng.uniform(-30, 120), self._rng.uniform(0, 1.5 * DAY), self._rng.uniform(0, 8 * DAY))
        )
        return START * 1_000 + int(since * 1_000)

    def _id(self) -> str:
        self._made += 1
        return f"e{self._made}"
