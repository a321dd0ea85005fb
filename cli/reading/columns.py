"""Which column says what: the options of `dangol import`, read into one frozen mapping per kind."""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from cli.reading.times import TimeFormat
from cli.reading.values import MAX_NAME, YesColumn
from dangol.domain.errors import DefinitionError
from dangol.domain.project import CHANNELS

_DEFAULT_ZONE: Final = "Asia/Seoul"
_PROFILE_TARGETS: Final = ("user_id",)
_EVENT_TARGETS: Final = ("user_id", "event", "time", "value", "id")


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """The options of `dangol import profiles`, as typed."""

    maps: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    consents: tuple[str, ...] = ()
    row_number: bool = False
    consented_at: str | None = None
    night: str | None = None
    ip: str | None = None
    time_format: str = "iso"
    timezone: str = _DEFAULT_ZONE


@dataclass(frozen=True, slots=True)
class EventOptions:
    """The options of `dangol import events`, as typed."""

    maps: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    event: str | None = None
    time_format: str = "iso"
    timezone: str = _DEFAULT_ZONE


@dataclass(frozen=True, slots=True)
class ProfileMapping:
    """Where a profile's parts stand; without `user_id` the row's number is the id.

    `traits` is None where every other column is a trait; a consent without a column is everybody's.
    """

    user_id: str | None
    traits: Mapping[str, str] | None
    consents: Mapping[str, YesColumn | None]
    consented_at: str | None
    night: YesColumn | None
    times: TimeFormat
    ip: str | None = None

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is named, with the option that names it."""
        yield from _named("--map", (self.user_id,))
        yield from _named("--trait", (self.traits or {}).values())
        yield from _named("--consent", (c.column for c in self.consents.values() if c))
        yield from _named("--consented-at", (self.consented_at,))
        yield from _named("--night", (self.night.column if self.night else None,))
        yield from _named("--ip", (self.ip,))


@dataclass(frozen=True, slots=True)
class EventMapping:
    """Where an event's parts stand; `name` is the event of every row where no column says it.

    `properties` is None where every other column is a property.
    """

    user_id: str
    event: str | None
    name: str | None
    time: str
    value: str | None
    id: str | None
    properties: Mapping[str, str] | None
    times: TimeFormat

    def columns(self) -> Iterator[tuple[str, str]]:
        """Every column that is named, with the option that names it."""
        yield from _named("--map", (self.user_id, self.event, self.time, self.value, self.id))
        yield from _named("--property", (self.properties or {}).values())


def profile_mapping(options: ProfileOptions) -> ProfileMapping:
    """Read the options. Raises `DefinitionError`."""
    targets = _targets(options.maps, _PROFILE_TARGETS)
    user_id = targets.get("user_id")
    if (user_id is not None) == options.row_number:
        raise DefinitionError("who is who?", field="--map", hint="give either --map user_id=COLUMN or --row-number")
    return ProfileMapping(
        user_id=user_id,
        traits=_names(options.traits, "--trait"),
        consents=_consents(options.consents),
        consented_at=_normal(options.consented_at) if options.consented_at else None,
        night=_yes_column(options.night) if options.night else None,
        times=TimeFormat.parse(options.time_format, options.timezone),
        ip=_normal(options.ip) if options.ip else None,
    )


def event_mapping(options: EventOptions) -> EventMapping:
    """Read the options. Raises `DefinitionError`."""
    targets = _targets(options.maps, _EVENT_TARGETS)
    for needed in ("user_id", "time"):
        if needed not in targets:
            raise DefinitionError(f"no column for {needed}", field="--map", hint=f"add --map {needed}=COLUMN")
    if ("event" in targets) == (options.event is not None):
        raise DefinitionError(
            "which event is it?",
            field="--event",
            hint="give either --map event=COLUMN or --event NAME",
        )
    return EventMapping(
        user_id=targets["user_id"],
        event=targets.get("event"),
        name=None if options.event is None else _event_name(options.event),
        time=targets["time"],
        value=targets.get("value"),
        id=targets.get("id"),
        properties=_names(options.properties, "--property"),
        times=TimeFormat.parse(options.time_format, options.timezone),
    )


def _targets(options: Iterable[str], allowed: tuple[str, ...]) -> dict[str, str]:
    targets = _pairs(options, "--map")
    for target in targets:
        if target not in allowed:
            close = get_close_matches(target, allowed, n=1)
            meant = f"did you mean {close[0]}? " if close else ""
            hint = f"{meant}it takes {', '.join(allowed)}"
            raise DefinitionError(f"nothing is called {target!r}", field="--map", hint=hint)
    return targets


def _names(options: Iterable[str], option: str) -> Mapping[str, str] | None:
    names = _pairs(options, option)
    for name in names:
        if len(name) > MAX_NAME:
            raise DefinitionError(f"a name longer than {MAX_NAME} characters", field=option)
    return names or None


def _pairs(options: Iterable[str], option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in options:
        name, sign, column = (_normal(part) for part in text.partition("="))
        if not (name and sign and column):
            raise DefinitionError(
                f"{text!r} is not NAME=COLUMN", field=option, hint=f"write it like {option} name=이름"
            )
        if name in pairs:
            raise DefinitionError(f"{name!r} is given twice", field=option)
        pairs[name] = column
    return pairs


def _consents(options: Iterable[str]) -> Mapping[str, YesColumn | None]:
    consents: dict[str, YesColumn | None] = {}
    for channel, column in map(_consent, options):
        if channel in consents:
            raise DefinitionError(f"{channel!r} is given twice", field="--consent")
        consents[channel] = column
    return consents


def _consent(text: str) -> tuple[str, YesColumn | None]:
    channel, sign, column = (_normal(part) for part in text.partition("="))
    if channel not in CHANNELS:
        hint = f"it takes {', '.join(CHANNELS)}; consent to messages at night is --night COLUMN"
        raise DefinitionError(f"{channel!r} is not a channel", field="--consent", hint=hint)
    if sign and not column:
        raise DefinitionError(f"{text!r} names no column", field="--consent", hint=f"write {channel}=COLUMN:YES")
    return channel, _yes_column(column) if column else None


def _yes_column(text: str) -> YesColumn:
    column, sign, yes = (_normal(part) for part in text.rpartition(":"))
    return YesColumn(column, yes) if sign and column and yes else YesColumn(yes or column)


def _event_name(text: str) -> str:
    name = _normal(text)
    if not name or len(name) > MAX_NAME:
        raise DefinitionError(f"an event's name has 1 to {MAX_NAME} characters", field="--event")
    return name


def _named(option: str, columns: Iterable[str | None]) -> Iterator[tuple[str, str]]:
    yield from ((option, column) for column in columns if column is not None)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip())
