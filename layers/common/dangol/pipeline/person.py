"""Everything that is held of one person: told to them, or erased."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from dangol.domain.ledger import Entry, Flag, Ledger
from dangol.domain.profile import ADDRESS_TRAITS, VALUE_SCALE, Profile
from dangol.domain.suppression import address_hash, forgotten_key
from dangol.pipeline.known_runs import KnownRuns
from dangol.pipeline.lake_rows import PREFIXES, Found, find
from dangol.ports import Inbox, Ledgers, Outcome, People, Profiles, StoredObjects, Waiting

_PAGE: Final = 1_000


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a person may be held."""

    profiles: Profiles
    ledgers: Ledgers
    people: People
    objects: StoredObjects
    runs: KnownRuns
    inbox: Inbox


class PersonKeeper:
    """Exports and forgets people."""

    def __init__(self, stores: Stores) -> None:
        self._s = stores

    def export(self, user_id: str) -> dict[str, Any]:
        """Everything held of a person, in plain values; `found` is False where that is nothing."""
        profile = self._s.profiles.get_many([user_id])[user_id]
        ledger = self._s.ledgers.get_many([user_id])[user_id]
        outcomes, waiting = self._s.people.outcomes(user_id), self._s.inbox.of_person(user_id)
        lake: dict[str, list[Mapping[str, Any]]] = {prefix.rstrip("/"): [] for prefix in PREFIXES}
        for key, found in self._held(user_id):
            lake[key.partition("/")[0]] += found.rows
        return {
            "user_id": user_id,
            "found": bool(profile.rev or ledger.rev or outcomes or waiting or any(lake.values())),
            "profile": _profile(profile) if profile.rev else None,
            "ledger": self._ledger(ledger) if ledger.rev else None,
            "waiting": [_waiting(message) for message in waiting],
            "outcomes": [self._outcome(outcome) for outcome in outcomes],
            "lake": lake,
        }

    def forget(self, user_id: str) -> dict[str, Any]:
        """Erase a person; only hashes stay, by which an import or a late event does not bring them back.

        Once more where it was interrupted: every step may be repeated, and the hashes are kept first.
        """
        profile = self._s.profiles.get_many([user_id])[user_id]
        ledger = self._s.ledgers.get_many([user_id])[user_id]
        self._remember(user_id, _addresses(profile) | ledger.suppressed)
        rows = objects = 0
        for key, found in self._held(user_id):
            rows, objects = rows + len(found.rows), objects + 1
            if found.rest is None:
                self._s.objects.remove(key)
            else:
                self._s.objects.replace(key, found.rest)
        for prefix in PREFIXES:
            self._s.objects.drop_old_versions(prefix)
        self._s.inbox.remove_many([message.key for message in self._s.inbox.of_person(user_id)])
        erased = self._s.people.erase(user_id)
        return {
            "user_id": user_id,
            "profile": bool(profile.rev),
            "ledger": bool(ledger.rev),
            "outcomes": erased,
            "lake_rows": rows,
            "lake_objects": objects,
        }

    def _remember(self, user_id: str, addresses: frozenset[str]) -> None:
        key = forgotten_key(user_id)
        while True:
            known = self._s.ledgers.get_many([key])[key]
            if known.rev and addresses <= known.suppressed:
                return
            kept = replace(known, rev=known.rev + 1, suppressed=known.suppressed | addresses)
            if not self._s.ledgers.put_many([kept]):
                return

    def _held(self, user_id: str) -> Iterator[tuple[str, Found]]:
        for prefix in PREFIXES:
            after: str | None = None
            while keys := self._s.objects.keys(prefix, after, _PAGE):
                for key in keys:
                    found = find(key, self._s.objects.get(key), user_id)
                    if found:
                        yield key, found
                after = keys[-1]

    def _ledger(self, ledger: Ledger) -> dict[str, Any]:
        return {
            "consents": {channel: _consent(at) for channel, at in ledger.consents.items()},
            "night": _consent(ledger.night) if ledger.night else None,
            "pace_days": ledger.pace,
            "suppressed": sorted(ledger.suppressed),
            "messages": [self._entry(entry) for entry in ledger.entries],
        }

    def _entry(self, entry: Entry) -> dict[str, Any]:
        return {
            "run": self._run(entry.run),
            "at": _iso(entry.claimed_at),
            "channel": entry.channel,
            "purpose": entry.purpose,
            "state": entry.state.name.lower(),
            "did": [str(flag.name).lower() for flag in Flag if flag in entry.flags],
        }

    def _outcome(self, outcome: Outcome) -> dict[str, Any]:
        counted = {
            kind: {"times": len(outcome.ids.get(kind, ())), "value": float(value)}
            for kind, value in outcome.sums.items()
        }
        return {"run": self._run(outcome.run), "counted": counted}

    def _run(self, number: int) -> str:
        known = self._s.runs.get(number)
        return known[0].run if known else str(number)


def _addresses(profile: Profile) -> frozenset[str]:
    traits = {channel: profile.traits.get(name) for channel, name in ADDRESS_TRAITS.items()}
    # A spreadsheet makes a number of what is dialled.
    return frozenset(
        address_hash(channel, str(told)) for channel, told in traits.items() if isinstance(told, str | int)
    )


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "traits": {
            name: {"value": value, "at": _iso(profile.trait_times[name]) if name in profile.trait_times else None}
            for name, value in profile.traits.items()
        },
        "events": {
            key: {
                "first": _iso(history.first),
                "last": _iso(history.last),
                "count": history.count,
                "value": history.total / VALUE_SCALE,
                "times": [_iso(at) for at in history.times],
            }
            for key, history in profile.histories.items()
        },
        "consents": {channel: _consent(at) for channel, at in profile.consents.items()},
        "events_seen_lately": len(profile.seen),
    }


def _waiting(message: Waiting) -> dict[str, Any]:
    return {"run": message.run, "channel": message.channel, "traits": message.recipient.traits}


def _consent(at: int) -> dict[str, Any]:
    return {"given": at > 0, "at": _iso(abs(at))}


def _iso(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat()
