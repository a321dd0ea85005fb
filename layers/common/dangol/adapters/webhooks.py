"""Webhooks by the standard library: to the address that was looked at, and to no other."""

import http.client
import socket
import ssl
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from dangol.domain.webhook import headers, is_public
from dangol.ports import Delivery

_TIMEOUT: Final = 5.0
_PORTS: Final = {"https": 443, "http": 80}
# Asks for another try; everything else but success is for good.
_LATER: Final = frozenset({408, 425, 429})
_SERVER_ERROR: Final = 500
_OK: Final = range(200, 300)


class SignedWebhooks:
    """Delivers webhooks, signed with the secrets of that moment."""

    def __init__(self, secrets: Callable[[], str]) -> None:
        self._secrets = secrets

    def deliver(self, url: str, hook_id: str, body: bytes, at: datetime) -> Delivery:
        """Post `body`, signed as of `at`; redirects are not followed.

        What a name leads to is looked up once, all of it has to be public, and the call goes to just that.
        """
        address = urlsplit(url)
        try:
            found = self._looked_up(address)
        except OSError:
            return Delivery.LATER
        if not found or not all(map(is_public, found)):
            return Delivery.REFUSED
        signed = headers(hook_id, at, body, self._secrets())
        try:
            status = self._post(address, found[0], body, signed)
        except (OSError, http.client.HTTPException):
            return Delivery.LATER
        if status in _OK:
            return Delivery.TAKEN
        return Delivery.LATER if status in _LATER or status >= _SERVER_ERROR else Delivery.REFUSED

    def _looked_up(self, address: SplitResult) -> list[str]:
        port = address.port or _PORTS[address.scheme]
        return [str(found[4][0]) for found in socket.getaddrinfo(address.hostname, port, type=socket.SOCK_STREAM)]

    def _post(self, address: SplitResult, ip: str, body: bytes, signed: dict[str, str]) -> int:
        host, port = address.hostname or "", address.port or _PORTS[address.scheme]
        connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
        connection.sock = socket.create_connection((ip, port), timeout=_TIMEOUT)
        try:
            if address.scheme == "https":
                # The certificate is the name's, whatever address it leads to.
                connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
            path = f"{address.path or '/'}{'?' + address.query if address.query else ''}"
            told = {"content-type": "application/json", "user-agent": "dangol", "host": address.netloc, **signed}
            connection.request("POST", path, body=body, headers=told)
            return connection.getresponse().status
        finally:
            connection.close()
