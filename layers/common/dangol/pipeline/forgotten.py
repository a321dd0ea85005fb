"""Who has been forgotten: known by a hash alone, and not taken in again."""

from collections.abc import Iterable, Sequence

from dangol.contracts import Announcement, Decisions, Happening, Listed
from dangol.domain.suppression import forgotten_key
from dangol.ports import Ledgers


def forgotten_among(user_ids: Iterable[str], ledgers: Ledgers) -> set[str]:
    """Those of these people who have been forgotten."""
    keys = {user: forgotten_key(user) for user in user_ids}
    found = ledgers.get_many(list(keys.values())) if keys else {}
    return {user for user, key in keys.items() if found[key].rev}


def remembered(batch: Sequence[Happening], ledgers: Ledgers) -> Sequence[Happening]:
    """The batch without those who have been forgotten."""
    gone = forgotten_among({user for happening in batch for user in _people(happening)}, ledgers)
    return [_without(happening, gone) for happening in batch if not gone.issuperset(_people(happening) or [""])]


def _people(happening: Happening) -> Sequence[str]:
    match happening:
        case Decisions():
            return [decided.user_id for decided in happening.decided]
        case Listed():
            return happening.user_ids
        case Announcement():
            # What was said before it was asked to be forgotten; it goes to the company itself.
            return []
        case _:
            return [happening.user_id]


def _without(happening: Happening, gone: set[str]) -> Happening:
    match happening:
        case Decisions():
            return happening.model_copy(update={"decided": [d for d in happening.decided if d.user_id not in gone]})
        case Listed():
            return happening.model_copy(update={"user_ids": [u for u in happening.user_ids if u not in gone]})
        case _:
            return happening
