"""What a server answered, in the port's words."""

import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from dangol.ports import HttpAnswer


def answer_of(status: int, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
    """An answer from its parts; the names of headers are in small letters."""
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    return HttpAnswer(status, said if isinstance(said, dict) else {}, _seconds(headers.get("retry-after", "")))


def _seconds(retry_after: str) -> float:
    """How long to wait: seconds, or until a date."""
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        return max(0.0, parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return 0.0
