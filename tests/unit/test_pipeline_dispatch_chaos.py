"""Everything at once: deaths, errors, duplicates, zombies and a rival campaign; the promises hold."""

from collections import Counter
from random import Random

import pytest

from dangol.contracts import SendChunk
from dangol.domain.errors import ConflictError, DoubtError, SendError, ThrottledError, UnavailableError
from dangol.domain.ledger import State
from dangol.ports import Refused
from tests.dispatching import RUN, World, chunk, running
from tests.shop_campaign import campaign, definition, project

PEOPLE = tuple(f"u{n}" for n in range(14))
RIVAL = "rival"
TROUBLE = 0.08
CALLS = {
    "journals": ("take", "mark", "finish"),
    "ledgers": ("get_many", "put_many"),
    "channel": ("send",),
    "events": ("send",),
    "sends": ("send",),
}


class KilledError(BaseException):
    """The process is gone: no handler of its own runs any more."""


class Chaos:
    """A world in which any call outside may end the process, fail, or take so long that others go on."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.world = World(
            definition=definition(
                of=campaign(holdout="10%"), within=project(caps=[{"max": 1, "per": "day", "purpose": "marketing"}])
            )
        )
        self.world.channel.batch_size = 2
        self.world.runs.runs[RIVAL] = running(2, RIVAL)
        people = self.world.people(*PEOPLE)
        self.world.channel.refusals = {f"u{n}": Refused("bad") for n in (3, 6, 9)}
        self.waiting = [(chunk(people, run).model_dump_json(), 0.0) for run in (RUN, RIVAL)]
        self.trouble, self.depth = TROUBLE, 0
        for thing, names in CALLS.items():
            for name in names:
                self._disturb(getattr(self.world, thing), name)

    def _disturb(self, thing, name: str) -> None:
        real = getattr(thing, name)

        def call(*args, **kwargs):
            if self.rng.random() < self.trouble:
                self._harm(real, args, kwargs)
            if thing is self.world.channel and self.rng.random() < 2 * self.trouble:
                raise self._provider_error(real, args)
            return real(*args, **kwargs)

        setattr(thing, name, call)

    def _harm(self, real, args, kwargs) -> None:
        match self.rng.choice(("before", "after", "fails", "slow", "slow")):
            case "before":
                raise KilledError
            case "after":
                real(*args, **kwargs)
                raise KilledError
            case "fails":
                raise RuntimeError("refused")
            case _:
                self._meanwhile()

    def _provider_error(self, real, args) -> SendError:
        if self.rng.random() < 0.3:
            real(*args)
            return DoubtError("cut off after it was taken")
        return self.rng.choice((DoubtError("cut off"), ThrottledError("slow down"), UnavailableError("down")))

    def _meanwhile(self) -> None:
        """Others go on, perhaps until every lease has run out; people change their minds."""
        for user in self.rng.sample(PEOPLE, 3):
            ledger, now = self.world.ledgers.ledgers[user], int(self.world.clock.seconds())
            changed = ledger.with_consent("email", given=not ledger.consented("email"), at=now)
            self.world.ledgers.ledgers[user] = changed
        if self.rng.random() < 0.5:
            self.world.clock.pass_by(seconds=self.world.timeout + 10)
        if self.depth == 0 and self.waiting:
            self.depth += 1
            self.deliver()
            self.depth -= 1

    def deliver(self) -> None:
        """Deliver one message, as SQS does: at least once, in any order."""
        body, at = self.waiting.pop(self.rng.randrange(len(self.waiting)))
        self.world.clock.wait_until(at)
        back_at = self.world.clock.seconds() + self.world.timeout + 10
        try:
            self.world.dispatcher(f"worker-{self.rng.random()}").dispatch(SendChunk.model_validate_json(body))
        except (KilledError, RuntimeError, ConflictError):
            self.waiting.append((body, back_at))
        else:
            if self.rng.random() < self.trouble:
                self.waiting.append((body, back_at))
        self.waiting += [(b, self.world.clock.seconds() + delay) for b, delay in self.world.sends.sent]
        self.world.sends.sent = []

    def run(self) -> None:
        """Work under trouble, then without, until nothing waits."""
        for number in range(2_000):
            if not self.waiting:
                return
            self.trouble = TROUBLE if number < 40 else 0.0
            self.deliver()
        raise AssertionError("the queue does not run dry")


@pytest.mark.parametrize("seed", range(150))
def test_whatever_goes_wrong_nobody_gets_two_messages_and_nobody_is_lost(seed):
    chaos = Chaos(seed)
    world = chaos.world
    taken: Counter[tuple[str, str]] = Counter()

    chaos.run()

    taken.update((m.reference.partition(":")[0], m.user_id) for m in world.channel.taken)
    assert max(taken.values(), default=0) <= 1
    # A cap of one a day, under which two campaigns fight for everybody.
    assert max(Counter(world.channel.users).values(), default=0) <= 1
    for number, run in ((1, RUN), (2, RIVAL)):
        counted = world.counted(run)
        states = Counter(s.name.lower() for user in PEOPLE if (s := world.state(user, number)) not in _UNCOUNTED)
        skipped = {"frequency_cap", "no_consent"}
        assert sum(counted.values()) == len(PEOPLE)
        assert states == Counter({name: n for name, n in counted.items() if name not in skipped})
        sent = {user for user in PEOPLE if world.state(user, number) is State.SENT}
        unknown = {user for user in PEOPLE if world.state(user, number) is State.UNKNOWN}
        got = {user for run_number, user in taken if run_number == str(number)}
        assert sent <= got <= sent | unknown


_UNCOUNTED = (None, State.CANCELLED)
