"""When something happened, in the ways files say it."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from cli.reading.rows import CellError, shown
from cli.reading.values import text_of
from dangol.domain.errors import DefinitionError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER: Final = re.compile(r"-?\d{1,17}(\.\d{1,9})?", re.ASCII)
# As seconds the year 5138, as milliseconds March 1973: neither is a customer's event.
_MILLISECONDS_FROM: Final = 100_000_000_000
_ISO: Final = "iso"
_PER_SECOND: Final = {"unix": 1, "unix_ms": 1_000}
_LENGTH_OF_A_DATE: Final = 8


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """How a file writes times: `unix`, `unix_ms`, `iso` or a strptime pattern; `zone` where none is said."""

    pattern: str
    zone: tzinfo

    @classmethod
    def parse(cls, pattern: str, timezone: str) -> "TimeFormat":
        """Read --time-format and --timezone. Raises `DefinitionError`."""
        if timezone not in available_timezones():
            close = get_close_matches(timezone, available_timezones(), n=1)
            hint = f"did you mean {close[0]}?" if close else "write it like Asia/Seoul"
            raise DefinitionError(f"{timezone!r} is not a time zone", field="--timezone", hint=hint)
        if pattern not in {_ISO, *_PER_SECOND} and "%" not in pattern:
            raise DefinitionError(
                f"{pattern!r} is not a way to write times",
                field="--time-format",
                hint="use iso, unix, unix_ms or a pattern like '%Y.%m.%d %H:%M'",
            )
        return cls(pattern, UTC if timezone == "UTC" else ZoneInfo(timezone))

    def read(self, value: object, column: str) -> datetime:
        """Read a time, in UTC. Raises `CellError`."""
        text = text_of(value)
        if not text:
            raise CellError(column, "is empty")
        try:
            if self.pattern in _PER_SECOND:
                return self._counted(text, column)
            return self._written(text, column).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            if isinstance(error, CellError):
                raise
            raise CellError(column, self._problem(text)) from error

    def _counted(self, text: str, column: str) -> datetime:
        if not _NUMBER.fullmatch(text):
            raise CellError(column, f"{shown(text)} is not a Unix time")
        count = float(text) if "." in text else int(text)
        if count <= 0:
            raise CellError(column, f"{text} stands for no time")
        if (count >= _MILLISECONDS_FROM) != (self.pattern == "unix_ms"):
            other = "unix" if self.pattern == "unix_ms" else "unix_ms"
            raise CellError(column, f"{text} looks like --time-format {other}")
        if self.pattern == "unix_ms":
            return _EPOCH + timedelta(milliseconds=count)
        return _EPOCH + timedelta(seconds=count)

    def _written(self, text: str, column: str) -> datetime:
        if self.pattern != _ISO:
            # A pattern without %z is a local time, which gets its zone in the next line.
            at = datetime.strptime(text, self.pattern)  # noqa: DTZ007
        elif text.isdigit() and len(text) != _LENGTH_OF_A_DATE:
            # fromisoformat would read some Unix times as dates of the year 1611.
            raise CellError(column, f"{shown(text)} looks like --time-format unix or unix_ms")
        else:
            at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=self.zone)

    def _problem(self, text: str) -> str:
        if self.pattern == _ISO:
            return (
                f"{shown(text)} is not an ISO time like 2026-12-01T10:00: "
                "tell its form, as in --time-format '%Y.%m.%d %H:%M'"
            )
        return f"{shown(text)} is not a time in the form {self.pattern}"
