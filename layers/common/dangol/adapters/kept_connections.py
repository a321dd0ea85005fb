"""HTTP/1.1 by the standard library over connections that are kept and used again, by any number of threads."""

import http.client
import select
import time
from collections import defaultdict
from collections.abc import Mapping
from threading import Lock
from typing import Final
from urllib.parse import SplitResult

from dangol.adapters.answers import answer_of
from dangol.ports import HttpAnswer

# Seconds after which nobody knows whether a connection that was not used is still there.
_IDLE: Final = 20.0
# Bytes of an answer that are read; no provider says as much.
_MOST: Final = 8 * 1024 * 1024


class KeptConnections:
    """Connections that nobody uses at the moment, by where they lead."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[str, list[tuple[float, http.client.HTTPConnection]]] = defaultdict(list)

    def free(self, origin: str) -> http.client.HTTPConnection | None:
        """A connection that is still there; nobody else gets it before it is kept again."""
        while True:
            with self._lock:
                if not self._kept[origin]:
                    return None
                used, connection = self._kept[origin].pop()
            # Whoever says something unasked says goodbye.
            if time.monotonic() - used < _IDLE and not select.select([connection.sock], [], [], 0)[0]:
                return connection
            connection.close()

    def keep(self, origin: str, connection: http.client.HTTPConnection) -> None:
        """Keep a connection, unless its last answer ended it."""
        if connection.sock is not None:
            with self._lock:
                self._kept[origin].append((time.monotonic(), connection))

    def close(self) -> None:
        """Give all of them up."""
        for kept in self._kept.values():
            while kept:
                kept.pop()[1].close()


def asked(
    connection: http.client.HTTPConnection,
    method: str,
    address: SplitResult,
    headers: Mapping[str, str],
    body: bytes | None = None,
    most: int = _MOST,
) -> HttpAnswer:
    """One call and its answer.

    Raises:
        OSError: it was cut off; so does `http.client.HTTPException`.
    """
    path = f"{address.path or '/'}{'?' + address.query if address.query else ''}"
    connection.request(method, path, body=body, headers={"host": address.netloc, **headers})
    answer = connection.getresponse()
    said = answer.read(most)
    if answer.length:
        # Nobody who says so much is asked again on it.
        connection.close()
    return answer_of(answer.status, {name.lower(): value for name, value in answer.getheaders()}, said)
