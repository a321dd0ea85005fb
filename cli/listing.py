"""Import a list of people: who is on it goes into the profiles by the code that `record` runs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Final

from cli.importing import Imported, Progress, side_by_side
from cli.reading.members import MemberRow
from cli.stack import Stack
from dangol import bootstrap
from dangol.contracts import Listed

_PEOPLE: Final = 400


@dataclass(frozen=True, slots=True)
class ListImport:
    """Which list, whether the file is the whole of it, and where it comes from."""

    name: str
    whole: bool
    source: str


def import_list(stack: Stack, rows: Iterable[MemberRow], wanted: ListImport, progress: Progress) -> Imported:
    """Put the people of `rows` on a list; those already on it leave at the end, where the file is the whole list."""
    result = Imported()
    recorder = bootstrap.build_recorder(stack.settings)
    now = int(stack.clock.now().timestamp())
    # Two imports within a second are still one after the other.
    at = max(now, stack.lists.get(wanted.name).imported_at + 1)
    name = f"import:{wanted.name}:{at}"

    def listed(some: list[str]) -> Listed:
        part = sha256("\n".join(some).encode()).hexdigest()[:16]
        return Listed(
            id=f"{name}:{part}",
            name=wanted.name,
            user_ids=some,
            at=at * 1000,
            received_at=now * 1000,
            source=wanted.source,
        )

    def record(some: list[str]) -> int:
        recorder.record([listed(some)])
        return len(some)

    for people in side_by_side(_batches(rows, result), record, set):
        result.people += people
        progress(result.accepted)
    session = name if wanted.whole else None
    recorder.record([listed([]).model_copy(update={"session": session, "people": result.people})])
    return result


def _batches(rows: Iterable[MemberRow], result: Imported) -> Iterator[list[str]]:
    """The people in hundreds, each once; eight bytes are kept of each."""
    seen: set[bytes] = set()
    rest = iter(rows)
    while some := list(islice(rest, _PEOPLE)):
        new: dict[str, None] = {}
        for row in some:
            key = sha256(row.user_id.encode()).digest()[:8]
            if key in seen:
                result.duplicates += 1
            else:
                seen.add(key)
                new[row.user_id] = None
        result.accepted += len(some)
        if new:
            yield list(new)
