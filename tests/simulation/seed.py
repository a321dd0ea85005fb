"""Run one seed to its end and check what came of it."""

from collections import Counter
from collections.abc import Mapping
from random import Random

from dangol.domain.ledger import Entry, Flag, State
from dangol.pipeline.report import Reporter, Stores
from tests.fakes import FakeLakeReader
from tests.fakes.world import FakeClock
from tests.simulation.actors import (
    DISPATCHERS,
    SEGMENTERS,
    DispatchFunction,
    Operator,
    People,
    RecordFunction,
    SegmentFunction,
)
from tests.simulation.promises import BrokenPromiseError
from tests.simulation.scenario import draw
from tests.simulation.tally import Tally
from tests.simulation.world import World

# Everybody is done within this many redrives of the dead letters once the faults have stopped.
REDRIVES = 3
# The share of runs that somebody pauses, resumes or cancels.
STEERED = 0.25


def simulate(seed: int) -> Tally:
    """Run a seed.

    Raises:
        BrokenPromiseError: a promise is broken.
    """
    rng = Random(seed)
    world = World(draw(rng), rng)
    play(world)
    return tally(world)


def play(world: World) -> None:
    """Let everybody work until nothing is left to do, and check the promises."""
    loop = world.loop
    for number in range(DISPATCHERS):
        loop.spawn(DispatchFunction(world, number).work)
    for _ in range(SEGMENTERS):
        loop.spawn(SegmentFunction(world).work)
    for name in world.scenario.campaigns:
        loop.spawn(lambda name=name: SegmentFunction(world).start(name), at=loop.time + world.rng.uniform(0, 2))  # type: ignore[misc]
    for name in world.scenario.campaigns:
        if world.rng.random() < STEERED:
            loop.spawn(Operator(world, name).act)
    loop.spawn(RecordFunction(world).work)
    loop.spawn(lambda: People(world).act(world.rng.randint(0, 20)))
    loop.run()
    for _ in range(REDRIVES):
        if world.sends.redrive() + world.tasks.redrive() + world.receipts.redrive():
            loop.run()
    check(world)


def check(world: World) -> None:
    """Check what can be checked only at the end."""
    if world.sends.dead or world.tasks.dead or world.receipts.dead:
        raise BrokenPromiseError("messages fail although nothing is wrong any more")
    reporter = Reporter(Stores(world.definitions, world.runs, FakeLakeReader(), FakeClock()))
    for run in world.runs.runs.values():
        status = reporter.status(run.run)
        if run.state != "cancelled" and run.audience != len(world.scenario.people):
            raise BrokenPromiseError(f"{run.run} selected {run.audience} of {len(world.scenario.people)} people")
        if status["pending"] or status["state"] not in ("finished", "cancelled"):
            raise BrokenPromiseError(f"{run.run} is {status['state']}, {status['pending']} are pending")
        _check_counters(world, run.number, status)
    if len(world.runs.runs) != len(world.scenario.campaigns):
        raise BrokenPromiseError("not every campaign was run once")


def _check_counters(world: World, run: int, status: dict[str, object]) -> None:
    """Hold the counters against the ledger, and the ledger against the provider's log."""
    entries = {user: e for user, ledger in world.ledgers.ledgers.items() if (e := ledger.entry(run))}
    stand = Counter(e.state.name.lower() for e in entries.values() if e.state is not State.CANCELLED)
    counted = Counter({name: status[name] for name in ("sent", "held_out", "unknown")})
    counted["failed"] = sum(status["failed"].values())  # type: ignore[attr-defined]
    if +counted != stand:
        raise BrokenPromiseError(f"run {run} counts {dict(+counted)}, the ledger has {dict(stand)}")
    _check_bounces(world, run, entries)
    sent = {user for user, e in entries.items() if e.state is State.SENT}
    unknown = {user for user, e in entries.items() if e.state is State.UNKNOWN}
    got = {user for number, user, _ in world.truth.accepted if number == run}
    arrived = {user for number, user, by in world.truth.accepted - Counter(world.truth.bounced) if number == run}
    if not sent <= got or not arrived <= sent | unknown:
        raise BrokenPromiseError(f"run {run}: sent {sent - got} who got nothing; got {got - sent - unknown} unsaid")


def _check_bounces(world: World, run: int, entries: Mapping[str, Entry]) -> None:
    """Whoever the ledger says was sent to and did not get it is counted as bounced, and nobody else."""
    counts = world.runs.counts(world.runs.by_number(run).run)
    counted = sum(int(n) for name, n in counts.items() if name.endswith(":bounced"))
    flagged = sum(bool(e.flags & Flag.BOUNCED) for e in entries.values())
    if counted != flagged:
        raise BrokenPromiseError(f"run {run} counts {counted} as bounced, the ledger has {flagged}")


def tally(world: World) -> Tally:
    """What happened in this run."""
    entries = [e for ledger in world.ledgers.ledgers.values() for e in ledger.entries]
    counts = Counter(e.state.name.lower() for e in entries)
    counts["handed over"] = world.truth.handed
    counts["paused or cancelled"] = world.truth.halts
    counts["accepted"] = world.truth.accepted.total()
    counts["by another channel"] = sum(
        by != world.truth.terms(run).campaign.channel for run, _, by in world.truth.accepted
    )
    counts["messages"] = world.sends.taken + world.tasks.taken
    counts["events"] = world.loop.events
    counts["runs"] = len(world.runs.runs)
    return Tally(1, Counter(world.trouble.injected), counts)
