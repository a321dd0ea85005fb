"""Who has been forgotten: known by a hash alone, and not taken in again."""

from collections.abc import Iterable

from dangol.domain.suppression import forgotten_key
from dangol.ports import Ledgers


def forgotten_among(user_ids: Iterable[str], ledgers: Ledgers) -> set[str]:
    """Those of these people who have been forgotten."""
    keys = {user: forgotten_key(user) for user in user_ids}
    found = ledgers.get_many(list(keys.values())) if keys else {}
    return {user for user, key in keys.items() if found[key].rev}
