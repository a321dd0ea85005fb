"""The JSON that crosses a stage: what the queues carry, and what a scan step leaves in the lake bucket."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter

from dangol.domain.channel import ChannelName

# Queues carry addresses, and an error ends up in a log.
_QUIET = ConfigDict(hide_input_in_errors=True)


class Contract(BaseModel):
    """Frozen, and refusing what it does not know; an error quotes nothing of what it was given."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class StartRun(Contract):
    """What a schedule, or `dangol run`, tells `segment`: start this campaign.

    `scheduled_at` is ISO 8601, or Scheduler's placeholder where nothing replaced it.
    """

    kind: Literal["start"] = "start"
    campaign: str
    scheduled_at: str | None = None


class ScanStep(Contract):
    """One step of one scan task; `start` is DynamoDB's LastEvaluatedKey of the step before.

    An audience in SQL has tasks that only keep the people as a table (`snapshot`), and one whose steps are the
    pages of the query's answer.
    """

    kind: Literal["scan"] = "scan"
    run: str
    task: int
    tasks: int
    step: int = 0
    start: str | None = None
    source: Literal["people", "snapshot", "query"] = "people"


class Release(Contract):
    """Queue a run's chunks for sending, those of the steps after the object `after`.

    With `again`, only what no message carries: what is parked (of a running run, where it is due by `due`, in
    epoch seconds), and what was never queued.
    """

    kind: Literal["release"] = "release"
    run: str
    after: str | None = None
    again: bool = False
    due: float = 0.0


class FallBack(Contract):
    """A receipt says that the channel `after` has failed for the recipient at `index` of a chunk: try the next one."""

    kind: Literal["fallback"] = "fallback"
    run: str
    chunk: str
    index: int
    after: str


def _kind(order: Any) -> str:  # noqa: ANN401 - whatever JSON is in the queue
    """The kind of an order; a schedule's, which comes back from a dead-letter queue, names none."""
    return str(order.get("kind", "start")) if isinstance(order, dict) else "none"


SegmentWork = Annotated[
    Annotated[StartRun, Tag("start")]
    | Annotated[ScanStep, Tag("scan")]
    | Annotated[Release, Tag("release")]
    | Annotated[FallBack, Tag("fallback")],
    Discriminator(_kind),
]
segment_work: TypeAdapter[StartRun | ScanStep | Release | FallBack] = TypeAdapter(SegmentWork, config=_QUIET)


class Reach(Contract):
    """Where somebody is reached on a channel; `shared` where somebody else of the run stands for the address."""

    address: str | None = None
    shared: bool = False


class Recipient(Contract):
    """Somebody in the audience, with what deciding and rendering need; never looked up again.

    `address` and `shared` are those of the campaign's first channel, `others` those of the ones after it.
    """

    user_id: str
    address: str | None = None
    zone: str | None = None
    country: str | None = None
    assigned: str | None = None
    labels: int = 0
    shared: bool = False
    others: list[Reach] = Field(default_factory=list)
    traits: dict[str, Any] = Field(default_factory=dict)

    def on(self, step: int) -> "Recipient":
        """The recipient as the campaign's channel of that place reaches them; nowhere, whoever was forgotten since."""
        if not step:
            return self
        reach = self.others[step - 1] if step <= len(self.others) else Reach()
        return self.model_copy(update=reach.model_dump())


class StepResult(Contract):
    """What one scan step selected, stored once; a repeated step reads it instead of selecting again."""

    chunks: list[list[Recipient]]
    scanned: int
    inexact: int
    last: str | None


class SendChunk(Contract):
    """A chunk of recipients, or the piece of it at `indexes`, on its way to `dispatch`.

    `tries` is how often in a row the provider has asked to wait with it. `after` names the channel that has failed by
    a receipt, for a chunk of the one recipient whom it failed for.
    """

    run: str
    chunk: str
    size: int
    generation: int = 0
    tries: int = 0
    after: str | None = None
    indexes: list[int]
    recipients: list[Recipient]


class SendTest(Contract):
    """What `dangol send-test` asks `dispatch` for: one message, of a campaign that need not be applied.

    `campaign` and `project` are as their files say.
    """

    kind: Literal["test"] = "test"
    campaign: dict[str, Any]
    project: dict[str, Any]
    link_base: str
    recipient: Recipient
    variant: int


class Decided(Contract):
    """The outcome for one recipient, for the lake; `arm` and `claimed_ms` (epoch) only of those who were claimed.

    `channel` and `at` (epoch milliseconds) where they are not those of the whole chunk.
    """

    user_id: str
    outcome: str
    channel: str | None = None
    at: int | None = None
    reason: str | None = None
    variant: int | None = None
    arm: str | None = None
    claimed_ms: int | None = None
    provider_id: str | None = None


class Decisions(Contract):
    """The outcomes of a chunk, on their way to the lake."""

    kind: Literal["decisions"] = "decisions"
    run: str
    campaign: str
    channel: str
    at: int
    decided: list[Decided]


class Tracked(Contract):
    """What became of a message, or an opt-out, vouched for by a signed token; times in epoch milliseconds."""

    kind: Literal["clicked", "opened", "unsubscribed", "shown", "dismissed"]
    id: str
    run: int
    user_id: str
    variant: int
    link: int
    at: int
    verdict: Literal["human", "bot", "machine"] = "human"
    reason: str | None = None
    user_agent: str = ""


class Received(Contract):
    """What a provider says became of a message; the address is a hash already. Times in epoch milliseconds.

    `permanent` says of a bounce that the address will never take a message; `place` is that of the recipient in the
    run, where the next channel may follow.
    """

    kind: Literal["delivered", "bounced", "complained"]
    id: str
    run: int
    user_id: str
    channel: str
    at: int
    address_hash: str = ""
    permanent: bool = False
    reason: str = ""
    place: str = ""


class DevicesGone(Contract):
    """Devices of a person that take no push any more, as of `at` in epoch milliseconds: tokens, or endpoints."""

    kind: Literal["devices_gone"] = "devices_gone"
    id: str
    user_id: str
    channel: str
    devices: list[str]
    at: int


class Performed(Contract):
    """Something a person did in the user's own product; times in epoch milliseconds."""

    kind: Literal["event"] = "event"
    id: str
    user_id: str
    anonymous_id: str | None = None
    event: str
    at: int
    received_at: int
    value: str | None = None
    properties: dict[str, Any] = Field(default_factory=dict)
    source: str = ""
    # The push token of the device that it was told from.
    device: str | None = None


class Identified(Contract):
    """What became known of a person; `anonymous_id` is the visitor they were before."""

    kind: Literal["identify"] = "identify"
    id: str
    user_id: str
    anonymous_id: str | None = None
    traits: dict[str, Any] = Field(default_factory=dict)
    at: int
    received_at: int
    source: str = ""
    device: str | None = None


class Aliased(Contract):
    """That the visitor `previous_id` is the person `user_id`."""

    kind: Literal["alias"] = "alias"
    id: str
    user_id: str
    previous_id: str
    at: int
    received_at: int
    source: str = ""


class Consented(Contract):
    """What a person said of consent, as evidence: how, where, to which wording. Times in epoch milliseconds.

    `consents` is by channel, the night apart; `pace` is at most one message in so many days, 0 lifts it. `run` is the
    number of the run whose message it was said from. Only what came by `api` or `provider` is not in the ledger yet;
    a provider knows numbers, and `user_id` is then the key of one (`domain/suppression.py`).
    """

    kind: Literal["consent"] = "consent"
    id: str
    user_id: str
    at: int
    received_at: int
    consents: dict[str, bool] = Field(default_factory=dict)
    night: bool | None = None
    pace: int | None = Field(default=None, ge=0, le=365)
    method: Literal["import", "api", "page", "one_click", "provider"]
    source: str = ""
    wording: str = ""
    ip: str = ""
    user_agent: str = ""
    run: int | None = None


class Announcement(Contract):
    """A webhook on its way; `payload` is its body, `tries` how often nobody took it."""

    kind: Literal["announcement"] = "announcement"
    id: str
    payload: dict[str, Any]
    tries: int = 0


class SendNotice(Contract):
    """A notice of what came of a consent or refusal on `channel` (or `night`), to be sent `by` a channel.

    `id` is made from that of the statement, `at` is when that was made, in epoch milliseconds.
    """

    kind: Literal["notice"] = "notice"
    id: str
    user_id: str
    by: ChannelName
    address: str
    channel: str
    given: bool
    at: int
    locale: str


class Noticed(Contract):
    """What became of a notice, as evidence for the lake; `answered` is the provider's id or reason."""

    kind: Literal["noticed"] = "noticed"
    id: str
    user_id: str
    at: int
    received_at: int
    source: str = ""
    of: str
    by: str
    channel: str
    given: bool
    outcome: str
    answered: str = ""


class Listed(Contract):
    """Who is on a list, or no longer, as of `at` in epoch milliseconds.

    `session` names one export of the whole list, however many parts it comes in; None where only a change is told.
    """

    kind: Literal["list"] = "list"
    id: str
    name: str
    user_ids: list[str]
    member: bool = True
    at: int
    received_at: int
    session: str | None = None
    people: int | None = None
    source: str = ""


Happening = (
    Decisions
    | Tracked
    | Received
    | DevicesGone
    | Performed
    | Identified
    | Aliased
    | Consented
    | Listed
    | Noticed
    | Announcement
)
EventWork = Annotated[Happening, Field(discriminator="kind")]
event_work: TypeAdapter[Happening] = TypeAdapter(EventWork, config=_QUIET)
send_work: TypeAdapter[SendChunk | SendNotice] = TypeAdapter(SendChunk | SendNotice, config=_QUIET)
