"""One provider's HTTP API: connections kept and used again, with timeouts.

No call that could be taken twice is made again here.
"""

import http.client
import json
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, Final
from urllib.parse import urlsplit

from dangol.adapters.kept_connections import KeptConnections, asked
from dangol.domain.errors import DoubtError, UnavailableError
from dangol.ports import HttpAnswer

# Seconds. A provider that takes longer than this to answer is in doubt; the chunk's lease is longer.
_TIMEOUT: Final = 15.0
_CONNECTING: Final = 3.0


class ProviderHttp:
    """Calls below one address; kept for as long as the process lives."""

    def __init__(self, base_url: str, timeout: float = _TIMEOUT) -> None:
        self._base = urlsplit(base_url)
        self._timeout = timeout
        self._connections = KeptConnections()

    def post(self, path: str, content: Mapping[str, Any], headers: Mapping[str, str]) -> HttpAnswer:
        """Post JSON.

        Raises:
            UnavailableError: no connection was made, so nothing was taken.
            DoubtError: the call was cut off.
        """
        body = json.dumps(content, ensure_ascii=False).encode()
        return self._call("POST", path, {"content-type": "application/json", **headers}, body)

    def get(self, path: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Ask for JSON.

        Raises:
            UnavailableError: no connection was made.
            DoubtError: the answer did not come.
        """
        return self._call("GET", path, headers, None)

    def close(self) -> None:
        """Give the connections up."""
        self._connections.close()

    def _call(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> HttpAnswer:
        base = self._base
        address = urlsplit(f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}{path}")
        connection = self._connections.free(base.netloc) or self._connected()
        try:
            answer = asked(connection, method, address, {"accept": "application/json", **headers}, body)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # The message of the error may hold the address.
            raise DoubtError(f"{base.hostname} did not answer") from error
        self._connections.keep(base.netloc, connection)
        return answer

    def _connected(self) -> http.client.HTTPConnection:
        try:
            try:
                return self._connect()
            except ConnectionError:
                # Once more: of a connection that was never made nobody took anything.
                return self._connect()
        except OSError as error:
            raise UnavailableError(f"{self._base.hostname} cannot be reached") from error

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._base.hostname or "", self._base.port
        if self._base.scheme == "https":
            made: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=_CONNECTING, context=_verified()
            )
        else:
            made = http.client.HTTPConnection(host, port, timeout=_CONNECTING)
        made.connect()
        made.sock.settimeout(self._timeout)
        return made


@cache
def _verified() -> ssl.SSLContext:
    """Certificates are looked at; read once, since that takes longer than a call."""
    return ssl.create_default_context()
