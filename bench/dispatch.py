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

from rich.console import Console
from rich.table import Table

from bench import _prices as prices
from bench._idiom import Provider, idiom, make_tables
from bench._local_stack import local_stack
from bench._metering import Meter
from bench._providers import InstantPush, LocalSession, NoTimer, Posts, one_mail
from bench._shop import chunks, load, project
from cli.stack import Stack
from dangol import bootstrap
from dangol.adapters.inbox import DynamoInbox
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.short_links import DynamoShortLinks
from dangol.adapters.throttle import DynamoThrottle
from dangol.channels.email import EmailChannel
from dangol.contracts import SendChunk, event_work
from dangol.domain.tracking import Keys
from dangol.pipeline.dispatch import Dispatcher, Worker
from dangol.pipeline.plans import Plans
from dangol.pipeline.work import Stores
from dangol.ports import Channel

IDIOM_PEOPLE: Final = 400
ROUNDS: Final = 2
MILLION: Final = 1_000_000
_TIMEOUT: Final = 60.0
# What the functions have, in GB (template.yaml).
_MEMORY: Final = 1.0
# A profile as it is scanned, in bytes.
_PROFILE: Final = 850
# How many messages a recorder takes at once (template.yaml).
_BATCH_OF_RECORD: Final = 200


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
        people, ses = load(stack), stack.client("sesv2")
        providers: dict[str, tuple[Channel, Provider]] = {
            "email": (EmailChannel(ses, project().sender), partial(one_mail, ses)),
            "push": (InstantPush(), lambda _: "push"),
        }
        tables = make_tables(stack.dynamodb, people[:IDIOM_PEOPLE])
        spent: dict[tuple[str, str], Spent] = {}
        for turn in range(ROUNDS):
            for name, (channel, hand_over) in providers.items():
                pieces = chunks(stack, f"{name}-{turn}", people)
                _keep(spent, ("dangol", name), _ours(stack, channel, pieces))
                _keep(spent, ("idiom", name), _idiom(stack, tables, hand_over, f"{name}-{turn}", people[:IDIOM_PEOPLE]))
    _print(spent)
    ours, theirs = spent["dangol", "push"], spent["idiom", "push"]
    return {
        "requests_per_1000": _most(spent, lambda s: s.per(1_000, s.requests)),
        "write_units_per_recipient": _most(spent, lambda s: s.per(1, s.write_units)),
        "cpu_vs_idiom": min(
            spent["idiom", name].per(1, spent["idiom", name].cpu)
            / spent["dangol", name].per(1, spent["dangol", name].cpu)
            for name in providers
        ),
        "cpu_ms_per_recipient": 1_000 * _cpu(ours),
        "cost.usd_per_million_push": ours.per(MILLION, ours.dollars),
        "cost.usd_per_million_push_idiom": theirs.per(MILLION, theirs.dollars),
    }


def _cpu(spent: Spent) -> float:
    return spent.per(1, spent.cpu)


def _most(spent: Mapping[tuple[str, str], Spent], figure: Callable[[Spent], float]) -> float:
    return max(figure(each) for (whose, _), each in spent.items() if whose == "dangol")


def _keep(spent: dict[tuple[str, str], Spent], key: tuple[str, str], new: Spent) -> None:
    """Of several rounds the one with the least CPU: everything else on the machine only adds."""
    if key not in spent or new.cpu < spent[key].cpu:
        spent[key] = new


def _meter(stack: Stack) -> Meter:
    names = [value for name, value in stack.outputs.items() if name.endswith("Table")]
    names += stack.dynamodb.list_tables()["TableNames"]
    keys = {
        n: [k["AttributeName"] for k in stack.dynamodb.describe_table(TableName=n)["Table"]["KeySchema"]] for n in names
    }
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
        recorder.record(
            [event_work.validate_json(body) for body in events.bodies[position : position + _BATCH_OF_RECORD]]
        )
        batches += 1
    wall = time.perf_counter() - wall
    recorded = batches * (prices.S3_PUT + prices.LAMBDA_REQUEST) + wall * _MEMORY * prices.LAMBDA_GB_SECOND
    steps = recipients / 5_000 * 2 * prices.S3_PUT
    return scanned + recorded + steps


def _dispatcher(stack: Stack, client: Any, channel: Channel, queues: tuple[Posts, Posts]) -> Dispatcher:
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
        timer=NoTimer(),
        short_links=DynamoShortLinks(client, stack.settings.short_links_table, stack.clock),
        inbox=DynamoInbox(
            client,
            stack.clock,
            messages=stack.settings.messages_table,
            ledger=stack.settings.ledger_table,
            campaigns=campaigns,
        ),
        clock=stack.clock,
    )
    return Dispatcher(stores, worker)


def _idiom(
    stack: Stack,
    tables: Mapping[str, str],
    hand_over: Callable[[Mapping[str, str]], str],
    run: str,
    people: Sequence[str],
) -> Spent:
    meter = _meter(stack)
    session = LocalSession(stack)
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


def _print(spent: Mapping[tuple[str, str], Spent]) -> None:
    table = Table(
        "", "requests / 1,000", "write units / 1", "read units / 1", "CPU ms / 1", "wall ms / 1", "$ / million"
    )
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
