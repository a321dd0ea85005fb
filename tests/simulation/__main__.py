"""`make chaos`: run seeds FROM to FROM + SEEDS - 1 and say what happened."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.simulation.counting.seed import simulate as simulate_counting
from tests.simulation.promises import BrokenPromiseError
from tests.simulation.seed import simulate as simulate_sending
from tests.simulation.tally import Tally

SCENARIOS: Mapping[str, Callable[[int], Tally]] = {"sending": simulate_sending, "counting": simulate_counting}

# So many seeds are one process's work at a time.
_TOGETHER = 20


def main() -> int:
    """Run the seeds; 0 where every promise was kept."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--scenario", choices=SCENARIOS, default="sending")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--from", dest="first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    told = parser.parse_args()
    if told.seeds == 1:
        return replay(told.scenario, told.first)
    end, began, total, failed = told.first + told.seeds, time.perf_counter(), Tally(), 0
    parts = [range(first, min(first + _TOGETHER, end)) for first in range(told.first, end, _TOGETHER)]
    with ProcessPoolExecutor(told.jobs) as pool:
        for tally, problems in pool.map(partial(several, told.scenario), parts):
            total.add(tally)
            failed += len(problems)
            for seed, problem in problems:
                again = f"make chaos SCENARIO={told.scenario} SEEDS=1 FROM={seed}"
                print(f"seed {seed} fails: {problem}\n  again: {again}", flush=True)
    spent = (time.perf_counter() - began) * told.jobs
    print(f"{failed} failed; {total.line()}; {spent / told.seeds:.3f} s of a core a seed")
    return bool(failed)


def several(scenario: str, seeds: range) -> tuple[Tally, list[tuple[int, str]]]:
    """What happened in some seeds, and those that failed, with the reason."""
    total, problems = Tally(), []
    for seed in seeds:
        try:
            total.add(SCENARIOS[scenario](seed))
        except (BrokenPromiseError, Exception) as error:  # noqa: BLE001 - told, and counted as a failure
            problems.append((seed, f"{type(error).__name__}: {error}"))
    return total, problems


def replay(scenario: str, seed: int) -> int:
    """Run one seed; 0 where every promise was kept."""
    try:
        print(f"0 failed; {SCENARIOS[scenario](seed).line()}")
    except (BrokenPromiseError, Exception):  # noqa: BLE001 - told, and counted as a failure
        traceback.print_exc()
        print(f"seed {seed} fails")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
