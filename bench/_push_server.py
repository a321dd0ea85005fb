"""The fake of FCM as a process: says where it is in one line, and ends with its standard input."""

import json
import sys
from typing import Any

from tests.fakes.providers import fcm
from tests.fakes.providers.http2_server import certificate
from tests.fakes.providers.server import Call


class BenchFcm(fcm.FakeFcm):
    """Answers what is no push of ours as well, so that another client may be measured beside."""

    def answer(self, call: Call) -> tuple[int, Any, dict[str, str]]:
        """Forget what came; a bench needs none of it."""
        self.calls.clear()
        return (200, {"name": "projects/x/messages/1"}, {}) if call.path == "/echo" else super().answer(call)


def main() -> None:
    """Serve until nobody wants it any more."""
    with BenchFcm(delay=float(sys.argv[1])) as server:
        told = {"url": server.url, "account": fcm.account(server.url), "certificate": certificate()[0].decode()}
        print(json.dumps(told), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
