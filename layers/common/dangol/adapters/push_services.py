"""Calls to the push services of browsers: each at an address that a browser told, so to the public internet alone.

Services differ in what they speak, so it is HTTP/1.1 by the standard library, many calls in flight by threads, and
connections kept for each service. Nothing is called twice.
"""

import http.client
import ssl
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from dangol.adapters.kept_connections import KeptConnections, asked
from dangol.adapters.public_address import connected
from dangol.domain.errors import DoubtError, RejectedError, SendError
from dangol.domain.webhook import is_public
from dangol.ports import HttpAnswer, Post

_TIMEOUT: Final = 10.0
_IN_FLIGHT: Final = 32
# Bytes of an answer that are read.
_MOST: Final = 65_536
_WHOM: Final = "a push service"
_SCHEMES: Final = frozenset({"https"})


@cache
def _verified() -> ssl.SSLContext:
    """Certificates are looked at; read once, since that takes longer than a call."""
    return ssl.create_default_context()


class PushServices:
    """Posts to push services; kept for as long as the process lives."""

    def __init__(
        self,
        may: Callable[[str], bool] = is_public,
        *,
        schemes: frozenset[str] = _SCHEMES,
        context: Callable[[], ssl.SSLContext] = _verified,
        timeout: float = _TIMEOUT,
    ) -> None:
        self._may = may
        self._schemes = schemes
        self._context = context
        self._timeout = timeout
        self._threads = ThreadPoolExecutor(_IN_FLIGHT, thread_name_prefix="push")
        self._kept = KeptConnections()

    def post_all(self, posts: Sequence[Post]) -> Sequence[HttpAnswer | SendError]:
        """Post all of them, each once; for each, in order, the answer or why there is none.

        `UnavailableError` and `RejectedError` stand where it was certainly not taken, `DoubtError` where nobody knows.
        """
        return list(self._threads.map(self._post, posts))

    def close(self) -> None:
        """Give all connections up."""
        self._threads.shutdown()
        self._kept.close()

    def _post(self, post: Post) -> HttpAnswer | SendError:
        try:
            address = urlsplit(post.url)
            if address.scheme not in self._schemes or not address.hostname:
                return RejectedError(f"{_WHOM} is at no public address")
            origin = f"{address.scheme}://{address.netloc}"
            connection = self._kept.free(origin) or connected(address, _WHOM, self._timeout, self._may, self._context)
        except (ValueError, http.client.InvalidURL):
            return RejectedError(f"{_WHOM} is at no address")
        except SendError as error:
            return error
        try:
            answer = asked(connection, "POST", address, post.headers, post.body, _MOST)
        except (OSError, http.client.HTTPException):
            connection.close()
            return DoubtError(f"{_WHOM} did not answer")
        self._kept.keep(origin, connection)
        return answer
