"""Run one seed to its end and hold everything that was counted against the truth."""

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from random import Random

from dangol.adapters.lake_files import LakeFiles
from dangol.contracts import Identified, Performed, Received, Tracked
from dangol.domain.ledger import Flag
from dangol.domain.profile import History, Profile
from dangol.observability import logger
from tests.simulation.counting.scenario import draw
from tests.simulation.counting.truth import Truth, value_of
from tests.simulation.counting.world import RECORDERS, OtherWriters, RecordFunction, World
from tests.simulation.promises import BrokenPromiseError
from tests.simulation.tally import Tally

# Everybody is done within this many redrives of the dead letters once the faults have stopped.
REDRIVES = 3


def simulate(seed: int) -> Tally:
    """Run a seed.

    Raises:
        BrokenPromiseError: something is not counted exactly.
    """
    rng = Random(seed)
    world = World(draw(rng), rng)
    loop, s = world.loop, world.scenario
    for _ in range(RECORDERS):
        loop.spawn(RecordFunction(world).work)
    for letter in s.letters:
        told = [happening.model_dump_json() for happening in letter]
        body = told[0] if len(told) == 1 else f"[{','.join(told)}]"
        world.events.put(body, rng.uniform(0.0, s.spread))
    others = OtherWriters(world)
    loop.spawn(lambda: others.act(rng.randint(0, 15)))
    with quiet():
        loop.run()
        for _ in range(REDRIVES):
            if world.events.redrive():
                loop.run()
    check(world, others)
    return tally(world)


@contextmanager
def quiet() -> Iterator[None]:
    """Without a word of the function's about each failure, which are meant here."""
    level = logger.log_level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def check(world: World, others: OtherWriters) -> None:
    """Hold what is stored against the truth.

    Raises:
        BrokenPromiseError: they differ.
    """
    truth = Truth(world.scenario, {key: p.merged_into for key, p in world.profiles.people.items() if p.merged_into})
    if world.events.dead:
        raise BrokenPromiseError("messages fail although nothing is wrong any more")
    check_counters(world, truth)
    check_ledgers(world, truth, others)
    check_outcomes(world, truth)
    check_lake(world, truth)
    check_merges(world, truth)
    for profile in world.profiles.people.values():
        if not profile.merged_into:
            check_profile(world, truth, profile)
    for user, number in others.imported.items():
        same("the trait of", user, world.profiles.people[user].traits["imported"], number)


def same(what: str, of: object, found: object, true: object) -> None:
    """Compare.

    Raises:
        BrokenPromiseError: they differ.
    """
    if found != true:
        raise BrokenPromiseError(f"{what} {of}: {found}, and {true} is true")


def check_counters(world: World, truth: Truth) -> None:
    for run in world.runs.runs.values():
        stored, true = world.runs.counts(run.run), truth.counters(run.number)
        wrong = {name for name in {*stored, *true} if stored.get(name, 0) != true.get(name, 0)}
        found = {name: str(stored.get(name, 0)) for name in sorted(wrong)}
        same("counters of", run.run, found, {name: str(true.get(name, 0)) for name in sorted(wrong)})


def check_ledgers(world: World, truth: Truth, others: OtherWriters) -> None:
    stored = {
        (user, e.run): {flag.name.lower() for flag in Flag if flag in e.flags and flag.name}
        for user in world.scenario.entries
        for e in world.ledgers.ledgers[user].entries
    }
    for message, flags in truth.flags().items():
        same("flags of", message, stored.pop(message), flags)
    same("entries of", "nobody", stored, {})
    for user, hashes in truth.suppressed().items():
        ledger = world.ledgers.ledgers[user]
        same("suppressed of", user, set(ledger.suppressed), hashes)
        same("the word on push of", user, ledger.consents.get("push"), others.words.get(user))


def check_outcomes(world: World, truth: Truth) -> None:
    stored = {
        ((user, run), kind): (outcome.sums[kind], len(ids))
        for (user, run), outcome in world.outcomes.outcomes.items()
        for kind, ids in outcome.ids.items()
    }
    true = {key: (sum(values, Decimal(0)), len(values)) for key, values in truth.values().items()}
    same("outcomes of", "all", stored, true)


def check_lake(world: World, truth: Truth) -> None:
    """Every happening is in the lake, the same in each of its rows, and totals count each once."""
    rows = [row for table in ("events/", "engagement/") for row in world.objects.rows(table)]
    found = {row["id"]: (row["kind"], row["user_id"], row["at_ms"]) for row in rows}
    same("rows of", "an id", len({(row["id"], row["kind"], row["user_id"], row["at_ms"]) for row in rows}), len(found))
    same("the lake", "as a whole", found, {h.id: (h.kind, h.user_id, h.at) for h in truth.happenings.values()})
    lake = LakeFiles(world.objects)
    for run in world.runs.runs.values():
        told = Counter(h.kind for h in truth.happenings.values() if isinstance(h, Tracked) and h.run == run.number)
        wanted = {kind: told[kind] for kind in ("clicked", "opened", "unsubscribed")}
        same("totals of", run.run, dict(lake.totals(run.run)), wanted)


def check_merges(world: World, truth: Truth) -> None:
    """Every visitor of whom it was said is one of the people they were said to be, and has no past of their own."""
    for visitor, people in truth.links().items():
        stored = world.profiles.people[visitor]
        if stored.merged_into not in people:
            raise BrokenPromiseError(f"{visitor} is {stored.merged_into}, and should be one of {people}")
        same("the past of", visitor, (stored.histories, stored.traits, stored.seen), ({}, {}, {}))
    same("profiles", "lost", set(truth.told()) - set(world.profiles.people), set())


def check_profile(world: World, truth: Truth, profile: Profile) -> None:
    """A person did what they did under any of their names, each thing once."""
    names = {user for user, p in world.profiles.people.items() if p.merged_into == profile.user_id}
    told = truth.told()
    said = [h for name in (profile.user_id, *names) for h in told[name]]
    same("histories of", profile.user_id, profile.histories, histories(world, said))
    same("seen of", profile.user_id, len(profile.seen), len(said))
    for name in ("plan", "seen"):
        words = [(h.at // 1000, h.traits[name]) for h in said if isinstance(h, Identified)]
        latest = max((at for at, _ in words), default=0)
        allowed = [value for at, value in words if at == latest] or [None]
        if profile.traits.get(name) not in allowed:
            raise BrokenPromiseError(f"{name} of {profile.user_id} is {profile.traits.get(name)}, not of {allowed}")


def histories(world: World, said: list[Performed | Identified]) -> dict[str, History]:
    """What a profile must hold of this."""
    by_key: dict[str, list[tuple[int, int]]] = {}
    for h in said:
        if isinstance(h, Performed):
            facets = ["item_id"] if h.event == "purchase" else []
            for key in (h.event, *(f"{h.event}[{name}={h.properties[name]}]" for name in facets)):
                by_key.setdefault(key, []).append((h.at // 1000, int(value_of(h) * 10_000)))
    found = {}
    for key, happened in by_key.items():
        times, values = zip(*sorted(happened), strict=True)
        keep = world.scenario.project.event(key.partition("[")[0]).keep
        found[key] = History(times[0], times[-1], len(times), sum(values), times[-keep:], values[-keep:])
    return found


def tally(world: World) -> Tally:
    """What happened in this run."""
    distinct = world.scenario.happenings
    counts = Counter(
        {
            kind.__name__.lower(): sum(isinstance(h, kind) for h in distinct)
            for kind in (Tracked, Received, Performed, Identified)
        }
    )
    counts["happenings"] = len(distinct)
    counts["delivered"] = sum(map(len, world.scenario.letters))
    counts["messages"] = world.events.taken
    counts["events"] = world.loop.events
    return Tally(1, Counter(world.trouble.injected), counts)
