"""Notices of consent, which the `dispatch` function sends."""

from functools import cache, partial
from uuid import uuid4

from dangol.adapters.definitions import DynamoDefinitions
from dangol.adapters.journals import DynamoJournals
from dangol.adapters.ledgers import DynamoLedgers
from dangol.adapters.queues import SqsQueue
from dangol.adapters.throttle import DynamoThrottle
from dangol.bootstrap.aws import client
from dangol.bootstrap.channels import channel_of
from dangol.bootstrap.process import clock
from dangol.config import settings
from dangol.pipeline.dispatch import Worker
from dangol.pipeline.notices import Notifier, Stores


@cache
def notifier() -> Notifier:
    """Notices of consent, by the `dispatch` function."""
    config = settings()
    dynamodb, sqs, campaigns = client("dynamodb", config), client("sqs", config), config.need("campaigns_table")
    stores = Stores(
        definitions=DynamoDefinitions(dynamodb, campaigns),
        ledgers=DynamoLedgers(dynamodb, config.need("ledger_table"), campaigns),
        journals=DynamoJournals(dynamodb, campaigns),
        channel=partial(channel_of, config),
        throttle=DynamoThrottle(dynamodb, campaigns, horizon=Worker("", config.timeout).longest_piece),
        sends=SqsQueue(sqs, config.need("send_queue_url")),
        events=SqsQueue(sqs, config.need("event_queue_url")),
        clock=clock(),
    )
    return Notifier(stores, str(uuid4()))
