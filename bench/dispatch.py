"""What one recipient costs: requests, write units, CPU and money, beside the usual idiom, in one run.

Both hand over to the same providers: e-mail to the local cloud's SES, push to a provider that takes a hundred
messages a call and answers at once (the channel itself makes the calls; their CPU is in neither figure).
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import boto3
from rich.console import Console
from rich.table import Table

from bench import prices
from bench.idiom import idiom, make_tables
from bench.local_stack import local_stack
from bench.metering import Meter
from cli.applying import apply
from cli.stack import Stack
from dangol import bootstrap
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.throttle import DynamoThrottle
from dangol.channels.email import EmailChannel
from dangol.contracts import Recipient, SendChunk, event_work
from dangol.domain.campaign import Campaign
from dangol.domain.ledger import Entry, Ledger
from dangol.domain.project import Project
from dangol.domain.tracking import Keys
from dangol.pipeline.dispatch import Dispatcher, Worker
from dangol.pipeline.plans import Plans
from dangol.pipeline.work import Stores
from dangol.ports import Accepted, Channel, Message, Refused, RunItem

PEOPLE: Final = 2_000
IDIOM_PEOPLE: Final = 400
CHUNK: Final = 100
ROUNDS: Final = 2
MILLION: Final = 1_000_000
_CONSENTED: Final = 1_700_000_000
_TIMEOUT: Final = 60.0
# What the functions have, in GB (template.yaml).
_MEMORY: Final = 1.0
# A profile as it is scanned, in bytes.
_PROFILE: Final = 850
# Half a million e-mails, or pushes, in all of these tests' records.
_BATCH_OF_RECORD: Final = 200


class InstantPush:
    """A push provider that answers at once."""

    batch_size = 100

    def send(self, messages: Sequence[Message]) -> Sequence[Accepted | Refused]:
        """Take everything."""
        return [Accepted(f"push-{message.user_id}") for message in messages]


class Posts:
    """A queue that only keeps what it was given: sending to SQS is the same for both."""

    def __init__(self) -> None:
        self.bodies: list[str] = []

    def send(self, bodies: Sequence[str], *, delay: int = 0) -> None:
        """Keep the bodies."""
        if delay:
            raise RuntimeError("a piece had to wait: the rate of the bench is too low")
        self.bodies += bodies


@dataclass(slots=True)
class Spent:
    """What a number of recipients took."""

    recipients: int
    requests: int
    write_units: float
    read_units: float
    cpu: float
    wall: float
    dollars: float

    def per(self, number: int, of: float) -> float:
        """A figure for so many recipients."""
        return of * number / self.recipients


def run() -> dict[str, float]:
    """Measure, print, and give the figures."""
    with local_stack() as stack:
        people = _load(stack)
        providers: dict[str, tuple[Channel, Callable[[Mapping[str, str]], str]]] = {
            "email": (EmailChannel(stack.client("sesv2"), _project().sender), partial(_one_mail, stack.client("sesv2"))),
            "push": (InstantPush(), lambda _: "push"),
        }
        tables = make_tables(stack.dynamodb, people[:IDIOM_PEOPLE])
        spent: dict[tuple[str, str], Spent] = {}
        for turn in range(ROUNDS):
            for name, (channel, hand_over) in providers.items():
                chunks = _chunks(stack, f"{name}-{turn}", people)
                _keep(spent, ("dangol", name), _ours(stack, channel, chunks))
                _keep(spent, ("idiom", name), _idiom(stack, tables, hand_over, f"{name}-{turn}", people[:IDIOM_PEOPLE]))
    _print(spent)
    ours, theirs = spent["dangol", "push"], spent["idiom", "push"]
    return {
        "dispatch.requests_per_1000": _most(spent, lambda s: s.per(1_000, s.requests)),
        "dispatch.write_units_per_recipient": _most(spent, lambda s: s.per(1, s.write_units)),
        "dispatch.cpu_vs_idiom": min(
            spent["idiom", name].per(1, spent["idiom", name].cpu) / spent["dangol", name].per(1, spent["dangol", name].cpu)
            for name in providers
        ),
        "dispatch.cpu_ms_per_recipient": ours.per(1_000, ours.cpu),
        "cost.usd_per_million_push": ours.per(MILLION, ours.dollars),
        "cost.usd_per_million_push_idiom": theirs.per(MILLION, theirs.dollars),
    }


def _most(spent: Mapping[tuple[str, str], Spent], figure: Callable[[Spent], float]) -> float:
    return max(figure(each) for (whose, _), each in spent.items() if whose == "dangol")


def _keep(spent: dict[tuple[str, str], Spent], key: tuple[str, str], new: Spent) -> None:
    """Of several rounds the one with the least CPU: everything else on the machine only adds."""
    if key not in spent or new.cpu < spent[key].cpu:
        spent[key] = new


def _project() -> Project:
    return Project.model_validate(
        {
            "project": "bench",
            "sender": {"name": "단골상점", "email": "hello@shop.example", "phone": "1588-0000", "address": "서울시"},
            "caps": [{"max": 50, "per": "7d", "purpose": "marketing"}, {"max": 20, "per": "day", "purpose": "marketing"}],
            "merge_tags": {"이름": {"trait": "name", "default": "고객"}},
            "channels": {"email": {"provider": "ses", "rate": "100000/s"}},
        }
    )


def _campaign() -> Campaign:
    return Campaign.model_validate(
        {
            "title": "새 강의",
            "audience": {"all": []},
            "purpose": "marketing",
            "channel": "email",
            "message": {
                "subject": "#{이름}님",
                "text": "#{이름}님, 관심 있게 보시던 개발 분야에 새 강의가 열렸어요.",
                "cta": {"label": "보러 가기", "link": "https://shop.example/new"},
            },
            "variants": [{"name": "A"}, {"name": "B"}],
        }
    )


def _load(stack: Stack) -> list[str]:
    people = [f"user-{number:06}" for number in range(PEOPLE)]
    entries = tuple(Entry(1_000 + n, _CONSENTED + n * 86_400, 0, "email", "information") for n in range(10))
    ledgers = [Ledger(user, 1, {"email": _CONSENTED}, entries=entries) for user in people]
    for position in range(0, PEOPLE, 100):
        stack.ledgers.put_many(ledgers[position : position + 100])
    return people


def _chunks(stack: Stack, campaign_id: str, people: Sequence[str]) -> list[SendChunk]:
    apply(stack, _project(), [(campaign_id, _campaign())])
    now = stack.clock.now()
    item = RunItem(f"{campaign_id}-run", 0, campaign_id, 1, now, "running", tasks=1)
    run = stack.runs.create(item).run
    recipients = [Recipient(user_id=u, address=f"{u}@example.com", country="KR", traits={"name": "지은"}) for u in people]
    return [
        SendChunk(run=run, chunk=f"0-{n}", size=CHUNK, indexes=list(range(CHUNK)), recipients=recipients[at : at + CHUNK])
        for n, at in enumerate(range(0, len(recipients), CHUNK))
    ]


def _meter(stack: Stack) -> Meter:
    names = [value for name, value in stack.outputs.items() if name.endswith("Table")]
    names += stack.dynamodb.list_tables()["TableNames"]
    keys = {n: [k["AttributeName"] for k in stack.dynamodb.describe_table(TableName=n)["Table"]["KeySchema"]] for n in names}
    return Meter(keys)


def _ours(stack: Stack, channel: Channel, chunks: Sequence[SendChunk]) -> Spent:
    meter, sends, events = _meter(stack), Posts(), Posts()
    client = bootstrap.client("dynamodb", stack.settings)
    dispatcher = _dispatcher(stack, client, channel, (sends, events))
    meter.attach(client)
    bodies = [chunk.model_dump_json() for chunk in chunks]
    cpu, wall = time.process_time(), time.perf_counter()
    for body in bodies:
        dispatcher.dispatch(SendChunk.model_validate_json(body))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    recipients = sum(len(chunk.indexes) for chunk in chunks)
    written, read = meter.units(stack.dynamodb)
    requests = sum(meter.requests.values())
    dollars = (
        written * prices.WRITE_UNIT
        + read * prices.READ_UNIT
        + sum(prices.sqs_requests(body) for body in [*bodies, *events.bodies]) * prices.SQS_REQUEST
        + len(bodies) * prices.LAMBDA_REQUEST
        + wall * _MEMORY * prices.LAMBDA_GB_SECOND
        + _before_and_after(stack, events, recipients)
    )
    return Spent(recipients, requests, written, read, cpu, wall, dollars)


def _before_and_after(stack: Stack, events: Posts, recipients: int) -> float:
    """What scanning the people and recording the decisions costs besides."""
    scanned = recipients * _PROFILE / 4_096 / 2 * prices.READ_UNIT
    recorder = bootstrap.build_recorder(stack.settings)
    wall, batches = time.perf_counter(), 0
    for position in range(0, len(events.bodies), _BATCH_OF_RECORD):
        recorder.record([event_work.validate_json(body) for body in events.bodies[position : position + _BATCH_OF_RECORD]])
        batches += 1
    wall = time.perf_counter() - wall
    recorded = batches * (prices.S3_PUT + prices.LAMBDA_REQUEST) + wall * _MEMORY * prices.LAMBDA_GB_SECOND
    steps = recipients / 5_000 * 2 * prices.S3_PUT
    return scanned + recorded + steps


def _dispatcher(stack: Stack, client: Any, channel: Channel, queues: tuple[Posts, Posts]) -> Dispatcher:  # noqa: ANN401 - boto3 clients are made at run time
    campaigns = stack.settings.campaigns_table
    keys = Keys.parse(stack.parameters.secret("link-keys"))
    worker = Worker("bench", _TIMEOUT)
    plans = Plans(
        runs=stack.runs,
        definitions=stack.definitions,
        keys=lambda: keys,
        channel=lambda *_: channel,
        clock=stack.clock,
        memory=5.0,
    )
    stores = Stores(
        plans=plans.of,
        journals=DynamoJournals(client, campaigns),
        ledgers=DynamoLedgers(client, stack.settings.ledger_table, campaigns),
        throttle=DynamoThrottle(client, campaigns, horizon=worker.longest_piece),
        sends=queues[0],
        events=queues[1],
        clock=stack.clock,
    )
    return Dispatcher(stores, worker)


@dataclass(frozen=True, slots=True)
class _LocalSession:
    """boto3 as everybody uses it, pointed at the local cloud."""

    stack: Stack

    def client(self, service: str) -> Any:  # noqa: ANN401 - boto3 clients are made at run time
        """A low-level client."""
        return boto3.client(service, **self._where())  # type: ignore[call-overload]

    def resource(self, service: str) -> Any:  # noqa: ANN401 - boto3 resources are made at run time
        """A resource."""
        return boto3.resource(service, **self._where())  # type: ignore[call-overload]

    def _where(self) -> dict[str, str]:
        settings = self.stack.settings
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return {"endpoint_url": settings.endpoint, "region_name": settings.region, **keys}


def _idiom(
    stack: Stack, tables: Mapping[str, str], hand_over: Callable[[Mapping[str, str]], str], run: str, people: Sequence[str]
) -> Spent:
    meter = _meter(stack)
    session = _LocalSession(stack)
    handle = idiom(session, tables, meter, hand_over)
    bodies = [json.dumps({"run": run, "user_id": user}) for user in people]
    cpu, wall = time.process_time(), time.perf_counter()
    for body in bodies:
        handle(body)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    written, read = meter.units(stack.dynamodb)
    # Ten messages a request, the most that SQS takes.
    dollars = (
        written * prices.WRITE_UNIT
        + read * prices.READ_UNIT
        + len(bodies) / 10 * 3 * prices.SQS_REQUEST
        + len(bodies) / 10 * prices.LAMBDA_REQUEST
        + wall * _MEMORY * prices.LAMBDA_GB_SECOND
        + len(bodies) * _PROFILE / 4_096 / 2 * prices.READ_UNIT
    )
    return Spent(len(bodies), sum(meter.requests.values()), written, read, cpu, wall, dollars)


def _one_mail(client: Any, mail: Mapping[str, str]) -> str:  # noqa: ANN401 - boto3 clients are made at run time
    content = {"Simple": {"Subject": {"Data": mail["subject"]}, "Body": {"Text": {"Data": mail["text"]}}}}
    sender = _project().sender.email
    told = client.send_email(FromEmailAddress=sender, Destination={"ToAddresses": [mail["to"]]}, Content=content)
    return str(told["MessageId"])


def _print(spent: Mapping[tuple[str, str], Spent]) -> None:
    table = Table("", "requests / 1,000", "write units / 1", "read units / 1", "CPU ms / 1", "wall ms / 1", "$ / million")
    for (whose, channel), s in spent.items():
        table.add_row(
            f"{channel}: {whose}",
            f"{s.per(1_000, s.requests):,.0f}",
            f"{s.per(1, s.write_units):.2f}",
            f"{s.per(1, s.read_units):.2f}",
            f"{s.per(1_000, s.cpu):.2f}",
            f"{s.per(1_000, s.wall):.2f}",
            f"{s.per(MILLION, s.dollars):.2f}",
        )
    Console().print(table)
