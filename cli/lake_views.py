"""The five views of the lake, as SQL for Athena: what a BI tool reads.

Each stands by itself over the lake's tables, so that they can be made in any order. Each event counts once, however
often it is stored; whose clicks are a bot's is asked by the rules of `domain.neighbours`, with their own numbers.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Final, Protocol
from uuid import uuid4

from dangol.domain.neighbours import BURSTS, HIDDEN_FOR, TOO_SOON
from dangol.domain.tracking import HIDDEN_LINK

VIEWS: Final = ("sends", "engagement", "conversions", "funnel", "daily")
_TABLES: Final = ("decisions", "engagement", "conversions")
_FOLDER: Final = Path(__file__).parent / "views"
# To the second, in words that every engine knows; `happened_ms` has the rest.
_SECONDS: Final = "INTERVAL '1' SECOND * (({ms} - MOD({ms}, 1000)) / 1000)"
_TIME: Final = f"CAST(TIMESTAMP '1970-01-01 00:00:00' + {_SECONDS} AS timestamp)"
_PAUSE: Final = 0.5


class Queries(Protocol):
    """Runs statements."""

    def start(self, query: str, token: str) -> str:
        """Begin a statement, once for each `token`; its name."""
        ...

    def done(self, name: str) -> bool:
        """Whether it is done; raises `DefinitionError` where it failed."""
        ...


def views(database: str) -> dict[str, str]:
    """The SELECT of each view, over the tables of the Glue `database`."""
    tables = {name: f'"{database}".{name}' for name in _TABLES}
    sends = _filled("sends", tables)
    engagement = _filled("engagement", {**tables, "sends": f"({sends})"})
    conversions = _filled("conversions", tables)
    parts = {"sends": f"({sends})", "engaged": f"({engagement})", "converted": f"({conversions})"}
    return {
        "sends": sends,
        "engagement": engagement,
        "conversions": conversions,
        "funnel": _filled("funnel", parts),
        "daily": _filled("daily", parts),
    }


def statements(database: str) -> list[str]:
    """What makes the views, or makes them anew."""
    return [f"CREATE OR REPLACE VIEW {name} AS\n{select}" for name, select in views(database).items()]


def make(queries: Queries, database: str, wait: Callable[[float], None]) -> None:
    """Make the views over the tables of the Glue `database`; `wait` pauses between two looks, in seconds.

    Raises:
        DefinitionError: Athena refused one.
    """
    started = [queries.start(statement, str(uuid4())) for statement in statements(database)]
    for name in started:
        while not queries.done(name):
            wait(_PAUSE)


def _filled(name: str, names: Mapping[str, str]) -> str:
    text = (_FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    numbers = {
        "time": _TIME.format(ms="happened_ms"),
        "told_time": _TIME.format(ms="told.happened_ms"),
        "hidden_link": str(HIDDEN_LINK),
        "hidden_for": str(_ms(HIDDEN_FOR)),
        "bursts": ", ".join(f"({links}, {_ms(span)})" for links, span in BURSTS),
        "too_soon": ", ".join(f"('{channel}', {_ms(span)})" for channel, span in TOO_SOON.items()),
    }
    return Template(text).substitute({**numbers, **names}).rstrip()


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
