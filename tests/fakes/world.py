"""Time, queues, rates and a provider."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from dangol.domain.errors import SendError
from dangol.ports import Accepted, Answer, Delivery, Message

NOW = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)


class FakeClock:
    """A clock that moves when it is told to, or waited on."""

    def __init__(self, now: datetime = NOW) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def seconds(self) -> float:
        return self.time.timestamp()

    def wait_until(self, seconds: float) -> None:
        self.time = max(self.time, datetime.fromtimestamp(seconds, tz=UTC))

    def pass_by(self, **span: float) -> None:
        self.time += timedelta(**span)


class FakeQueue:
    """A queue that keeps what it was given, with its delays."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int]] = []
        self.error: Exception | None = None

    def send(self, bodies: Sequence[str], *, delay: int = 0) -> None:
        if self.error:
            raise self.error
        # SQS's own limits.
        assert 0 <= delay <= 900
        assert all(0 < len(body.encode()) <= 1_048_576 for body in bodies)
        self.sent += [(body, delay) for body in bodies]

    @property
    def bodies(self) -> list[str]:
        return [body for body, _ in self.sent]

    def take(self) -> list[str]:
        """Everything that waits, which then waits no more."""
        bodies, self.sent = self.bodies, []
        return bodies


class FakeTimer:
    """Messages for later, by name."""

    def __init__(self) -> None:
        self.set: dict[str, tuple[str, float]] = {}

    def send(self, name: str, body: str, *, at: float) -> None:
        # EventBridge Scheduler's own limits.
        assert at % 60 == 0
        assert 0 < len(name) <= 64
        self.set.setdefault(name, (body, at))


class FakeThrottle:
    """A rate kept in memory, in the way of the adapter."""

    def __init__(self, horizon: float = 10.0) -> None:
        self._horizon = horizon
        self._tat: dict[str, float] = {}

    def reserve(self, name: str, rate: float, count: int, now: float) -> float | None:
        tat = self._tat.get(name, 0.0)
        start = max(tat, now)
        if tat > now + self._horizon:
            return None
        self._tat[name] = start + count / rate
        return start


class FakeShortLinks:
    """Short codes."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, int]] = {}
        self.error: Exception | None = None

    def put_many(self, paths: Mapping[str, str], *, expires_at: int) -> None:
        if self.error:
            raise self.error
        self.rows |= {code: (path, expires_at) for code, path in paths.items()}

    def path(self, code: str) -> str | None:
        if self.error:
            raise self.error
        return self.rows[code][0] if code in self.rows else None


class FakeWebhooks:
    """Receivers that take everything, or answer as they were told."""

    def __init__(self) -> None:
        self.delivered: list[tuple[str, str, bytes]] = []
        self.answers: list[Delivery] = []
        # Called with each delivery: a test's chance to let time pass.
        self.meanwhile: Callable[[], None] = lambda: None

    def deliver(self, url: str, hook_id: str, body: bytes, at: datetime) -> Delivery:
        self.meanwhile()
        self.delivered.append((url, hook_id, body))
        return self.answers.pop(0) if self.answers else Delivery.TAKEN


class RecordingChannel:
    """A provider that takes everything, or answers as it was told."""

    def __init__(self, batch_size: int = 50) -> None:
        self.batch_size = batch_size
        self.taken: list[Message] = []
        self.calls = 0
        self.errors: list[SendError | None] = []
        self.refusals: dict[str, Answer] = {}

    def send(self, messages: Sequence[Message]) -> Sequence[Answer]:
        self.calls += 1
        error = self.errors.pop(0) if self.errors else None
        if error:
            raise error
        answers: list[Answer] = []
        for message in messages:
            refusal = self.refusals.get(message.user_id)
            if refusal:
                answers.append(refusal)
            else:
                self.taken.append(message)
                answers.append(Accepted(f"id-{message.user_id}"))
        return answers

    @property
    def users(self) -> list[str]:
        return [message.user_id for message in self.taken]
