"""The keys of a stack that rotate: those that sign links, and the write keys of each source of events."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from dangol.adapters.sealing import public_key
from dangol.domain.campaign import SLUG
from dangol.domain.errors import ConflictError, InputError, NotFoundError
from dangol.domain.keyring import HANDOVER, Keyring, source_rings

LINK_KEYS: Final = "link-keys"
WRITE_KEYS: Final = "write-keys"
PUSH_KEY: Final = "web-push-key"
_BYTES: Final = 32
_TRIES: Final = 5


class Parameters(Protocol):
    """The stack's secrets, each with the number of its version."""

    def secret(self, name: str) -> str:
        """The value of a parameter. Raises `NotFoundError`."""
        ...

    def versioned(self, name: str, version: int | None = None) -> tuple[str, int]:
        """The value of a parameter and its version; the latest, or an older one."""
        ...

    def replace(self, name: str, value: str) -> int:
        """Store another value; the version it became."""
        ...


def listed(parameters: Parameters) -> list[dict[str, Any]]:
    """Every key without its secret: id, use, source, whether it is current, and since when."""
    link = _described(Keyring.of(json.loads(parameters.versioned(LINK_KEYS)[0])), None)
    rings = source_rings(parameters.versioned(WRITE_KEYS)[0])
    return link + [key for source, ring in sorted(rings.items()) for key in _described(ring, source)]


def rotate_link_key(parameters: Parameters, at: int) -> dict[str, Any]:
    """Make a key that signs links from two minutes on; links signed with others go on being good."""
    key = base64.b64encode(secrets.token_bytes(_BYTES)).decode()
    ring = Keyring.of(_changed(parameters, LINK_KEYS, lambda old: Keyring.of(old).rotated(key, at).stored()))
    return {"id": str(ring.current), "use": "link", "source": None, "current_from": ring.since + HANDOVER}


def rotate_write_key(parameters: Parameters, source: str, at: int) -> dict[str, Any]:
    """Make a key for a source of events, or its first one; its others go on being good.

    Raises:
        InputError: the source's name is none.
    """
    if not SLUG.fullmatch(source):
        raise InputError(f"{source!r} is no name: letters, digits, _ . -, at most 40", field="--source")
    key = secrets.token_urlsafe(_BYTES)

    def rotated(old: dict[str, Any]) -> dict[str, Any]:
        ring = Keyring.of(old[source]).rotated(key, at) if source in old else Keyring(1, {1: key}, at)
        return {**old, source: ring.stored()}

    ring = Keyring.of(_changed(parameters, WRITE_KEYS, rotated)[source])
    return {"id": f"{source}/{ring.current}", "use": "write", "source": source, "current_from": ring.since}


def retire(parameters: Parameters, key_id: str) -> dict[str, Any]:
    """Make a key be refused from five minutes on at the latest; `1` is a link key, `app/1` a write key of `app`.

    Raises:
        NotFoundError: there is no such key.
        InputError: it is in use, or no id.
    """
    source, slash, number = key_id.rpartition("/")
    if not number.isascii() or not number.isdecimal():
        raise InputError(f"{key_id!r} is no key id; dangol keys list shows them", field="ID")

    def retired(old: dict[str, Any]) -> dict[str, Any]:
        if not slash:
            return Keyring.of(old).retired(int(number)).stored()
        if source not in old:
            raise NotFoundError(f"there is no source {source}; there are {', '.join(sorted(old))}")
        return {**old, source: Keyring.of(old[source]).retired(int(number)).stored()}

    _changed(parameters, WRITE_KEYS if slash else LINK_KEYS, retired)
    return {"id": key_id, "use": "write" if slash else "link", "source": source or None}


def write_key(parameters: Parameters, source: str) -> str:
    """The current write key of a source, for the app that is to send with it.

    Raises:
        NotFoundError: there is no such source.
    """
    rings = source_rings(parameters.versioned(WRITE_KEYS)[0])
    if source not in rings:
        raise NotFoundError(f"there is no source {source}; there are {', '.join(sorted(rings))}")
    return rings[source].keys[rings[source].current]


def push_key(parameters: Parameters) -> str:
    """The public key that browsers subscribe to web pushes with.

    Raises:
        NotFoundError: `dangol apply` has not made one yet.
    """
    return public_key(parameters.secret(PUSH_KEY))


def _described(ring: Keyring, source: str | None) -> list[dict[str, Any]]:
    use = "write" if source else "link"
    return [
        {
            "id": f"{source}/{key_id}" if source else str(key_id),
            "use": use,
            "source": source,
            "current": key_id == ring.current,
            "since": ring.since or None if key_id == ring.current else None,
        }
        for key_id in sorted(ring.keys)
    ]


def _changed(
    parameters: Parameters, name: str, change: Callable[[dict[str, Any]], Mapping[str, Any]]
) -> dict[str, Any]:
    """Change a parameter; where somebody else did so meanwhile, on top of what they wrote.

    The parameter store has no conditional write, and a key that is overwritten would take its links with it.

    Raises:
        ConflictError: others kept writing.
    """
    value, seen = parameters.versioned(name)
    for _ in range(_TRIES):
        wanted = dict(change(json.loads(value)))
        version = parameters.replace(name, json.dumps(wanted))
        if version == seen + 1:
            return wanted
        value, seen = parameters.versioned(name, version - 1)[0], version
    raise ConflictError(f"{name} is being changed by somebody else: try again")
