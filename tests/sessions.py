"""A run whose messages wait for a session, on fakes: placed, shown, ended."""

import json
from datetime import timedelta
from typing import Any

from dangol.adapters.reaching import ReachedShower
from dangol.contracts import SendChunk
from dangol.domain.ledger import Ledger
from dangol.domain.profile import Profile
from dangol.domain.session_token import session_token
from dangol.pipeline.plans import Plans
from dangol.pipeline.session_calls import Visit
from dangol.pipeline.showing import Shower, Stores
from dangol.ports import Definition, Waiting
from tests.dispatching import KEYS, RUN, World
from tests.fakes import FakeDefinitions, FakeProfiles
from tests.fakes.world import NOW
from tests.shop_campaign import campaign, definition, project, recipient

SESSION_KEY = "a secret of the shop's server"
LATER = NOW + timedelta(days=30)


def waiting(**changed: Any) -> Definition:
    """A campaign on the site, of one variant, without a holdout."""
    told: dict[str, Any] = {
        "channel": "in_web",
        "message": {
            "title": "#{이름}님, 첫 강의는 반값으로",
            "text": "지금 받으면 바로 쓸 수 있어요.",
            "cta": {"label": "쿠폰 받기", "link": "https://shop.example/coupon"},
            "close": "오늘은 그만 보기",
        },
        "variants": None,
    }
    within = project(**changed.pop("project", {}))
    return definition(of=campaign(**{**told, **changed}), within=within)


class Session(World):
    """A run on the site, and whoever is there."""

    def __init__(self, *users: str, of: Definition | None = None, **told: Any) -> None:
        super().__init__(definition=of or waiting(), **told)
        self.profiles = FakeProfiles(*(Profile(user) for user in users))
        self.users = users

    def place(self) -> None:
        """Have everybody's message wait."""
        people = [recipient(user, address=user) for user in self.users]
        self.deliver(
            SendChunk(run=RUN, chunk="0-0", size=len(people), indexes=[*range(len(people))], recipients=people)
        )

    def place_again(self) -> None:
        """Have everybody's message wait again, as if nobody had taken it away."""
        people = [recipient(user, address=user) for user in self.users]
        self.inbox.put_many([Waiting(RUN, 1, self.definition.campaign.channel, one, 0) for one in people])

    def deliver(self, chunk: SendChunk) -> None:
        """Dispatch one chunk, by a process that remembers nothing."""
        self.dispatcher().dispatch(chunk)

    def again(self) -> None:
        """Dispatch whoever is left, as a release queues it."""
        (standing,) = self.journals.of_step(RUN, "0")
        left = [i for i, letter in enumerate(standing.states) if not letter.isupper()]
        people = [recipient(self.users[i], address=self.users[i]) for i in left]
        size = len(self.users)
        self.deliver(
            SendChunk(run=RUN, chunk="0-0", size=size, generation=standing.generation, indexes=left, recipients=people)
        )

    def end(self) -> None:
        """Let the run's time run out, and whoever is left be ended."""
        self.clock.time = NOW + timedelta(days=14, seconds=1)
        self.again()

    def shower(self) -> Shower:
        """What shows, by a process that remembers nothing."""
        plans = Plans(
            runs=self.runs,
            definitions=FakeDefinitions(self.definition),
            keys=lambda: KEYS,
            channel=lambda *_: self.channel,
            clock=self.clock,
            memory=3.5,
        )
        return Shower(Stores(plans.of, self.ledgers, self.profiles, self.inbox, self.clock))

    @property
    def reached(self) -> ReachedShower:
        """The same, as `track` is given it."""
        return ReachedShower(self.shower())

    def visit(self, user_id: str, page: str = "/", asked: str | None = None, channel: str = "in_web") -> dict[str, Any]:
        """What somebody is shown on a page; what was decided goes the way of all events."""
        shown = self.shower().show(Visit(user_id, channel, page, asked))
        self.events.send([json.dumps(happening) for happening in shown.happenings])
        return shown.answer

    def ledger(self, user_id: str) -> Ledger:
        return self.ledgers.get_many([user_id])[user_id]


def token(user_id: str) -> dict[str, str]:
    """The header of a person's session."""
    return {"authorization": f"Bearer {session_token(user_id, SESSION_KEY, LATER)}"}
