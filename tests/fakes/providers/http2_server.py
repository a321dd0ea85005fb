"""An HTTP/2 server of one provider, over TLS with a certificate of its own, on a port of its own."""

import asyncio
import ssl
import tempfile
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from json import dumps
from pathlib import Path
from typing import Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

from tests.fakes.providers.server import TAKEN_AND_LOST, Call, ProviderServer

# What a call may meet besides: the server turns it away, the server says goodbye and goes on answering, or breaks off.
REFUSED, GOODBYE, BROKEN = "refused", "goodbye", "broken"
_FRAME = 16_384


@dataclass
class Http2Server(ProviderServer):
    """A `ProviderServer` over HTTP/2; each answer takes `delay` seconds, and `streams` calls are taken at once."""

    delay: float = 0.0
    streams: int = 100
    # The most calls that were open at once, and how many connections there were.
    most: int = 0
    connections: int = 0
    plain: bool = False
    open: set[Any] = field(default_factory=set)

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        listening = asyncio.run_coroutine_threadsafe(self._listen(), self.loop)
        self.listener = listening.result(10)
        self.port = self.listener.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    @property
    def url(self) -> str:
        return f"{'http' if self.plain else 'https'}://127.0.0.1:{self.port}"

    def meets(self, call: Call) -> bool:
        """Whether what is in `instead` is for this call."""
        return True

    async def _listen(self) -> asyncio.Server:
        context = None if self.plain else serving()
        return await self.loop.create_server(lambda: _Connection(self), "127.0.0.1", 0, ssl=context)

    async def _stop(self) -> None:
        self.listener.close()
        for connection in list(self.open):
            connection.transport.abort()
        # The transports say so to their connections before the loop ends.
        await asyncio.sleep(0)
        await self.listener.wait_closed()


class _Connection(asyncio.Protocol):
    def __init__(self, server: Http2Server) -> None:
        self.server = server
        self.bodies: dict[int, bytearray] = defaultdict(bytearray)
        self.heads: dict[int, Mapping[str, str]] = {}
        self.waiting = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.server.open.add(self)
        self.server.connections += 1
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: self.server.streams})
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.open.discard(self)

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except ProtocolError:
            self.transport.close()
            return
        for event in events:
            match event:
                case RequestReceived(stream_id=int(number), headers=headers):
                    self.heads[number] = {str(name): str(value) for name, value in headers or ()}
                    self.server.most = max(self.server.most, len(self.heads))
                case DataReceived(stream_id=int(number), data=bytes(part), flow_controlled_length=int(length)):
                    self.h2.acknowledge_received_data(length, number)
                    self.bodies[number] += part
                case StreamEnded(stream_id=int(number)):
                    self._ended(number)
                case StreamReset(stream_id=int(number)):
                    self.heads.pop(number, None)
                case _:
                    pass
        self._flush()

    def _ended(self, number: int) -> None:
        head, server = self.heads[number], self.server
        call = Call(head[":method"], head[":path"], head, bytes(self.bodies.pop(number)))
        server.calls.append(call)
        met = server.instead.popleft() if server.instead and server.meets(call) else None
        if met == REFUSED:
            self.heads.pop(number)
            self.h2.reset_stream(number, 0x7)
        elif met == BROKEN:
            self.transport.abort()
        elif isinstance(met, tuple):
            status, content, *headers = met
            self._later(number, (status, content, headers[0] if headers else {}))
        elif met in (None, TAKEN_AND_LOST, GOODBYE):
            answer = server.answer(call)
            if met == GOODBYE:
                # GOAWAY by hand: the library would forget the calls that it is still to answer.
                self.transport.write(b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + number.to_bytes(4) + bytes(4))
            if met != TAKEN_AND_LOST:
                self._later(number, answer)

    def _later(self, number: int, answer: tuple[int, Any, Mapping[str, str]]) -> None:
        self.server.loop.call_later(self.server.delay, self._say, number, *answer)

    def _say(self, number: int, status: int, content: Any, headers: Mapping[str, str]) -> None:
        if self.transport.is_closing() or self.heads.pop(number, None) is None:
            return
        written = (content if isinstance(content, str) else dumps(content)).encode()
        told = {":status": str(status), "content-type": "application/json", **headers}
        self.h2.send_headers(number, list(told.items()))
        for start in range(0, len(written), _FRAME):
            self.h2.send_data(number, written[start : start + _FRAME])
        self.h2.end_stream(number)
        # What is due at one moment goes out together.
        if not self.waiting:
            self.waiting = True
            self.server.loop.call_soon(self._flush)

    def _flush(self) -> None:
        self.waiting = False
        if said := self.h2.data_to_send():
            self.transport.write(said)


@cache
def certificate() -> tuple[bytes, bytes]:
    """A certificate for this machine that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dangol tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def serving(*protocols: str) -> ssl.SSLContext:
    """What a server shows, and speaks: HTTP/2 unless said otherwise."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(list(protocols) or ["h2"])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_bytes(b"".join(certificate()))
        context.load_cert_chain(path)
    return context


def trusting(shown: str = "") -> ssl.SSLContext:
    """What a client believes that knows the certificate of these servers, or of another process's, and no other."""
    context = ssl.create_default_context(cadata=shown or certificate()[0].decode())
    context.set_alpn_protocols(["h2"])
    return context
