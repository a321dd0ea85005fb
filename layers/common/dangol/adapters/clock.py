"""The one clock; on a local stack a file moves it."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path


class SystemClock:
    """The system's clock, moved by the seconds that `offset_file` holds (a local stack alone has one)."""

    def __init__(self, offset_file: str = "") -> None:
        self._file = Path(offset_file) if offset_file else None

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return datetime.fromtimestamp(time.time(), tz=UTC) + self._offset()

    def seconds(self) -> float:
        """Real epoch seconds, which no test moves."""
        return time.time()

    def wait_until(self, seconds: float) -> None:
        """Return when `seconds` has come; a hand-over is paced, not polled."""
        left = seconds - time.time()
        if left > 0:
            time.sleep(left)  # noqa: TID251 - pacing within one function call is what this is for

    def _offset(self) -> timedelta:
        if self._file is None or not self._file.exists():
            return timedelta(0)
        return timedelta(seconds=int(self._file.read_text().strip() or "0"))
