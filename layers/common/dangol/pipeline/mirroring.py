"""The profiles' mirror of consent, which audiences are counted by; the ledger is the authority."""

from collections.abc import Iterable
from dataclasses import replace

from dangol.ports import Ledgers, Profiles


def mirror(user_ids: Iterable[str], ledgers: Ledgers, profiles: Profiles) -> None:
    """Bring the mirror of these people up to the ledger; whoever has no profile gets none by this."""
    todo = sorted(set(user_ids))
    while todo:
        known, standing = profiles.get_many(todo), ledgers.get_many(todo)
        changed = [
            replace(profile, consents=dict(standing[user].consents))
            for user, profile in known.items()
            if profile.rev and profile.consents != standing[user].consents
        ]
        todo = list(profiles.put_many(changed))
