"""What the opt-out page is asked, and what it answers. Standard library alone: `track` starts with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Final
from urllib.parse import parse_qs

# What a person may choose between: at most one advertising message in so many days; 0 is as often as it comes.
PACES: Final = (0, 1, 7, 30)
NIGHT: Final = "night"
# Raise it when the pages' words change: evidence names the wording that was agreed to.
WORDING: Final = "opt-out-page-1"


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand for the person of a link.

    `channel` is that of the message the link came with, None where nobody knows any more; `consents` has it, and
    every channel on which the person ever said anything.
    """

    sender: str
    zone: tzinfo
    channel: str | None
    consents: Mapping[str, bool]
    night: bool = False
    pace: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to be otherwise: consent by channel, at night, and a pace."""

    consents: Mapping[str, bool] = field(default_factory=dict)
    night: bool | None = None
    pace: int | None = None

    def __bool__(self) -> bool:
        return bool(self.consents) or self.night is not None or self.pace is not None


@dataclass(frozen=True, slots=True)
class Asked:
    """One POST: `one_click` by a mail program, or `out`, `back` or `save` on the page."""

    action: str
    fields: Mapping[str, list[str]]

    def wish(self, standing: Standing) -> Wish:
        """What the person wants; everything that is not understood means out."""
        channel, known = standing.channel, standing.consents
        if self.action == "back":
            return Wish({channel: True}) if channel else Wish()
        if self.action != "save":
            # Where it is not known which message the link came with, all of them were meant.
            return Wish({channel: False} if channel else dict.fromkeys(known, False))
        shown, wanted = self.fields.get("shown", []), self.fields.get("want", [])
        paces = [days for days in PACES if [str(days)] == self.fields.get("pace")]
        night = NIGHT in wanted
        return Wish(
            # A box that was left as it was says nothing.
            consents={name: name in wanted for name in shown if name in known and known[name] != (name in wanted)},
            night=night if NIGHT in shown and night != standing.night else None,
            pace=paces[0] if paces else None,
        )


def asked(content_type: str, body: bytes) -> Asked:
    """Read a POST; a mail program's may come as either kind of form (RFC 8058, section 3.2)."""
    if content_type.lower().startswith("multipart/"):
        return Asked("one_click" if b"One-Click" in body else "out", {})
    try:
        fields = parse_qs(body.decode(), max_num_fields=64)
    except ValueError:
        return Asked("out", {})
    if fields.get("List-Unsubscribe") == ["One-Click"]:
        return Asked("one_click", {})
    action = fields.get("action", ["out"])[0]
    return Asked(action if action in ("back", "save") else "out", fields)


def evidence(wish: Wish, method: str, at: datetime) -> dict[str, object]:
    """What changed, in the shape of `contracts.Consented`, without who and where."""
    milliseconds = int(at.timestamp() * 1000)
    return {
        "kind": "consent",
        "at": milliseconds,
        "received_at": milliseconds,
        "consents": dict(wish.consents),
        "night": wish.night,
        "pace": wish.pace,
        "method": method,
        "source": "opt-out page",
        "wording": WORDING,
    }
