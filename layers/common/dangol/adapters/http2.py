"""Many calls in flight over one HTTP/2 connection, from one thread and without an event loop.

Nothing that may have been taken is called again: what a server says that it refused, or what never reached it whole, is
told apart from what got no answer.
"""

import ssl
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, ResponseReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from dangol.adapters.answers import answer_of
from dangol.adapters.http2_connection import Connection, LostError, verified
from dangol.domain.errors import DoubtError, SendError, UnavailableError
from dangol.ports import HttpAnswer, Post

# Seconds. What takes longer is in doubt; the chunk's lease is longer.
_TIMEOUT: Final = 15.0
Answered = HttpAnswer | SendError


class Http2:
    """Calls to one origin; kept for as long as the process lives, for one thread."""

    def __init__(
        self, origin: str, context: Callable[[], ssl.SSLContext] = verified, timeout: float = _TIMEOUT
    ) -> None:
        self._origin = origin
        self._context = context
        self._timeout = timeout
        self._kept: Connection | None = None

    def post_all(self, posts: Sequence[Post]) -> Sequence[Answered]:
        """Post all of them, each once; for each, in order, the answer or why there is none.

        `UnavailableError` stands where it was certainly not taken, `DoubtError` where nobody knows.
        """
        answers: list[Answered | None] = [None] * len(posts)
        todo = deque(enumerate(posts))
        while todo:
            try:
                connection = self._connection()
            except OSError:
                # The message of the error may hold the address.
                gone = UnavailableError(f"{urlsplit(self._origin).hostname} cannot be reached")
                return [gone if answer is None else answer for answer in answers]
            left = len(todo)
            wave = _Wave(connection, todo, answers, self._timeout)
            if not wave.run():
                self.close()
            if len(todo) == left:
                break
        nothing = UnavailableError(f"{urlsplit(self._origin).hostname} takes no calls")
        return [nothing if answer is None else answer for answer in answers]

    def close(self) -> None:
        """Give the connection up."""
        if self._kept:
            self._kept.close()
        self._kept = None

    def _connection(self) -> Connection:
        if self._kept and self._kept.usable:
            return self._kept
        self.close()
        try:
            self._kept = Connection(self._origin, self._context)
        except ssl.SSLError:
            # A certificate that is not the server's will not be so in a moment.
            raise
        except OSError:
            # Once more: of a connection that was never made nobody took anything.
            self._kept = Connection(self._origin, self._context)
        return self._kept


@dataclass(slots=True)
class _Stream:
    """One call in flight; `rest` is what of its body is not sent yet."""

    place: int
    opened: float
    rest: bytes
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)


class _Wave:
    """The calls that one connection takes."""

    def __init__(
        self,
        connection: Connection,
        todo: "deque[tuple[int, Post]]",
        answers: "list[Answered | None]",
        timeout: float,
    ) -> None:
        self._connection = connection
        self._todo = todo
        self._answers = answers
        self._timeout = timeout
        self._open: dict[int, _Stream] = {}

    def run(self) -> bool:
        """Call until nothing is left, or the connection takes no more; whether it is good for another wave."""
        late = False
        try:
            while self._open or (self._todo and self._connection.last is None):
                self._open_more()
                if not self._open:
                    # A server that takes no calls at all.
                    return False
                self._send()
                self._connection.flush()
                self._wait()
                late |= self._give_up()
        except (LostError, ProtocolError):
            self._lose()
            return False
        return not late and self._connection.last is None

    def _open_more(self) -> None:
        connection = self._connection
        while self._todo and connection.last is None and len(self._open) < connection.at_once:
            place, post = self._todo.popleft()
            url = urlsplit(post.url)
            number = connection.h2.get_next_available_stream_id()
            head = [
                (":method", "POST"),
                (":scheme", connection.scheme),
                (":authority", connection.authority),
                (":path", f"{url.path or '/'}{'?' + url.query if url.query else ''}"),
                ("content-length", str(len(post.body))),
                *post.headers.items(),
            ]
            connection.h2.send_headers(number, head, end_stream=not post.body)
            self._open[number] = _Stream(place, time.monotonic(), post.body)

    def _send(self) -> None:
        """Send of the bodies what the server has room for; a call is whole with the last of its body."""
        h2 = self._connection.h2
        for number, stream in self._open.items():
            room = min(h2.local_flow_control_window(number), h2.max_outbound_frame_size) if stream.rest else 0
            while room:
                part, stream.rest = stream.rest[:room], stream.rest[room:]
                h2.send_data(number, part, end_stream=not stream.rest)
                room = min(h2.local_flow_control_window(number), h2.max_outbound_frame_size) if stream.rest else 0

    def _wait(self) -> None:
        if self._open:
            oldest = min(stream.opened for stream in self._open.values())
            for event in self._connection.events(oldest + self._timeout - time.monotonic()):
                self._take(event)
        if self._connection.last is not None:
            for number in [n for n in self._open if n > (self._connection.last or 0)]:
                self._refused(number)

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived(stream_id=int(number), headers=headers) if number in self._open:
                told = {str(name): str(value) for name, value in headers or ()}
                self._open[number].status, self._open[number].headers = int(told[":status"]), told
            case DataReceived(stream_id=int(number), data=bytes(part), flow_controlled_length=int(length)):
                self._connection.h2.acknowledge_received_data(length, number)
                if number in self._open:
                    self._open[number].body += part
            case StreamEnded(stream_id=int(number)) if number in self._open:
                stream = self._open.pop(number)
                self._answers[stream.place] = answer_of(stream.status, stream.headers, bytes(stream.body))
            case StreamReset(stream_id=int(number), error_code=code) if number in self._open:
                if code == ErrorCodes.REFUSED_STREAM:
                    self._refused(number)
                else:
                    self._answers[self._open.pop(number).place] = self._unsure()

    def _refused(self, number: int) -> None:
        """The server says that it did nothing with this call."""
        stream = self._open.pop(number)
        self._answers[stream.place] = UnavailableError(f"{self._connection.authority} takes no more calls for now")

    def _give_up(self) -> bool:
        """Wait no longer for what has been waited for; whether there was any."""
        over = time.monotonic() - self._timeout
        late = [number for number, stream in self._open.items() if stream.opened <= over]
        for number in late:
            self._connection.h2.reset_stream(number, ErrorCodes.CANCEL)
            stream = self._open.pop(number)
            self._answers[stream.place] = self._unanswered(stream)
        return bool(late)

    def _lose(self) -> None:
        for stream in self._open.values():
            self._answers[stream.place] = self._unanswered(stream)

    def _unanswered(self, stream: _Stream) -> SendError:
        if stream.rest:
            # A call that the server does not have whole is none.
            return UnavailableError(f"{self._connection.authority} cannot be reached")
        return self._unsure()

    def _unsure(self) -> DoubtError:
        return DoubtError(f"{self._connection.authority} did not answer")
