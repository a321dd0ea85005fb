"""One HTTP/2 connection by `h2`, over a socket of the standard library: https with a certificate that is verified."""

import logging
import select
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event, RemoteSettingsChanged
from h2.exceptions import ProtocolError

_CONNECTING: Final = 3.0
_PORTS: Final = {"https": 443, "http": 80}
_CHUNK: Final = 65_536
# Google takes 100 at once, others more.
_AT_ONCE: Final = 500
_GO_AWAY: Final = 0x7
_HEAD: Final = 9
# Seconds after which nobody knows whether a connection that was not used is still there.
_IDLE: Final = 20.0
_ROOM: Final = 2**24

# It tells of every header, and one of them is a key.
logging.getLogger("hpack").setLevel(logging.WARNING)


class LostError(Exception):
    """The connection broke, or was closed."""


class Connection:
    """A connection, with what came of it; not for two threads at once."""

    def __init__(self, origin: str, context: Callable[[], ssl.SSLContext]) -> None:
        """Connect. Raises `OSError` where nobody can be reached there."""
        at = urlsplit(origin)
        self.authority, self.scheme = at.netloc, at.scheme
        address = (at.hostname or "", at.port or _PORTS[at.scheme])
        self.sock = socket.create_connection(address, timeout=_CONNECTING)
        if at.scheme == "https":
            self.sock = _secured(self.sock, context(), address[0])
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.h2 = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.h2.increment_flow_control_window(_ROOM)
        # The last call that the server says it will answer; None while it takes more.
        self.last: int | None = None
        self.used = time.monotonic()
        self._came = b""
        try:
            self._greet()
        except LostError as error:
            self.sock.close()
            raise ConnectionError("the server speaks no HTTP/2") from error

    def _greet(self) -> None:
        """Wait for the server's settings: they say how many calls it takes at once. Raises `LostError`."""
        self.flush()
        until = time.monotonic() + _CONNECTING
        while (left := until - time.monotonic()) > 0:
            if any(isinstance(event, RemoteSettingsChanged) for event in self.events(left)):
                return
        raise LostError

    @property
    def at_once(self) -> int:
        """How many calls the server takes at once."""
        return min(_AT_ONCE, self.h2.remote_settings.max_concurrent_streams)

    @property
    def usable(self) -> bool:
        """Whether another call may be made: the server is still there, and takes more."""
        if time.monotonic() - self.used > _IDLE:
            return False
        try:
            while select.select([self.sock], [], [], 0)[0]:
                self.sock.settimeout(0)
                self.take_in(self.sock.recv(_CHUNK))
        except (BlockingIOError, ssl.SSLWantReadError):
            pass
        except (OSError, LostError):
            return False
        return self.last is None

    def flush(self) -> None:
        """Send what is to be sent. Raises `LostError`."""
        try:
            if said := self.h2.data_to_send():
                self.sock.settimeout(_CONNECTING)
                self.sock.sendall(said)
        except OSError as error:
            raise LostError from error
        self.used = time.monotonic()

    def events(self, seconds: float) -> Sequence[Event]:
        """What comes within so many seconds, nothing where that is nothing. Raises `LostError`."""
        self.sock.settimeout(max(seconds, 0.001))
        try:
            return self.take_in(self.sock.recv(_CHUNK))
        except (TimeoutError, ssl.SSLWantReadError):
            return ()
        except OSError as error:
            raise LostError from error

    def take_in(self, came: bytes) -> Sequence[Event]:
        """What some bytes say. Raises `LostError` where they are none, or no HTTP/2."""
        if not came:
            raise LostError
        try:
            return self.h2.receive_data(self._without_goodbye(came))
        except ProtocolError as error:
            raise LostError from error

    def close(self) -> None:
        """Close it."""
        self.sock.close()

    def _without_goodbye(self, came: bytes) -> bytes:
        """The whole frames of what came, without GOAWAY.

        `h2` forgets all calls in flight with it, though the server goes on answering those that it names.
        """
        self._came += came
        kept, at = [], 0
        while len(self._came) - at >= _HEAD:
            end = at + _HEAD + int.from_bytes(self._came[at : at + 3])
            if len(self._came) < end:
                break
            frame = self._came[at:end]
            if frame[3] == _GO_AWAY:
                self.last = int.from_bytes(frame[_HEAD : _HEAD + 4]) & 0x7FFFFFFF
            else:
                kept.append(frame)
            at = end
        self._came = self._came[at:]
        return b"".join(kept)


def _secured(plain: socket.socket, context: ssl.SSLContext, host: str) -> socket.socket:
    try:
        made = context.wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise
    if made.selected_alpn_protocol() != "h2":
        made.close()
        raise OSError("the server speaks no HTTP/2")
    return made


def verified() -> ssl.SSLContext:
    """Certificates are looked at, and HTTP/2 is asked for."""
    context = ssl.create_default_context()
    context.set_alpn_protocols(["h2"])
    return context
