"""The devices and browsers that pushes reach a person on, as they stand among their traits.

One trait holds all of a channel: a list of `{"token": …, "seen": …}`, `seen` in epoch seconds, 0 where nobody said. A
text that is told adds a device; a list tells all there are. An address is every token of a person, one a line.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

PUSH_TRAITS: Final[Mapping[str, str]] = {"push": "push_token", "web_push": "web_push"}
# How else the trait may be called where all devices are said at once.
OTHER_NAMES: Final[Mapping[str, str]] = {"push_tokens": "push_token"}
# So many are kept, those seen last: a hundred people's addresses have to fit one message of SQS's.
MOST: Final[Mapping[str, int]] = {"push": 10, "web_push": 5}
LONGEST: Final[Mapping[str, int]] = {"push": 512, "web_push": 1_500}
# Seconds. FCM lets tokens of Android go after 270 days without the app; who was not seen for longer is let go here too.
# https://firebase.google.com/docs/cloud-messaging/manage-tokens
STALE: Final = 270 * 86_400
_CHANNELS: Final = {trait: channel for channel, trait in PUSH_TRAITS.items()}


@dataclass(frozen=True, slots=True)
class Device:
    """A device or browser; `seen` is 0 where nobody said when."""

    token: str
    seen: int = 0


def is_device_trait(name: str) -> bool:
    """Whether a trait holds devices."""
    return name in _CHANNELS or name in OTHER_NAMES


def devices(channel: str, value: object) -> list[Device]:
    """The devices that a trait's value names, each once, those seen last first."""
    found: dict[str, Device] = {}
    for said in value if isinstance(value, list | tuple) else [value]:
        device = _device(channel, said)
        if device is not None:
            known = found.get(identity(device.token), device)
            found[identity(device.token)] = max(device, known, key=lambda each: each.seen)
    return sorted(found.values(), key=lambda each: (-each.seen, each.token))


def address(channel: str, value: object) -> str | None:
    """Every token in one text, one a line; None without any."""
    return "\n".join(sorted(device.token for device in devices(channel, value))) or None


def tokens(joined: str) -> list[str]:
    """The tokens of an address."""
    return [line for line in joined.split("\n") if line]


def identity(token: str) -> str:
    """What two words about one device have in common: of a browser's subscription the endpoint, else the token."""
    said = _subscription(token) if token.startswith("{") else None
    return str(said["endpoint"]) if said else token


def state(traits: dict[str, Any], times: dict[str, int], name: str, value: object, at: int) -> None:
    """Take over what is said of a trait of devices as of `at`: one more, all of them, or (None) that there are none.

    What is older than the last word on all of them changes nothing.
    """
    trait = OTHER_NAMES.get(name, name)
    if at < times.get(trait, at):
        return
    if value is None or isinstance(value, list | tuple):
        times[trait] = at
        before: list[Device] = []
    else:
        before = devices(_CHANNELS[trait], traits.get(trait))
    said = [Device(device.token, device.seen or at) for device in devices(_CHANNELS[trait], value)]
    _keep(traits, trait, [*before, *said], at)


def join(traits: dict[str, Any], name: str, others: object) -> None:
    """Add the devices that somebody else's trait names: they turned out to be the same person."""
    theirs = devices(_CHANNELS[name], others)
    if theirs:
        _keep(traits, name, [*devices(_CHANNELS[name], traits.get(name)), *theirs], 0)


def drop(traits: dict[str, Any], channel: str, gone: Iterable[str], at: int) -> bool:
    """Take devices away that are gone as of `at`; whether there was one. Who was seen again since stays."""
    trait, dead = PUSH_TRAITS[channel], set(gone)
    before = devices(channel, traits.get(trait))
    left = [device for device in before if identity(device.token) not in dead or device.seen > at]
    if len(left) == len(before):
        return False
    _keep(traits, trait, left, 0)
    return True


def _keep(traits: dict[str, Any], trait: str, told: list[Device], now: int) -> None:
    channel = _CHANNELS[trait]
    known = devices(channel, [{"token": device.token, "seen": device.seen} for device in told])
    kept = [d for d in known if not d.seen or d.seen > now - STALE][: MOST[channel]]
    traits.pop(trait, None)
    if kept:
        traits[trait] = [{"token": device.token, "seen": device.seen} for device in kept]


def _device(channel: str, said: object) -> Device | None:
    seen = 0
    if isinstance(said, Mapping) and "token" in said:
        when, said = said.get("seen"), said["token"]
        seen = int(when) if isinstance(when, int | float) else 0
    if isinstance(said, Mapping):
        said = json.dumps(dict(said))
    if not isinstance(said, str):
        return None
    token = said.strip()
    if channel == "web_push" and token.startswith("{"):
        found = _subscription(token)
        token = json.dumps(found, separators=(",", ":"), sort_keys=True) if found else ""
    # White space parts the tokens of an address.
    fits = token and len(token.encode(errors="replace")) <= LONGEST[channel] and not any(map(str.isspace, token))
    return Device(token, seen) if fits else None


def _subscription(text: str) -> dict[str, Any] | None:
    """A browser's subscription as the browser writes it, without what no push needs."""
    try:
        said = json.loads(text)
        keys = said["keys"]
        return {
            "endpoint": str(said["endpoint"]),
            "keys": {"auth": str(keys["auth"]), "p256dh": str(keys["p256dh"])},
        }
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
