"""The `dispatch` stage."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any
from uuid import uuid4

from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.inbox import DynamoInbox
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.parameters import SsmParameters
from dangol.adapters.queues import SqsQueue
from dangol.adapters.runs import DynamoRuns
from dangol.adapters.schedules import SchedulerTimer, Target
from dangol.adapters.short_links import DynamoShortLinks
from dangol.adapters.throttle import DynamoThrottle
from dangol.bootstrap.aws import client
from dangol.bootstrap.channels import channel_of
from dangol.bootstrap.process import clock, remembered
from dangol.config import Settings, settings
from dangol.domain.tracking import Keys
from dangol.pipeline.dispatch import Dispatcher, Worker
from dangol.pipeline.plans import Plans
from dangol.pipeline.run_plan import RunPlan
from dangol.pipeline.work import Stores

# A pause has to hold within five seconds, of which the last call may take a good one to begin.
_RUN_STATE_FOR = 3.5


@cache
def dispatcher() -> Dispatcher:
    """The `dispatch` stage."""
    config = settings()
    dynamodb, sqs = client("dynamodb", config), client("sqs", config)
    campaigns = config.need("campaigns_table")
    worker = Worker(str(uuid4()), config.timeout)
    wakes = Target(config.need("segment_queue_arn"), config.need("scheduler_role_arn"), config.need("schedule_group"))
    stores = Stores(
        plans=_plans(config, dynamodb),
        journals=DynamoJournals(dynamodb, campaigns),
        ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
        throttle=DynamoThrottle(dynamodb, campaigns, horizon=worker.longest_piece),
        sends=SqsQueue(sqs, config.need("send_queue_url")),
        timer=SchedulerTimer(client("scheduler", config), wakes),
        events=SqsQueue(sqs, config.need("event_queue_url")),
        short_links=DynamoShortLinks(dynamodb, config.need("short_links_table"), clock()),
        inbox=DynamoInbox(
            dynamodb,
            clock(),
            messages=config.need("messages_table"),
            ledger=config.need("ledger_table"),
            campaigns=campaigns,
        ),
        clock=clock(),
    )
    return Dispatcher(stores, worker)


def _plans(config: Settings, dynamodb: Any) -> Callable[[str], RunPlan]:
    """How `dispatch` learns of a run: remembered, its state for a few seconds."""
    campaigns = config.need("campaigns_table")
    parameters = SsmParameters(client("ssm", config), config.parameters_prefix)
    plans = Plans(
        runs=DynamoRuns(dynamodb, campaigns),
        definitions=DynamoDefinitions(dynamodb, campaigns),
        keys=remembered(lambda: Keys.parse(parameters.secret("link-keys"), clock().now())),
        channel=partial(channel_of, config),
        clock=clock(),
        memory=_RUN_STATE_FOR,
    )
    return plans.of
