"""CloudWatch Logs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any


class CloudWatchLog:
    """The log of one function."""

    def __init__(self, client: Any, group: str) -> None:  # noqa: ANN401 - no stubs of this service are installed
        self._client = client
        self._group = group

    def lines(self, words: str, since: datetime | None) -> Iterator[str]:
        """Every line with these words in it, from `since` on, or all that are kept."""
        start = {"startTime": int(since.timestamp() * 1000)} if since else {}
        asked = {"logGroupName": self._group, "filterPattern": f'"{words}"', **start}
        for page in self._client.get_paginator("filter_log_events").paginate(**asked):
            for event in page["events"]:
                yield from event["message"].splitlines()
