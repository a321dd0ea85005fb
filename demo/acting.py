"""Let the people answer through the real HTTP API, in the order of time."""

import base64
import http.client
import json
import re
import threading
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cli.stack import Stack
from demo.reactions import Act
from demo.shop import NEW_COURSE

_LINK: Final = re.compile(r"https?://\S+/c/[\w.\-]+")
_WAY_OUT: Final = re.compile(r"https?://\S+/u/[\w\-]+")
_PIXEL: Final = re.compile(r'src="(https?://[^"]+/o/[^"]+)"')
_PERSON: Final = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Mobile Safari/537.36 KAKAOTALK 11.0.0"
_AGENTS: Final = {"scan": "Barracuda Sentinel (EE)", "machine_open": "Mozilla/5.0"}
_BATCH: Final = 100
_WORKERS: Final = 3
_STEPS: Final = 24


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail as it was sent."""

    user_id: str
    text: str
    html: str


class Browser(threading.local):
    """One connection per thread to the local cloud, whatever name the API has there."""

    def __init__(self, endpoint: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)

    def request(self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> int:
        """Make one request; the status of the answer."""
        address = urlsplit(url)
        self._connection.request(method, address.path, body or None, {"host": address.netloc, **(headers or {})})
        answer = self._connection.getresponse()
        answer.read()
        return answer.status


def sent_mails(stack: Stack, since: float) -> dict[str, Mail]:
    """What SES of the local cloud took since a moment, by the person it went to."""
    with urllib.request.urlopen(f"{stack.settings.endpoint}/_ministack/ses/messages") as answer:  # noqa: S310 - loopback
        told: dict[str, Any] = json.load(answer)
    mails = [mail for messages in told["messages"].values() for mail in messages if mail["Timestamp"] >= since]
    by_address = {mail["To"][0]: mail for mail in mails}
    return {
        f"u-{address[1:6]}": Mail(f"u-{address[1:6]}", mail["BodyText"], mail["BodyHtml"])
        for address, mail in by_address.items()
    }


@dataclass(frozen=True, slots=True)
class Week:
    """The week after a send: when it was, and what moves the stack's clock through it."""

    stack: Stack
    sent_at: datetime
    clock_file: Path
    real_now: datetime

    def live(self, acts: Iterable[Act], mails: Mapping[str, Mail]) -> int:
        """Let everything happen; how many requests that took."""
        ordered = sorted(acts, key=lambda act: (act.hours, act.user_id, act.kind))
        key = json.loads(self.stack.parameters.secret("write-keys"))["app"]
        hand = _Hand(self, mails, base64.b64encode(f"{key}:".encode()).decode())
        total = 0
        with ThreadPoolExecutor(_WORKERS) as pool:
            for step, some in groupby(ordered, key=lambda act: int(act.hours * _STEPS / (24 * 7))):
                self.set_clock(timedelta(hours=(step + 1) * 24 * 7 / _STEPS))
                total += hand.perform(list(some), pool)
        return total

    def set_clock(self, after: timedelta) -> None:
        """Move the stack's clock to so long after the send."""
        offset = self.sent_at + after - self.real_now
        self.clock_file.write_text(str(int(offset.total_seconds())))


class _Hand:
    def __init__(self, week: Week, mails: Mapping[str, Mail], key: str) -> None:
        self._week = week
        self._mails = mails
        self._browser = Browser(week.stack.settings.endpoint)
        self._headers = {"authorization": f"Basic {key}", "content-type": "application/json"}

    def perform(self, acts: Sequence[Act], pool: ThreadPoolExecutor) -> int:
        told = [act for act in acts if act.kind in ("view", "buy")]
        batches = [told[n : n + _BATCH] for n in range(0, len(told), _BATCH)]
        jobs = [pool.submit(self._touch, act) for act in acts if act.kind not in ("view", "buy")]
        jobs += [pool.submit(self._tell, batch) for batch in batches]
        return sum(job.result() for job in jobs)

    def _touch(self, act: Act) -> int:
        mail = self._mails[act.user_id]
        agent = {"user-agent": _AGENTS.get(act.kind, _PERSON)}
        if act.kind == "opt_out":
            return self._ask("POST", _first(_WAY_OUT, mail.text), agent, (200,))
        if act.kind in ("open", "machine_open"):
            return self._ask("GET", _first(_PIXEL, mail.html), agent, (200,))
        return self._ask("GET", _first(_LINK, mail.text), agent, (302,))

    def _ask(self, method: str, url: str, headers: Mapping[str, str], expected: tuple[int, ...]) -> int:
        status = self._browser.request(method, url, headers=headers)
        if status not in expected:
            raise RuntimeError(f"{method} answered {status}")
        return 1

    def _tell(self, acts: Sequence[Act]) -> int:
        body = json.dumps({"batch": [self._event(act) for act in acts]}).encode()
        status = self._browser.request("POST", f"{self._week.stack.api_url}/v1/batch", body, self._headers)
        if status != 200:  # noqa: PLR2004 - HTTP's OK
            raise RuntimeError(f"/v1/batch answered {status}")
        return 1

    def _event(self, act: Act) -> dict[str, Any]:
        course = {"item_id": NEW_COURSE.item_id, "item_name": NEW_COURSE.name, "category": NEW_COURSE.category}
        bought = {"value": NEW_COURSE.price, "order_id": f"order-{act.user_id}"}
        return {
            "type": "track",
            "messageId": f"demo-{act.kind}-{act.user_id}",
            "userId": act.user_id,
            "event": "purchase" if act.kind == "buy" else "view_item",
            "timestamp": (self._week.sent_at + timedelta(hours=act.hours)).isoformat(),
            "properties": course | (bought if act.kind == "buy" else {}),
        }


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise RuntimeError("an e-mail lacks a link that it must have")
    return found[1] if pattern.groups else found[0]
