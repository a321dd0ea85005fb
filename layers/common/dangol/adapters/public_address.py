"""Connections to whoever an address from outside names: to the public internet alone, to what was looked at."""

import http.client
import socket
import ssl
from collections.abc import Callable
from typing import Final
from urllib.parse import SplitResult

from dangol.domain.errors import RejectedError, UnavailableError

_PORTS: Final = {"https": 443, "http": 80}


def connected(
    address: SplitResult,
    whom: str,
    timeout: float,
    may: Callable[[str], bool],
    context: Callable[[], ssl.SSLContext],
) -> http.client.HTTPConnection:
    """A connection to `whom`; the name is looked up once, `may` be gone to in all it leads to, and gone to as it is.

    Raises:
        RejectedError: not all that the name leads to is public.
        UnavailableError: nobody could be reached there.
    """
    host, port = address.hostname or "", address.port or _PORTS[address.scheme]
    try:
        found = [str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise UnavailableError(f"the name of {whom} leads nowhere") from error
    if not found or not all(map(may, found)):
        raise RejectedError(f"{whom} is at no public address")
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    # It would connect again by itself, to wherever the name leads by then.
    connection.auto_open = 0
    try:
        connection.sock = socket.create_connection((found[0], port), timeout=timeout)
        if address.scheme == "https":
            # The certificate is the name's, whatever address it leads to.
            connection.sock = context().wrap_socket(connection.sock, server_hostname=host)
    except OSError as error:
        connection.close()
        raise UnavailableError(f"{whom} cannot be reached") from error
    return connection
