"""Run the benches, print what they measured, and write it to bench/latest.json.

Each module here with a function `run() -> dict[str, float]` is a bench; its figures are told under its name. With
`ONLY=audience`, or names on the command line, only those run; the figures of the others stay as they were.
"""

import json
import platform
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

HERE: Final = Path(__file__).parent
LATEST: Final = HERE / "latest.json"


def benches() -> list[str]:
    """The names of all benches."""
    found = [module.name for module in iter_modules([str(HERE)]) if not module.name.startswith("_")]
    return [name for name in found if hasattr(import_module(f"bench.{name}"), "run")]


def told(name: str, figures: Mapping[str, float]) -> dict[str, float]:
    """The figures of a bench under its name; one that has a name of its own keeps it."""
    return {figure if "." in figure else f"{name}.{figure}": value for figure, value in figures.items()}


def main(names: list[str]) -> int:
    """Run the benches of these names, or all; 2 where there is none of a name."""
    known = benches()
    if unknown := sorted(set(names) - set(known)):
        print(f"there is no bench {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    latest = json.loads(LATEST.read_text()) if LATEST.exists() else {}
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}")
    for name in names or known:
        print(f"\n{name}")
        figures = told(name, import_module(f"bench.{name}").run())
        for figure, value in figures.items():
            print(f"  {figure:44} {value:>16,.4g}")
        latest |= figures
        LATEST.write_text(json.dumps(latest, indent=2, sort_keys=True) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
