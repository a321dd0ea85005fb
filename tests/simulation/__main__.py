"""`make chaos`: run seeds FROM to FROM + SEEDS - 1 and say what happened."""

import argparse
import sys
import time
import traceback

from tests.simulation.seed import Tally, simulate


def main() -> int:
    """Run the seeds; 0 where every promise was kept."""
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--from", dest="first", type=int, default=1)
    told = parser.parse_args()
    total, failed, began = Tally(), 0, time.perf_counter()
    for seed in range(told.first, told.first + told.seeds):
        try:
            total.add(simulate(seed))
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            failed += 1
            print(f"seed {seed} fails: {type(error).__name__}: {error}")
            if told.seeds == 1:
                traceback.print_exc()
            else:
                print(f"  again: make chaos SEEDS=1 FROM={seed}")
    spent = time.perf_counter() - began
    print(f"{failed} failed; {total.line()}; {spent / told.seeds:.3f} s a seed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
